"""Portals that stay shut: who gets something in one without the right to open it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.choices import Role
from accounts.models import Customer, Membership, Team, TeamMembership
from portals.decision import people_who_may
from portals.models import Portal, Privilege, PrivilegeInclusion, Resource, TeamGrant
from portals.selectors.plans import Planned, grants_there
from portals.selectors.rights import Holder, explain_all, not_over
from portals.selectors.roots import active_roots, open_privileges
from portals.selectors.sheets import holder_key


@dataclass(frozen=True)
class Door:
    """A portal a company uses: its root, and the right to open it."""

    root: Resource
    privilege: Privilege

    @property
    def portal(self) -> Portal:
        """What it leads to."""
        return self.privilege.portal


@dataclass(frozen=True)
class Gain:
    """One right on one thing that somebody gets, by keys; and its own dates, where it has any."""

    thing: int
    subscription: int
    privilege: int
    starts_at: datetime | None = None
    expires_at: datetime | None = None


def doors_of(customer: Customer, subscriptions: Collection[int] | None = None) -> list[Door]:
    """The portals in use, or those of these subscriptions."""
    found = active_roots().filter(subscription__customer=customer)
    if subscriptions is not None:
        found = found.filter(subscription__in=subscriptions)
    rights = {one.resource_type_id: one for one in open_privileges()}
    return [Door(one, rights[one.resource_type_id]) for one in found.order_by("subscription")]


def doors_before(customer: Customer, thing: Resource) -> list[Door]:
    """The portal a thing is in; nothing stands before a portal itself."""
    return doors_of(customer, [thing.subscription_id]) if thing.parent_id else []


def closed_to(holders: Sequence[Holder], doors: Sequence[Door]) -> dict[Holder, list[Door]]:
    """Which of these portals the role, the rights and the teams of each do not open, nor will.

    A suspension does not count: it ends, and the rights count again.
    """
    if not doors:
        return {holder: [] for holder in holders}
    explained = explain_all(holders, [one.root for one in doors])
    return {
        holder: [
            door
            for door, rights in zip(doors, explained[holder], strict=True)
            if door.privilege not in [one.privilege for one in rights.held]
        ]
        for holder in holders
    }


def ways_in(customer: Customer, plan: Iterable[Planned]) -> list[Planned]:
    """What would let those in who get something, by this plan, in a portal they cannot open.

    None of it is in the plan: whoever reviews it may add it, with the dates that all of it in this
    portal shares. A team is let in as a whole, where anybody in it is left outside.
    """
    gains = _gains_by(plan)
    wanted = {one.subscription for many in gains.values() for one in many}
    doors = doors_of(customer, wanted)
    closed = closed_to(list(gains), doors)
    opening = _opening(doors)
    there = grants_there(gains, {one.root.pk for one in doors})
    found = []
    for holder, gained in gains.items():
        for door in closed[holder]:
            if not _is_in_vain(door, gained, opening):
                continue
            if not (isinstance(holder, Membership) or _leaves_somebody_outside(holder, door)):
                continue
            starts_at, expires_at = _shared_dates(door, gained)
            replaces = there.get((holder_key(holder), door.root.pk), {}).get(door.privilege.pk)
            found.append(
                Planned(
                    "give",
                    holder,
                    privilege=door.privilege,
                    resource=door.root,
                    grant=replaces,
                    starts_at=starts_at,
                    expires_at=expires_at,
                )
            )
    return found


def shut_to_newcomers(
    customer: Customer,
    rights: Iterable[tuple[Resource, Privilege]],
    newcomers: Iterable[tuple[str, Team | None]],
) -> list[tuple[Door, int]]:
    """The portals in which people invited so (role and team of each) get something in vain.

    Out: each with how many of them could not open it.
    """
    people = list(newcomers)
    doors = [one for one in doors_of(customer) if not one.portal.auto_register]
    opening = _opening(doors)
    offered = [Gain(thing.pk, thing.subscription_id, right.pk) for thing, right in rights]
    through = _gains_through({team for _role, team in people if team})
    found = []
    for door in doors:
        outside = sum(
            _is_in_vain(door, offered + (through.get(team.pk, []) if team else []), opening)
            for role, team in people
            if not (role == Role.SUPER_USER and door.privilege.held_by_super_user)
        )
        if outside:
            found.append((door, outside))
    return found


def _gains_by(plan: Iterable[Planned]) -> dict[Holder, list[Gain]]:
    """What each gets by these changes, directly or with a team they join."""
    found: dict[Holder, list[Gain]] = {}
    joins = []
    for one in plan:
        if one.act == "join":
            joins.append(one)
        elif one.act in ("give", "again") and one.resource and one.privilege:
            thing, dates = one.resource, (one.starts_at, one.expires_at)
            gain = Gain(thing.pk, thing.subscription_id, one.privilege.pk, *dates)
            found.setdefault(one.holder, []).append(gain)
    through = _gains_through({one.team for one in joins if one.team})
    for one in joins:
        if one.team:
            found.setdefault(one.holder, []).extend(through.get(one.team.pk, []))
    return found


def _gains_through(teams: Collection[Team]) -> dict[int, list[Gain]]:
    """team → what it holds, now or later."""
    found: dict[int, list[Gain]] = {}
    for team, thing, subscription, privilege in TeamGrant.objects.filter(
        not_over(), group__team__in=teams
    ).values_list("group__team", "content_object", "content_object__subscription", "permission"):
        found.setdefault(team, []).append(Gain(thing, subscription, privilege))
    return found


def _behind(door: Door, gains: Iterable[Gain]) -> list[Gain]:
    return [one for one in gains if one.subscription == door.root.subscription_id]


def _shared_dates(door: Door, gains: Iterable[Gain]) -> tuple[datetime | None, datetime | None]:
    dates = {(one.starts_at, one.expires_at) for one in _behind(door, gains)}
    return dates.pop() if len(dates) == 1 else (None, None)


def _opening(doors: Iterable[Door]) -> set[int]:
    """The rights, by key, that open one of these: the right itself, and what includes it."""
    includers = PrivilegeInclusion.objects.filter(included__in=[one.privilege.pk for one in doors])
    return set(includers.values_list("privilege_id", flat=True))


def _is_in_vain(door: Door, gains: Iterable[Gain], opening: set[int]) -> bool:
    """Whether something in this portal is among these, and nothing that opens it."""
    inside = _behind(door, gains)
    return bool(inside) and not any(
        one.thing == door.root.pk and one.privilege in opening for one in inside
    )


def _leaves_somebody_outside(team: Team, door: Door) -> bool:
    live = Membership.objects.live().filter(user__is_active=True)
    inside = TeamMembership.objects.filter(team=team, membership__in=live)
    return inside.exclude(membership__user__in=people_who_may(door.privilege, door.root)).exists()
