"""The subject of an erasure, the rows about them, and the grounds on which some are kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from accounts.choices.erasures import ERASED_DOMAIN, KeepGround
from accounts.models import User
from accounts.selectors.addresses import addresses_of
from accounts.timezones import end_of_day
from compliance.choices.breaches import BreachRisk
from compliance.choices.erasures import HoldScope
from compliance.choices.privacy_requests import (
    WITH_GROUND,
    PrivacyRequestKind,
    PrivacyRequestState,
)
from compliance.models import Affected, LegalHold, PrivacyRequest
from compliance.registry import ITEMS
from compliance.registry.items import DataItem, Erase, Table
from compliance.selectors.holds import holds_about, subjects_of_holds
from compliance.selectors.own_data import found_by, led_to
from portals.models import LogoutNotice
from portals.models.sign_ins import GIVE_UP_AFTER, MOST_ATTEMPTS
from preferences.choices import UNFINISHED
from preferences.models import Message

# An open request about data keeps none of these: nobody ever gets them.
NOT_ASKED_FOR = {"sign_in_methods", "hub_sessions", "portal_sessions", "jobs"}
SHORTEST_NAME = 4  # characters: a shorter one would be found inside of other words
LAST = tuple(item.code for item in ITEMS if item.erased_last)


@dataclass(frozen=True)
class Subject:
    """A person, or nobody but an address, with the addresses under which rows are found.

    `names` are those that they had when their erasure began: the account may have lost them.
    """

    person: User | None
    addresses: frozenset[str]
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Kept:
    """Why an erasure leaves a data item, and until when: None until what it waits for is over."""

    ground: KeepGround
    until: datetime | None = None


@dataclass(frozen=True)
class PlannedItem:
    """One data item of an erasure's plan, for the page that shows it."""

    item: DataItem
    kept: Kept | None

    @property
    def is_record(self) -> bool:
        """Whether every erasure leaves it."""
        return self.kept is not None and self.kept.ground == KeepGround.RECORD


Grounds = Mapping[str, Kept]  # by the code of a data item


def subject_of(person: User | None, addresses: Iterable[str], names: Iterable[str] = ()) -> Subject:
    """Return a subject with all its addresses that are not erased yet."""
    known = {*addresses, *(addresses_of(person) if person else ())}
    return Subject(
        person,
        frozenset(each for each in known if not each.endswith(f"@{ERASED_DOMAIN}")),
        frozenset(names),
    )


def rows_about(table: Table, subject: Subject) -> QuerySet[Any]:
    """Return the rows of a table that an erasure of a subject concerns.

    A row with an address is theirs only where it leads to nobody.
    """
    ways = led_to(subject.person, table.names("person")) if subject.person else []
    if table.address and subject.addresses:
        lookups = [name for name in table.names("person") if name != "self"]
        nobody = {f"{lookup}__isnull": True for lookup in lookups}
        ways.append({f"{table.address}__in": subject.addresses, **nobody})
    return found_by(table, ways).order_by("pk")


def names_of(subject: Subject) -> set[str]:
    """Return the addresses and names by which texts to other people may name a subject."""
    names = {*subject.addresses, *subject.names}
    if subject.person is not None:
        names.add(subject.person.name)
        names |= set(subject.person.memberships.values_list("work_name", flat=True))
    return {name for name in names if len(name) >= SHORTEST_NAME}


def grounds_of(subject: Subject) -> dict[str, Kept]:
    """Return the data items of a subject that are kept now, each on the ground that lasts longest.

    Records that every erasure leaves are among them.
    """
    found = {item.code: Kept(KeepGround.RECORD) for item in ITEMS if item.erase is Erase.KEEP}
    grounds = [_of_requests, _in_progress]
    if LegalHold.objects.in_force().exists():
        grounds = [_of_holds, _of_holds_of_others, *grounds]
    for ground in grounds:
        for code, kept in ground(subject).items():
            other = found.get(code)
            if other is None or (other.ground != KeepGround.RECORD and _lasts(kept, other)):
                found[code] = kept
    return found


def plan_for(subject: Subject) -> list[PlannedItem]:
    """Return each data item with what an erasure would do to it now.

    What is only on its way is no ground: it is over when the days of grace are.
    """
    kept = grounds_of(subject)
    return [
        PlannedItem(item, None if _is_passing(kept.get(item.code)) else kept.get(item.code))
        for item in ITEMS
    ]


def _is_passing(kept: Kept | None) -> bool:
    return kept is not None and kept.ground == KeepGround.IN_PROGRESS


