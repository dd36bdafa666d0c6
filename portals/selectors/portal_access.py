"""Portal access: who gets privileges in a portal without being able to open it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.choices import Role
from accounts.models import Customer, Membership, Team, TeamMembership
from portals.decision import permitted_people
from portals.models import Portal, Privilege, PrivilegeInclusion, Resource, TeamGrant
from portals.selectors.effective_access import Grantee, explain_all
from portals.selectors.grant_changes import GrantChange, existing_grants
from portals.selectors.permission_matrix import grantee_key
from portals.selectors.roots import active_roots, open_privileges


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
    """One privilege on one resource that somebody gets, by keys, with its dates."""

    resource: int
    subscription: int
    privilege: int
    starts_at: datetime | None = None
    expires_at: datetime | None = None


def portals_of(
    customer: Customer, subscriptions: Collection[int] | None = None
) -> list[CustomerPortal]:
    """Return the portals in use by a customer, or only those of these subscriptions."""
    roots = active_roots().filter(subscription__customer=customer)
    if subscriptions is not None:
        roots = roots.filter(subscription__in=subscriptions)
    by_type = {privilege.resource_type_id: privilege for privilege in open_privileges()}
    return [
        CustomerPortal(root, by_type[root.resource_type_id])
        for root in roots.order_by("subscription")
    ]


def portals_containing(customer: Customer, resource: Resource) -> list[CustomerPortal]:
    """Return the portal that a resource is in; none for a portal's own root."""
    return portals_of(customer, [resource.subscription_id]) if resource.parent_id else []


def portals_without_access(
    grantees: Sequence[Grantee], customer_portals: Sequence[CustomerPortal]
) -> dict[Grantee, list[CustomerPortal]]:
    """Return grantee → the portals that neither role, grants nor teams open for them, now or later.

    A suspension makes no difference, because the grants count again after it.
    """
    if not customer_portals:
        return {grantee: [] for grantee in grantees}
    explained = explain_all(
        grantees, [customer_portal.root for customer_portal in customer_portals]
    )
    return {
        grantee: [
            customer_portal
            for customer_portal, access in zip(customer_portals, explained[grantee], strict=True)
            if customer_portal.privilege not in [entry.privilege for entry in access.privileges]
        ]
        for grantee in grantees
    }


def missing_portal_grants(customer: Customer, plan: Iterable[GrantChange]) -> list[GrantChange]:
    """Return the grants of portal access that these changes need to be of use.

    They are offered in the review, with the dates that all changes in that portal share. A team
    gets one where any of its members can't open the portal.
    """
    gains = _gained_by(plan)
    subscriptions = {gain.subscription for gained in gains.values() for gain in gained}
    customer_portals = portals_of(customer, subscriptions)
    missing = portals_without_access(list(gains), customer_portals)
    opening = _opening_privileges(customer_portals)
    grants = existing_grants(
        gains, {customer_portal.root.pk for customer_portal in customer_portals}
    )
    changes = []
    for grantee, gained in gains.items():
        for customer_portal in missing[grantee]:
            if not _needs_portal_access(customer_portal, gained, opening):
                continue
            if not (
                isinstance(grantee, Membership)
                or _lacks_access_for_someone(grantee, customer_portal)
            ):
                continue
            starts_at, expires_at = _shared_dates(customer_portal, gained)
            replaces = grants.get((grantee_key(grantee), customer_portal.root.pk), {}).get(
                customer_portal.privilege.pk
            )
            changes.append(
                GrantChange(
                    "give",
                    grantee,
                    privilege=customer_portal.privilege,
                    resource=customer_portal.root,
                    grant=replaces,
                    starts_at=starts_at,
                    expires_at=expires_at,
                )
            )
    return changes


def portals_closed_to_invitees(
    customer: Customer,
    rights: Iterable[tuple[Resource, Privilege]],
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
        for resource, privilege in rights
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


def _gained_by(plan: Iterable[GrantChange]) -> dict[Grantee, list[GainedPrivilege]]:
    """Return grantee → the privileges they get by these changes, directly or by joining a team."""
    gains: dict[Grantee, list[GainedPrivilege]] = {}
    joins = []
    for change in plan:
        if change.act == "join":
            joins.append(change)
        elif change.act in ("give", "again") and change.resource and change.privilege:
            gain = GainedPrivilege(
                change.resource.pk,
                change.resource.subscription_id,
                change.privilege.pk,
                change.starts_at,
                change.expires_at,
            )
            gains.setdefault(change.grantee, []).append(gain)
    by_team = _gained_by_team({join.team for join in joins if join.team})
    for join in joins:
        if join.team:
            gains.setdefault(join.grantee, []).extend(by_team.get(join.team.pk, []))
    return gains


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


def _shared_dates(
    customer_portal: CustomerPortal, gains: Iterable[GainedPrivilege]
) -> tuple[datetime | None, datetime | None]:
    dates = {(gain.starts_at, gain.expires_at) for gain in _in_portal(customer_portal, gains)}
    return dates.pop() if len(dates) == 1 else (None, None)


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


def _lacks_access_for_someone(team: Team, customer_portal: CustomerPortal) -> bool:
    live = Membership.objects.live().filter(user__is_active=True)
    members = TeamMembership.objects.filter(team=team, membership__in=live)
    return members.exclude(
        membership__user__in=permitted_people(customer_portal.privilege, customer_portal.root)
    ).exists()
