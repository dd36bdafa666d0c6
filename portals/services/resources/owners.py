"""The owners of resources: only a portal's report names one, and a membership's end takes it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from allauth.account.models import EmailAddress
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Membership, User
from accounts.services.audit import record_event
from accounts.validators import address_as_stored
from portals import emails
from portals.models import Portal, Resource, ResourceType
from portals.selectors.privileges import sensitive_among
from portals.services.resources.reports import Faults, Report

_SUB = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class OwnerChange(NamedTuple):
    """A resource whose owner a report changes, by keys of memberships; None where it is shared."""

    resource: Resource
    before: int | None
    after: int | None


def resolve_owners(
    customer: Customer,
    reports: Sequence[Report],
    present_owners: Mapping[str, int | None],
    faults: Faults,
) -> dict[str, int]:
    """Return reported owner → the key of their membership, in four queries.

    `present_owners` is the id of a known resource → the key of its owner, who stays the owner while
    suspended. Add an error for each other who is no active member of this customer, and for each
    address that is not verified. The caller holds the customer's lock.
    """
    reported = {report.owner for report in reports if report.owner}
    if not reported:
        return {}
    subs = {text for text in reported if _SUB.fullmatch(text)}
    stored = {text: address_as_stored(text) for text in reported - subs}
    present = Membership.objects.present().filter(customer=customer).select_related("user")
    rows = EmailAddress.objects.filter(email__in=stored.values(), user__memberships__in=present)
    users = {row.email: row.user_id for row in rows if row.verified}
    by_user = {row.user_id: row for row in present.filter(user__in=users.values())}
    owners = {str(row.user.sub): row for row in present.filter(user__sub__in=subs)} | {
        text: by_user[users[address]] for text, address in stored.items() if address in users
    }
    unverified = {row.email for row in rows if not row.verified} | set(
        present.filter(user__email__in=stored.values()).values_list("user__email", flat=True)
    )
    for index, report in enumerate(reports):
        owner = owners.get(report.owner or "")
        if not report.owner or (owner and owner.pk == present_owners.get(report.external_id)):
            continue
        if owner is None and stored.get(report.owner) in unverified:
            reason = _("This address is not verified. Send the person's sub instead.")
            faults.add(index, "owner.id", reason)
        elif owner is None or not (owner.is_live and owner.user.is_active):
            reason = _("No active member of this company has this sub or verified address.")
            faults.add(index, "owner.id", reason)
    return {text: owner.pk for text, owner in owners.items()}


def record_owner_changes(
    portal: Portal,
    customer: Customer,
    resource_type: ResourceType,
    changes: Sequence[OwnerChange],
) -> None:
    """Record who was and who is the owner of each resource, and tell all of them."""
    if not changes:
        return
    keys = {key for change in changes for key in (change.before, change.after) if key is not None}
    members = Membership.objects.select_related("user", "customer").in_bulk(keys)
    gained: dict[int, list[Resource]] = {}
    lost: dict[int, list[Resource]] = {}
    for change in changes:
        for key, kind, resources in (
            (change.before, "resources.owner_ended", lost),
            (change.after, "resources.owner_named", gained),
        ):
            if key is None:
                continue
            resources.setdefault(key, []).append(change.resource)
            record_event(
                kind=kind,
                actor=None,
                actor_name=portal.label_en,
                customer=customer,
                person=members[key].user,
                portal_name=portal.labels,
                resource=change.resource.name,
                resource_id=change.resource.pk,
            )
    privileges = list(resource_type.privileges.filter(held_by_owner=True))
    for key in sorted(keys):
        emails.tell_about_ownership(
            members[key],
            portal=portal,
            gained=gained.get(key, []),
            lost=lost.get(key, []),
            privileges=privileges,
            sensitive=bool(sensitive_among(privileges)),
        )


def end_ownership_of_leaver(*, actor: User | None, membership: Membership) -> dict[str, Any]:
    """Take from a leaver what they own, and return the event data for an undo.

    The database does it too (ownership_ends_with_membership), whoever ends the membership.
    """
    owned = Resource.objects.filter(owner=membership).order_by("pk")
    data: list[dict[str, Any]] = [
        {"resource": resource.name, "resource_id": resource.pk} for resource in owned
    ]
    owned.update(owner=None)
    for resource in data:
        record_event(
            kind="resources.owner_left",
            actor=actor,
            customer=membership.customer,
            person=membership.user,
            **resource,
        )
    return {"owned": data}


def restore_ownership(*, actor: User, membership: Membership, event: AuditEvent) -> list[str]:
    """Give back what somebody owned, inside the undo of their leaving, and name what is not.

    The portal's last word was that it is theirs. Where it has named somebody else since, or the
    resource is gone, that stays.
    """
    left_out = []
    for kept in event.data.get("owned", []):
        restored = Resource.objects.filter(
            pk=kept["resource_id"], subscription__customer=membership.customer_id, owner=None
        ).update(owner=membership)
        if not restored:
            left_out.append(kept["resource"])
            continue
        record_event(
            kind="resources.owner_restored",
            actor=actor,
            customer=membership.customer,
            person=membership.user,
            **kept,
        )
    return left_out
