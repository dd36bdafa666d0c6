"""A manifest's effects on companies: an event in each log, of what ended and for whom."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from accounts.choices import Role
from accounts.models import Customer, Membership, User
from accounts.services.audit import record_event
from portals.choices import PermissionChange, SubscriptionStatus
from portals.models import Portal, Privilege, PrivilegeInclusion, Resource, ResourceType
from portals.selectors.losses import held_by_role, lost_access, people_with_access_by

_LISTS = ("grants", "offers", "requested", "removed_resources", "permission_changes")


class Effects:
    """The effects of one run over a manifest, by customer; each is noted before it happens."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.by_customer: dict[int, dict[str, Any]] = {}

    def _customers(self) -> Iterable[Customer]:
        subscriptions = self.portal.subscriptions.exclude(status=SubscriptionStatus.ENDED)
        return [row.customer for row in subscriptions.select_related("customer")]

    def _note(self, customer: Customer, concerned: set[int], **lists: list[Any]) -> None:
        if not concerned and not any(lists.values()):
            return
        empty: dict[str, Any] = {"customer": customer, "concerned": set()}
        entry = self.by_customer.setdefault(customer.pk, empty)
        entry["concerned"] |= concerned
        for name, values in lists.items():
            entry[name] = [*entry.get(name, []), *values]

    def privilege_goes(self, privilege: Privilege) -> None:
        """Note that a privilege is about to be removed, with what was given and offered of it."""
        line = _line(PermissionChange.REMOVED, privilege)
        wider = PrivilegeInclusion.objects.filter(included=privilege).values("privilege")
        for customer in self._customers():
            lost = lost_access(
                customer,
                of_grant=Q(permission_id=privilege.pk),
                of_offer=Q(privilege=privilege),
            )
            concerned = lost.pop("concerned") | people_with_access_by(customer, wider)
            if privilege.held_by_super_user:
                concerned |= held_by_role(customer, [privilege.resource_type_id])
            if concerned or lost:
                self._note(customer, concerned, **lost, permission_changes=[line])

    def type_goes(self, resource_type: ResourceType) -> None:
        """Note that a type is about to be removed, with its resources and the access to them."""
        for customer in self._customers():
            resources = Resource.objects.filter(
                resource_type=resource_type, subscription__customer=customer
            ).order_by("pk")
            keys = resources.values("pk")
            lost = lost_access(
                customer, of_grant=Q(content_object__in=keys), of_offer=Q(resource__in=keys)
            )
            removed = [
                {
                    "resource": resource.name,
                    "resource_id": resource.pk,
                    "external_id": resource.external_id,
                    "type": resource_type.labels,
                }
                for resource in resources
            ]
            self._note(customer, lost.pop("concerned"), **lost, removed_resources=removed)

    def inclusion_changes(self, privilege: Privilege, other: Privilege, *, included: bool) -> None:
        """Note that whoever has a privilege now has another with it, or no longer."""
        change = PermissionChange.INCLUDES if included else PermissionChange.EXCLUDES
        for customer in self._customers():
            concerned = people_with_access_by(customer, [privilege.pk])
            if concerned:
                line = _line(change, privilege) | {"other": other.labels}
                self._note(customer, concerned, permission_changes=[line])

    def role_changes(self, privilege: Privilege, *, held: bool) -> None:
        """Note that Super Users have a privilege by their role from now on, or no longer."""
        change = PermissionChange.BY_ROLE if held else PermissionChange.NOT_BY_ROLE
        for customer in self._customers():
            super_users = Membership.objects.present().filter(
                customer=customer, role=Role.SUPER_USER
            )
            concerned = set(super_users.values_list("user_id", flat=True))
            self._note(customer, concerned, permission_changes=[_line(change, privilege)])

    def record(self, actor: User | None) -> None:
        """Record one event for each customer, in the order in which chains are locked."""
        for _key, entry in sorted(self.by_customer.items()):
            record_event(
                kind="access.changed_by_portal",
                actor=actor,
                customer=entry["customer"],
                portal=self.portal.labels,
                ended=len(entry.get("grants", [])),
                concerned=entry["concerned"],
                **{name: entry[name] for name in _LISTS if entry.get(name)},
            )


def _line(change: PermissionChange, privilege: Privilege) -> dict[str, Any]:
    return {"change": change.value, "privilege": privilege.labels}
