"""Portals that stay shut: who gets something in one without the right to open it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.choices import Role
from accounts.models import Customer, Membership, Team, TeamMembership
from portals.decision import people_who_may
from portals.models import Portal, Privilege, PrivilegeInclusion, Resource, TeamGrant
from portals.selectors.effective_access import Grantee, explain_all, not_over
from portals.selectors.grant_changes import GrantChange, existing_grants
from portals.selectors.permission_matrix import grantee_key
from portals.selectors.roots import active_roots, open_privileges


@dataclass(frozen=True)
class CustomerPortal:
    """A portal a company uses: its root, and the right to open it."""

    root: Resource
    privilege: Privilege

    @property
    def portal(self) -> Portal:
        """What it leads to."""
        return self.privilege.portal


@dataclass(frozen=True)
class GainedPrivilege:
    """One right on one thing that somebody gets, by keys; and its own dates, where it has any."""

    resource: int
    subscription: int
    privilege: int
    starts_at: datetime | None = None
    expires_at: datetime | None = None


def portals_of(
    customer: Customer, subscriptions: Collection[int] | None = None
) -> list[CustomerPortal]:
    """The portals in use, or those of these subscriptions."""
    found = active_roots().filter(subscription__customer=customer)
    if subscriptions is not None:
        found = found.filter(subscription__in=subscriptions)
    rights = {one.resource_type_id: one for one in open_privileges()}
    return [
        CustomerPortal(one, rights[one.resource_type_id]) for one in found.order_by("subscription")
    ]


def portals_containing(customer: Customer, resource: Resource) -> list[CustomerPortal]:
    """The portal a thing is in; nothing stands before a portal itself."""
    return portals_of(customer, [resource.subscription_id]) if resource.parent_id else []


def portals_without_access(
    grantees: Sequence[Grantee], customer_portals: Sequence[CustomerPortal]
) -> dict[Grantee, list[CustomerPortal]]:
    """Which of these portals the role, the rights and the teams of each do not open, nor will.

    A suspension does not count: it ends, and the rights count again.
    """
    if not customer_portals:
        return {grantee: [] for grantee in grantees}
    explained = explain_all(grantees, [one.root for one in customer_portals])
    return {
        grantee: [
            customer_portal
            for customer_portal, rights in zip(customer_portals, explained[grantee], strict=True)
            if customer_portal.privilege not in [one.privilege for one in rights.held]
        ]
        for grantee in grantees
    }


def missing_portal_grants(customer: Customer, plan: Iterable[GrantChange]) -> list[GrantChange]:
    """What would let those in who get something, by this plan, in a portal they cannot open.

    None of it is in the plan: whoever reviews it may add it, with the dates that all of it in this
    portal shares. A team is let in as a whole, where anybody in it is left outside.
    """
    gains = _gained_by(plan)
    wanted = {one.subscription for many in gains.values() for one in many}
    customer_portals = portals_of(customer, wanted)
    closed = portals_without_access(list(gains), customer_portals)
    opening = _opening(customer_portals)
    there = existing_grants(gains, {one.root.pk for one in customer_portals})
    found = []
    for grantee, gained in gains.items():
        for customer_portal in closed[grantee]:
            if not _is_unusable(customer_portal, gained, opening):
                continue
            if not (
                isinstance(grantee, Membership)
                or _lacks_access_for_someone(grantee, customer_portal)
            ):
                continue
            starts_at, expires_at = _shared_dates(customer_portal, gained)
            replaces = there.get((grantee_key(grantee), customer_portal.root.pk), {}).get(
                customer_portal.privilege.pk
            )
            found.append(
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
    return found


def portals_closed_to_invitees(
    customer: Customer,
    rights: Iterable[tuple[Resource, Privilege]],
    newcomers: Iterable[tuple[str, Team | None]],
) -> list[tuple[CustomerPortal, int]]:
    """The portals in which people invited so (role and team of each) get something in vain.

    Out: each with how many of them could not open it.
    """
    people = list(newcomers)
    customer_portals = [one for one in portals_of(customer) if not one.portal.auto_register]
    opening = _opening(customer_portals)
    offered = [
        GainedPrivilege(resource.pk, resource.subscription_id, right.pk)
        for resource, right in rights
    ]
    through = _gained_through({team for _role, team in people if team})
    found = []
    for customer_portal in customer_portals:
        outside = sum(
            _is_unusable(
                customer_portal, offered + (through.get(team.pk, []) if team else []), opening
            )
            for role, team in people
            if not (role == Role.SUPER_USER and customer_portal.privilege.held_by_super_user)
        )
        if outside:
            found.append((customer_portal, outside))
    return found


def _gained_by(plan: Iterable[GrantChange]) -> dict[Grantee, list[GainedPrivilege]]:
    """What each gets by these changes, directly or with a team they join."""
    found: dict[Grantee, list[GainedPrivilege]] = {}
    joins = []
    for one in plan:
        if one.act == "join":
            joins.append(one)
        elif one.act in ("give", "again") and one.resource and one.privilege:
            resource, dates = one.resource, (one.starts_at, one.expires_at)
            gain = GainedPrivilege(resource.pk, resource.subscription_id, one.privilege.pk, *dates)
            found.setdefault(one.grantee, []).append(gain)
    through = _gained_through({one.team for one in joins if one.team})
    for one in joins:
        if one.team:
            found.setdefault(one.grantee, []).extend(through.get(one.team.pk, []))
    return found


def _gained_through(teams: Collection[Team]) -> dict[int, list[GainedPrivilege]]:
    """team → what it holds, now or later."""
    found: dict[int, list[GainedPrivilege]] = {}
    for team, resource, subscription, privilege in TeamGrant.objects.filter(
        not_over(), group__team__in=teams
    ).values_list("group__team", "content_object", "content_object__subscription", "permission"):
        found.setdefault(team, []).append(GainedPrivilege(resource, subscription, privilege))
    return found


def _in_portal(
    customer_portal: CustomerPortal, gains: Iterable[GainedPrivilege]
) -> list[GainedPrivilege]:
    return [one for one in gains if one.subscription == customer_portal.root.subscription_id]


def _shared_dates(
    customer_portal: CustomerPortal, gains: Iterable[GainedPrivilege]
) -> tuple[datetime | None, datetime | None]:
    dates = {(one.starts_at, one.expires_at) for one in _in_portal(customer_portal, gains)}
    return dates.pop() if len(dates) == 1 else (None, None)


def _opening(customer_portals: Iterable[CustomerPortal]) -> set[int]:
    """The rights, by key, that open one of these: the right itself, and what includes it."""
    includers = PrivilegeInclusion.objects.filter(
        included__in=[one.privilege.pk for one in customer_portals]
    )
    return set(includers.values_list("privilege_id", flat=True))


def _is_unusable(
    customer_portal: CustomerPortal, gains: Iterable[GainedPrivilege], opening: set[int]
) -> bool:
    """Whether something in this portal is among these, and nothing that opens it."""
    inside = _in_portal(customer_portal, gains)
    return bool(inside) and not any(
        one.resource == customer_portal.root.pk and one.privilege in opening for one in inside
    )


def _lacks_access_for_someone(team: Team, customer_portal: CustomerPortal) -> bool:
    live = Membership.objects.live().filter(user__is_active=True)
    inside = TeamMembership.objects.filter(team=team, membership__in=live)
    return inside.exclude(
        membership__user__in=people_who_may(customer_portal.privilege, customer_portal.root)
    ).exists()
