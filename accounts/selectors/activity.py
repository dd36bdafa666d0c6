"""A customer's trail narrowed down, one's own history, and the lines of their exports."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.utils import timezone, translation

from accounts.choices import kinds_in
from accounts.models import AuditEvent, AuditEventThing, Customer, Membership, User
from accounts.models.audit import chain_name
from accounts.selectors.paging import PAGE_SIZE, Page, page_of
from accounts.selectors.trail import history_of, said_of, sentence_of

SKEW = timedelta(minutes=10)  # clocks of several machines may differ by less
AT_ONCE = 500  # events read together for an export
OWN_FIELDS = {"chain", "sequence", "at", "kind", "actor_name"}  # of an event, in one's own export


@dataclass(frozen=True)
class Asked:
    """What an activity page is narrowed to; empty: everything."""

    person: User | None = None  # did it, or it was about them
    resource: int | None = None
    group: str = ""
    since: datetime | None = None
    before: datetime | None = None  # the first moment that is too late

    @property
    def is_everything(self) -> bool:
        """Nothing is left out."""
        return self == Asked()

    def condition(self) -> Q:
        """All of it, as one condition on events."""
        wanted = Q()
        if self.person is not None:
            wanted &= Q(actor=self.person) | Q(person=self.person)
        if self.resource is not None:
            speaking = AuditEventThing.objects.filter(event=OuterRef("pk"), resource=self.resource)
            wanted &= Q(Exists(speaking))
        if self.group:
            wanted &= Q(kind__in=kinds_in(self.group))
        if self.since is not None:
            wanted &= Q(at__gte=self.since)
        if self.before is not None:
            wanted &= Q(at__lt=self.before)
        return wanted


def find_activity(
    customer: Customer, asked: Asked, *, after: str = "", size: int = PAGE_SIZE
) -> Page[AuditEvent]:
    """One page of what is asked, newest first, however long the trail is.

    Each way of narrowing walks an index of its own backwards and stops with the page. Raises
    BadCursor.
    """
    among = AuditEvent.objects.filter(customer=customer)
    if asked.is_everything:
        return page_of(among, among=among, order=("-pk",), after=after, size=size)
    wanted = _bounds(customer, asked) & asked.condition()
    streams = [stream.filter(wanted) for stream in _streams(among, asked)]
    return _newest(streams, among=among, after=after, size=size)


def find_history(person: User, *, after: str = "", size: int = PAGE_SIZE) -> Page[AuditEvent]:
    """One page of somebody's own history, newest first; as cheap as find_activity.

    Raises BadCursor.
    """
    streams = _history_streams(person)
    return _newest(streams, among=history_of(person), after=after, size=size)


def _history_streams(person: User) -> list[QuerySet[AuditEvent]]:
    """What they did, and what was about them: each has its index, both together have none."""
    events = history_of(person)
    return [events.filter(actor=person), events.filter(person=person)]


def _newest(
    streams: list[QuerySet[AuditEvent]], *, among: QuerySet[AuditEvent], after: str, size: int
) -> Page[AuditEvent]:
    if after.isascii() and after.isdigit() and len(after) < 19:  # else page_of refuses it
        streams = [stream.filter(pk__lt=int(after)) for stream in streams]
    rows = _merged([stream.order_by("-pk") for stream in streams], size + 1)
    return page_of(rows, among=among, order=("-pk",), after=after, size=size)


def _merged(streams: list[QuerySet[AuditEvent]], size: int) -> QuerySet[AuditEvent]:
    """The first rows of each of these, each walking an index of its own."""
    parts: list[str] = []
    parameters: list[Any] = []
    for number, stream in enumerate(streams):
        sql, values = stream.values("pk")[:size].query.sql_with_params()
        parts.append(f"SELECT s{number}.pk FROM ({sql}) s{number}")  # noqa: S608 -- the ORM's own
        parameters += values
    first = RawSQL(" UNION ".join(parts) or "SELECT NULL", parameters)  # noqa: S611
    return AuditEvent.objects.filter(pk__in=first)


def _oldest_first(streams: list[QuerySet[AuditEvent]]) -> Iterator[list[AuditEvent]]:
    """All of these for an export, some hundred at a time."""
    done = 0
    while True:
        rest = [stream.filter(pk__gt=done).order_by("pk") for stream in streams]
        found = list(_merged(rest, AT_ONCE).order_by("pk")[:AT_ONCE])
        if not found:
            return
        yield found
        done = found[-1].pk


def _streams(among: QuerySet[AuditEvent], asked: Asked) -> list[QuerySet[AuditEvent]]:
    """What to walk through: the narrowest index first."""
    if asked.resource is not None:
        return [among.filter(thing_rows__resource=asked.resource)]
    if asked.person is not None:
        return [among.filter(actor=asked.person), among.filter(person=asked.person)]
    if asked.group:
        return [among.filter(kind=kind) for kind in kinds_in(asked.group)]
    return [among]


def _bounds(customer: Customer, asked: Asked) -> Q:
    """The days asked for as a range of keys, which every index ends with."""
    bounds = Q()
    at = AuditEvent.objects.filter(customer=customer)
    if asked.since is not None:
        first = at.filter(at__gte=asked.since - SKEW).order_by("at").values_list("pk", flat=True)
        bounds &= Q(pk__gte=first[:1][0] if first[:1] else 2**62)
    if asked.before is not None:
        last = at.filter(at__lt=asked.before + SKEW).order_by("-at").values_list("pk", flat=True)
        bounds &= Q(pk__lte=last[:1][0] if last[:1] else 0)
    return bounds


def people_named(customer: Customer, name: str) -> list[User]:
    """Who belongs or belonged here and whose name or address begins so; at most ten."""
    found = Membership.objects.filter(customer=customer).matching(name).order_by("search_name")
    people = {membership.user: None for membership in found.select_related("user")[:30]}
    return list(people)[:10]


@dataclass(frozen=True)
class Reader:
    """In whose language and time zone an export is written; the request is over by then."""

    language: str = field(default_factory=lambda: translation.get_language() or "en")
    zone: Any = field(default_factory=timezone.get_current_timezone)


def activity_lines(customer: Customer, asked: Asked, last: AuditEvent) -> Iterator[str]:
    """The chain as JSON lines up to `last`, as `manage.py audit export` writes it.

    Of an event that is not asked for, only its place and hashes: who reads can prove that the
    others are unchanged and none is missing.
    """
    every = Q(pk__lte=last.pk)
    wanted = Case(
        When(every if asked.is_everything else asked.condition() | Q(pk=last.pk), then=Value(True)),
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
        "data": said_of(event),
        "hash": event.hash,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"


def history_lines(person: User, last: AuditEvent) -> Iterator[str]:
    """A person's own history up to `last` as JSON lines, oldest first."""
    for found in _oldest_first([one.filter(pk__lte=last.pk) for one in _history_streams(person)]):
        yield "".join(own_line_of(event) for event in found)


def history_rows(person: User, last: AuditEvent, reader: Reader) -> Iterator[list[Any]]:
    """The same in words, for a spreadsheet."""
    return _in_words([one.filter(pk__lte=last.pk) for one in _history_streams(person)], reader)


def activity_rows(
    customer: Customer, asked: Asked, last: AuditEvent, reader: Reader
) -> Iterator[list[Any]]:
    """What is asked of a trail up to `last`, in words, for a spreadsheet."""
    among = AuditEvent.objects.filter(asked.condition(), customer=customer, pk__lte=last.pk)
    return _in_words(_streams(among, asked), reader)


def _in_words(streams: list[QuerySet[AuditEvent]], reader: Reader) -> Iterator[list[Any]]:
    """When, who, what, and the proof, oldest first."""
    for found in _oldest_first(streams):
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
