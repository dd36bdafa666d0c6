"""A customer's trail narrowed down, and the lines of its export."""

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
from accounts.selectors.trail import sentence_of

SKEW = timedelta(minutes=10)  # clocks of several machines may differ by less
AT_ONCE = 500  # events read together for an export


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
    bounds = _bounds(customer, asked)
    if after.isascii() and after.isdigit() and len(after) < 19:  # else page_of refuses it
        bounds &= Q(pk__lt=int(after))
    streams = [
        stream.filter(bounds & asked.condition()).order_by("-pk").values("pk")[: size + 1]
        for stream in _streams(among, asked)
    ]
    parts: list[str] = []
    parameters: list[Any] = []
    for number, stream in enumerate(streams):
        sql, values = stream.query.sql_with_params()
        parts.append(f"SELECT s{number}.pk FROM ({sql}) s{number}")  # noqa: S608 -- the ORM's own
        parameters += values
    newest = RawSQL(" UNION ".join(parts) or "SELECT NULL", parameters)  # noqa: S611
    rows = AuditEvent.objects.filter(pk__in=newest)
    return page_of(rows, among=among, order=("-pk",), after=after, size=size)


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


def table_rows(events: QuerySet[AuditEvent], reader: Reader) -> Iterator[list[Any]]:
    """Events in words, oldest first, for a spreadsheet: when, who, what, and the proof."""
    done = 0
    while True:
        found = list(events.filter(pk__gt=done).order_by("pk")[:AT_ONCE])
        if not found:
            return
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
        done = found[-1].pk
