"""A customer's trail narrowed down, one's own history, and the lines of their exports."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone, translation

from accounts.choices import kinds_in
from accounts.models import AuditEvent, AuditEventResource, Customer, Membership, User
from accounts.models.audit import chain_name
from accounts.models.search import within
from accounts.selectors.event_sources import AT_ONCE, Stream, newest, oldest_first
from accounts.selectors.events import history_of, sentence_of, shown_data
from accounts.selectors.paging import PAGE_SIZE, Page, page_of
from accounts.validators import search_key

SKEW = timedelta(minutes=10)  # clocks of several machines may differ by less
OWN_FIELDS = {"chain", "sequence", "at", "kind", "actor_name"}  # of an event, in one's own export


@dataclass(frozen=True)
class ActivityFilter:
    """What an activity page is narrowed to; empty: everything."""

    person: User | None = None  # did it, or it was about them
    resource: int | None = None
    group: str = ""
    since: datetime | None = None
    before: datetime | None = None  # the first moment that is too late

    @property
    def is_everything(self) -> bool:
        """Nothing is left out."""
        return self == ActivityFilter()

    def condition(self) -> Q:
        """All of it, as one condition on events."""
        wanted = Q()
        if self.person is not None:
            wanted &= Q(actor=self.person) | Q(person=self.person)
        if self.resource is not None:
            speaking = AuditEventResource.objects.filter(
                event=OuterRef("pk"), resource=self.resource
            )
            wanted &= Q(Exists(speaking))
        if self.group:
            wanted &= Q(kind__in=kinds_in(self.group))
        if self.since is not None:
            wanted &= Q(at__gte=self.since)
        if self.before is not None:
            wanted &= Q(at__lt=self.before)
        return wanted


def find_activity(
    customer: Customer, activity_filter: ActivityFilter, *, after: str = "", size: int = PAGE_SIZE
) -> Page[AuditEvent]:
    """One page of what is asked, newest first, however long the trail is.

    Each way of narrowing walks an index of its own backwards and stops with the page. Raises
    BadCursor.
    """
    among = AuditEvent.objects.filter(chain=chain_name(customer))
    if activity_filter.is_everything:
        return page_of(among, among=among, order=("-sequence",), after=after, size=size)
    return newest(_streams(customer, activity_filter), among=among, after=after, size=size)


def find_history(person: User, *, after: str = "", size: int = PAGE_SIZE) -> Page[AuditEvent]:
    """One page of somebody's own history, newest first; as cheap as find_activity.

    Raises BadCursor.
    """
    return newest(_history(person), among=history_of(person), after=after, size=size)


def _history(person: User) -> list[Stream]:
    """What they did, and what was about them."""
    events = history_of(person)
    return [Stream(events.filter(actor=person)), Stream(events.filter(person=person))]


def _streams(customer: Customer, activity_filter: ActivityFilter) -> list[Stream]:
    """What to walk through: the narrowest index first."""
    bounds = _bounds(customer, activity_filter)
    if activity_filter.resource is not None:
        resources = AuditEventResource.objects.filter(resource=activity_filter.resource)
        else_asked = replace(activity_filter, resource=None).condition()
        events = AuditEvent.objects.filter(else_asked, customer=customer)
        return [Stream(resources, "event_id", events).within(**bounds)]
    among = AuditEvent.objects.filter(activity_filter.condition(), customer=customer)
    parts = [among]
    if activity_filter.person is not None:
        parts = [
            among.filter(actor=activity_filter.person),
            among.filter(person=activity_filter.person),
        ]
    elif activity_filter.group:
        parts = [among.filter(kind=kind) for kind in kinds_in(activity_filter.group)]
    return [Stream(part).within(**bounds) for part in parts]


def _bounds(customer: Customer, activity_filter: ActivityFilter) -> dict[str, int]:
    """The days asked for as a range of keys, which every index ends with.

    It ends with the trail's last event: else a database that counts on finding the customer's
    events soon would walk back from today to theirs, through everybody's.
    """
    at = AuditEvent.objects.filter(customer=customer)
    trail = AuditEvent.objects.filter(chain=chain_name(customer)).order_by("-sequence")
    bounds = {"lte": next(iter(trail.values_list("pk", flat=True)[:1]), 0)}
    if activity_filter.since is not None:
        first = (
            at.filter(at__gte=activity_filter.since - SKEW)
            .order_by("at")
            .values_list("pk", flat=True)
        )
        bounds["gte"] = next(iter(first[:1]), 2**62)
    if activity_filter.before is not None:
        last = (
            at.filter(at__lt=activity_filter.before + SKEW)
            .order_by("-at")
            .values_list("pk", flat=True)
        )
        bounds["lte"] = next(iter(last[:1]), 0)
    return bounds


def people_named(customer: Customer, name: str) -> list[User]:
    """Who belongs or belonged here, and whose name at work or address begins so, or whom this very
    trail calls so; at most ten.

    Older events say the name of an account, which is nobody's business where no event says it.
    """
    members = Membership.objects.filter(customer=customer)
    found = list(members.matching(name).order_by("search_name").select_related("user")[:30])
    other = members.filter(within("user__search_name", search_key(name)))
    other = other.exclude(work_name=F("user__name")).order_by("user__search_name")
    found += _called_by_account(customer, other.select_related("user")[:30])
    return list({membership.user: None for membership in found})[:10]


def _called_by_account(customer: Customer, members: Iterable[Membership]) -> list[Membership]:
    """Those of these few of whom an event of the customer says the name of their account."""
    events = AuditEvent.objects.filter(customer=customer)
    return [
        one
        for one in members
        if events.filter(actor=one.user_id, actor_name=one.user.name).exists()
        or events.filter(person=one.user_id, data__person=one.user.name).exists()
    ]


@dataclass(frozen=True)
class Reader:
    """In whose language and time zone an export is written; the request is over by then."""

    language: str = field(default_factory=lambda: translation.get_language() or "en")
    zone: Any = field(default_factory=timezone.get_current_timezone)


def activity_lines(
    customer: Customer, activity_filter: ActivityFilter, last: AuditEvent
) -> Iterator[str]:
    """The chain as JSON lines up to `last`, as `manage.py audit export` writes it.

    Of an event that is not asked for, only its place and hashes: who reads can prove that the
    others are unchanged and none is missing.
    """
    every = Q(pk__lte=last.pk)
    wanted = Case(
        When(
            every if activity_filter.is_everything else activity_filter.condition() | Q(pk=last.pk),
            then=Value(True),
        ),
        default=Value(False),
        output_field=BooleanField(),
    )
    events = AuditEvent.objects.filter(chain=chain_name(customer)).annotate(wanted=wanted)
    done = 0
    while True:
        found = list(
            events.filter(sequence__gt=done, sequence__lte=last.sequence).order_by("sequence")[
                :AT_ONCE
            ]
        )
        if not found:
            return
        yield "".join(line_of(event, whole=event.wanted) for event in found)
        done = found[-1].sequence


def line_of(event: AuditEvent, *, whole: bool = True) -> str:
    """One event as a line of an export; not whole: its place and hashes alone."""
    content = event.content() | {"hash": event.hash}
    if not whole:
        content = {name: content[name] for name in ("chain", "sequence", "previous_hash", "hash")}
    return json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"


def own_line_of(event: AuditEvent) -> str:
    """One event as a line of a person's own export: what its sentence says, and its hash.

    The rest of it may tell of others what is theirs to tell; whoever holds the company's export
    finds the whole event there, under the same chain, number and hash.
    """
    content = {
        **{name: value for name, value in event.content().items() if name in OWN_FIELDS},
        "data": shown_data(event),
        "hash": event.hash,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"


def history_lines(person: User, last: AuditEvent) -> Iterator[str]:
    """A person's own history up to `last` as JSON lines, oldest first."""
    for found in oldest_first([stream.within(lte=last.pk) for stream in _history(person)]):
        yield "".join(own_line_of(event) for event in found)


def history_rows(person: User, last: AuditEvent, reader: Reader) -> Iterator[list[Any]]:
    """The same in words, for a spreadsheet."""
    return _in_words(_history(person), last, reader)


def activity_rows(
    customer: Customer, activity_filter: ActivityFilter, last: AuditEvent, reader: Reader
) -> Iterator[list[Any]]:
    """What is asked of a trail up to `last`, in words, for a spreadsheet."""
    return _in_words(_streams(customer, activity_filter), last, reader)


def _in_words(streams: list[Stream], last: AuditEvent, reader: Reader) -> Iterator[list[Any]]:
    """When, who, what, and the proof, oldest first."""
    for found in oldest_first([stream.within(lte=last.pk) for stream in streams]):
        with translation.override(reader.language):
            rows = [
                [
                    event.at.astimezone(reader.zone).isoformat(sep=" ", timespec="seconds"),
                    event.actor_name,
                    sentence_of(event),
                    event.kind,
                    event.sequence,
                    event.hash,
                ]
                for event in found
            ]
        yield from rows
