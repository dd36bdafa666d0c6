"""Portal access: who gets privileges in a portal without being able to open it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from accounts.choices import Role
from accounts.models import Customer, Membership, Team
from portals.choices import SubscriptionStatus
from portals.decision import is_denied_to_a_member
from portals.models import Portal, Privilege, PrivilegeInclusion, Resource, TeamGrant
from portals.selectors.effective_access import Grantee, explain_all
from portals.selectors.manifest import Manifest
from portals.selectors.roots import open_privileges, roots_of


@dataclass(frozen=True)
class CustomerPortal:
    """A portal that a customer uses: its root resource and the privilege to open it."""

    root: Resource
    privilege: Privilege

    @property
    def portal(self) -> Portal:
        """The portal itself."""
        return self.privilege.portal


@dataclass(frozen=True)
class GainedPrivilege:
    """One privilege on one resource that somebody gets, by keys."""

    resource: int
    subscription: int
    privilege: int


def portals_of(
    customer: Customer,
    subscriptions: Collection[int] | None = None,
    manifest: Manifest | None = None,
) -> list[CustomerPortal]:
    """Return the portals in use by a customer, or only those of these subscriptions.

    `manifest` has these portals; without it, their privileges to open them are read.
    """
    privileges = manifest.opening if manifest else open_privileges()
    by_type = {privilege.resource_type_id: privilege for privilege in privileges}
    portals = [
        CustomerPortal(root, by_type[root.resource_type_id])
        for root in roots_of(customer.pk)
        if root.subscription.status == SubscriptionStatus.ACTIVE
        and (subscriptions is None or root.subscription_id in subscriptions)
    ]
    return sorted(portals, key=lambda portal: portal.root.subscription_id)


def portals_without_access(
    grantees: Sequence[Grantee],
    customer_portals: Sequence[CustomerPortal],
    manifest: Manifest | None = None,
) -> dict[Grantee, list[CustomerPortal]]:
    """Return grantee → the portals that neither role, grants nor teams open for them, now or later.

    A suspension makes no difference, because the grants count again after it.
    """
    if not customer_portals:
        return {grantee: [] for grantee in grantees}
    explained = explain_all(
        grantees, [customer_portal.root for customer_portal in customer_portals], manifest
    )
    return {
        grantee: [
            customer_portal
            for customer_portal, access in zip(customer_portals, explained[grantee], strict=True)
            if customer_portal.privilege not in [entry.privilege for entry in access.privileges]
        ]
        for grantee in grantees
    }


def missing_portal_access(
    customer: Customer,
    grantees: Sequence[Grantee],
    permissions: Collection[tuple[Resource, Privilege]],
    manifest: Manifest,
) -> dict[Grantee, list[CustomerPortal]]:
    """Return grantee → the portals of these permissions that they can't open.

    A portal is left out where the permissions themselves open it. For a team, one is missing where
    any of its members can't open it. `manifest` has the portals of these permissions.
    """
    gains = [
        GainedPrivilege(resource.pk, resource.subscription_id, privilege.pk)
        for resource, privilege in permissions
    ]
    customer_portals = portals_of(customer, {gain.subscription for gain in gains}, manifest)
    opening = {pk for portal in customer_portals for pk in manifest.includers(portal.privilege.pk)}
    needed = [
        customer_portal
        for customer_portal in customer_portals
        if _needs_portal_access(customer_portal, gains, opening)
    ]
    missing = portals_without_access(grantees, needed, manifest)
    return {
        grantee: [
            customer_portal
            for customer_portal in missing[grantee]
            if isinstance(grantee, Membership)
            or is_denied_to_a_member(grantee, customer_portal.privilege, customer_portal.root)
        ]
        for grantee in grantees
    }


def portals_closed_to_invitees(
    customer: Customer,
    privileges: Iterable[tuple[Resource, Privilege]],
    newcomers: Iterable[tuple[str, Team | None]],
) -> list[tuple[CustomerPortal, int]]:
    """Return the portals that invited people would get access in and could not open.

    `newcomers` are the role and team of each person. Each portal comes with the number of people.
    """
    people = list(newcomers)
    customer_portals = [
        customer_portal
        for customer_portal in portals_of(customer)
        if not customer_portal.portal.auto_register
    ]
    opening = _opening_privileges(customer_portals)
    offered = [
        GainedPrivilege(resource.pk, resource.subscription_id, privilege.pk)
        for resource, privilege in privileges
    ]
    by_team = _gained_by_team({team for _role, team in people if team})
    closed = []
    for customer_portal in customer_portals:
        affected = sum(
            _needs_portal_access(
                customer_portal, offered + (by_team.get(team.pk, []) if team else []), opening
            )
            for role, team in people
            if not (role == Role.SUPER_USER and customer_portal.privilege.held_by_super_user)
        )
        if affected:
            closed.append((customer_portal, affected))
    return closed


def _gained_by_team(teams: Collection[Team]) -> dict[int, list[GainedPrivilege]]:
    """Return team key → the privileges of its unexpired grants."""
    gains: dict[int, list[GainedPrivilege]] = {}
    grants = TeamGrant.objects.unexpired().filter(group__team__in=teams)
    for team, resource, subscription, privilege in grants.values_list(
        "group__team", "content_object", "content_object__subscription", "permission"
    ):
        gains.setdefault(team, []).append(GainedPrivilege(resource, subscription, privilege))
    return gains


def _in_portal(
    customer_portal: CustomerPortal, gains: Iterable[GainedPrivilege]
) -> list[GainedPrivilege]:
    return [gain for gain in gains if gain.subscription == customer_portal.root.subscription_id]


def _opening_privileges(customer_portals: Iterable[CustomerPortal]) -> set[int]:
    """Return the keys of the privileges that open one of these portals, or include that."""
    includers = PrivilegeInclusion.objects.filter(
        included__in=[customer_portal.privilege.pk for customer_portal in customer_portals]
    )
    return set(includers.values_list("privilege_id", flat=True))


def _needs_portal_access(
    customer_portal: CustomerPortal, gains: Iterable[GainedPrivilege], opening: set[int]
) -> bool:
    """Return whether these privileges are in the portal and none of them opens it."""
    in_portal = _in_portal(customer_portal, gains)
    return bool(in_portal) and not any(
        gain.resource == customer_portal.root.pk and gain.privilege in opening for gain in in_portal
    )