def _lasts(kept: Kept, other: Kept) -> bool:
    return other.until is not None and (kept.until is None or kept.until > other.until)


def _of_holds(subject: Subject) -> Grounds:
    found: dict[str, Kept] = {}
    for hold in holds_about(subject.person, subject.addresses):
        for code in [hold.item] if hold.item else [item.code for item in ITEMS]:
            found[code] = Kept(KeepGround.HOLD, hold.until)
    return found


def _of_holds_of_others(subject: Subject) -> Grounds:
    """Keep the emails of a subject while a hold keeps one to somebody else that names them.

    Its subject line is a part of what is erased with them.
    """
    holds = LegalHold.objects.in_force().filter(item__in=("", "messages"))
    named = Q(pk__in=[])
    for name in names_of(subject) if holds.exists() else ():
        named |= Q(subject__icontains=name)
    for hold in holds.exclude(scope=HoldScope.ITEM).order_by("-until"):
        whose = subjects_of_holds([hold])
        kept = Q(recipient__user__in=whose.people) | Q(address__in=whose.addresses)
        if Message.objects.filter(named, kept).exists():
            return {"messages": Kept(KeepGround.HOLD, hold.until)}
    return {}


def _of_requests(subject: Subject) -> Grounds:
    """Return what open requests are about, and what staff said they keep when they answered.

    The latter until the day that they named.
    """
    about = Q(person=None, address__in=subject.addresses)
    if subject.person is not None:
        about |= Q(person=subject.person)
    is_open = Q(state=PrivacyRequestState.OPEN) & ~Q(kind=PrivacyRequestKind.ERASURE)
    is_refused = Q(state__in=WITH_GROUND, kept_until__gte=timezone.localdate())
    found: dict[str, Kept] = {}
    rows = PrivacyRequest.objects.filter(about).filter(is_open | is_refused)
    requests = list(rows.order_by("kept_until"))
    for request in requests:
        if request.state == PrivacyRequestState.OPEN:
            continue
        assert request.kept_until is not None  # noqa: S101 -- by the filter
        until = end_of_day(request.kept_until, timezone.get_default_timezone())
        for code in request.kept_items.split():
            found[code] = Kept(KeepGround(request.ground), until)
    if any(request.state == PrivacyRequestState.OPEN for request in requests):
        codes = [item.code for item in ITEMS if item.code not in NOT_ASKED_FOR]
        found |= dict.fromkeys(codes, Kept(KeepGround.OPEN_REQUEST))
    return found


def _in_progress(subject: Subject) -> Grounds:
    """Return what waits until the last emails are sent, and portals were told of the sign-out.

    Somebody listed in an open breach keeps the address at which they are told. That is no ground of
    its own: nobody who sees the plan or the steps learns of a breach before its notice (L33).
    """
    about = Q(recipient__user=None, address__in=subject.addresses)
    if subject.person is not None:
        about |= Q(recipient__user=subject.person)
    untold = LogoutNotice.objects.filter(
        session__user__in=[subject.person] if subject.person else [],
        sent_at=None,
        attempts__lt=MOST_ATTEMPTS,
        session__ended_at__gt=timezone.now() - GIVE_UP_AFTER,
    )
    found: dict[str, Kept] = {}
    soon = Kept(KeepGround.IN_PROGRESS)
    is_untold, is_written_to, is_listed = _any_of(
        untold, Message.objects.filter(about, state__in=UNFINISHED), _listed_in_a_breach(subject)
    )
    if is_untold:
        found["portal_sessions"] = soon
    if is_written_to or is_listed:
        found |= dict.fromkeys(LAST, soon)
    return found


def _any_of(*queries: QuerySet[Any]) -> list[bool]:
    """Return of each query whether it has a row, in one statement."""
    has_row = {f"has_{number}": Exists(rows) for number, rows in enumerate(queries)}
    # Any row of any table would do: the answers are the same for each.
    for row in User.objects.order_by("pk").values_list(*has_row.values())[:1]:
        return list(row)
    return [False] * len(queries)


def _listed_in_a_breach(subject: Subject) -> QuerySet[Affected]:
    """Return where a subject has to be told of a breach, or perhaps again at another address."""
    about = Q(recipient__user=None, recipient__address__in=subject.addresses)
    if subject.person is not None:
        about |= Q(recipient__user=subject.person)
        about |= Q(recipient__followed_by__user=subject.person)
    still_open = Affected.objects.filter(about, breach__closed_at=None, breach__exercise=False)
    return still_open.exclude(breach__risk=BreachRisk.NONE)
