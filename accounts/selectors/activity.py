"""The activity log of a customer, a person's own history, and the exports of both."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone, translation

from accounts.choices import CONCERN_EVERYBODY, kinds_in
from accounts.models import (
    AuditEvent,
    AuditEventPerson,
    AuditEventResource,
    Customer,
    Membership,
    User,
)
from accounts.models.audit import chain_name
from accounts.selectors.event_lines import line_of, own_line_of
from accounts.selectors.event_sources import BATCH_SIZE, EventSource, newest_page, oldest_first
from accounts.selectors.events import details_of, history_of, sentence_of
from accounts.selectors.paging import PAGE_SIZE, Page, page_of

SKEW = timedelta(minutes=10)  # the clocks of several machines differ by less


@dataclass(frozen=True)
class ActivityFilter:
    """A filter of the activity log; an empty field does not narrow it."""

    person: User | None = None  # who did it, whom it is about, or for whom it changed something
    resource: int | None = None
    group: str = ""
    since: datetime | None = None
    before: datetime | None = None  # exclusive

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return self == ActivityFilter()

    def condition(self) -> Q:
        """Return the filter as one condition on events."""
        condition = Q()
        if self.person is not None:
            person_rows = AuditEventPerson.objects.filter(event=OuterRef("pk"), person=self.person)
            condition &= (
                Q(actor=self.person)
                | Q(person=self.person)
                | Q(kind__in=CONCERN_EVERYBODY)
                | Q(Exists(person_rows))
            )
        if self.resource is not None:
            resource_rows = AuditEventResource.objects.filter(
                event=OuterRef("pk"), resource=self.resource
            )
            condition &= Q(Exists(resource_rows))
        if self.group:
            condition &= Q(kind__in=kinds_in(self.group))
        if self.since is not None:
            condition &= Q(at__gte=self.since)
        if self.before is not None:
            condition &= Q(at__lt=self.before)
        return condition


def find_activity(
    customer: Customer, activity_filter: ActivityFilter, *, after: str = "", size: int = PAGE_SIZE
) -> Page[AuditEvent]:
    """Return one page of a customer's events, newest first.

    Each filter reads an index of its own backwards and stops with the page, so a page costs the
    same however long the log is. Raises BadCursor.
    """
    among = AuditEvent.objects.filter(chain=chain_name(customer))
    if activity_filter.is_everything:
        return page_of(among, among=among, order=("-sequence",), after=after, size=size)
    return newest_page(_sources(customer, activity_filter), among=among, after=after, size=size)


def has_signed_in_before(person: User) -> bool:
    """Return whether a person signed in before the sign-in that has just been recorded."""
    sign_ins = AuditEvent.objects.filter(person=person, kind="sign_in.done")
    return len(sign_ins.order_by()[:2]) > 1


def find_history(person: User, *, after: str = "", size: int = PAGE_SIZE) -> Page[AuditEvent]:
    """Return one page of a person's own history, newest first; as cheap as find_activity.

    Raises BadCursor.
    """
    return newest_page(_history_sources(person), among=history_of(person), after=after, size=size)


def _history_sources(person: User) -> list[EventSource]:
    """Return what the person did, and what concerned them."""
    events = history_of(person)
    return [EventSource(events.filter(actor=person)), EventSource(events.filter(person=person))]


def _sources(customer: Customer, activity_filter: ActivityFilter) -> list[EventSource]:
    """Return the sources of a filter, from the narrowest index that it allows."""
    bounds = _bounds(customer, activity_filter)
    if activity_filter.resource is not None:
        resource_rows = AuditEventResource.objects.filter(resource=activity_filter.resource)
        other_conditions = replace(activity_filter, resource=None).condition()
        events = AuditEvent.objects.filter(other_conditions, customer=customer)
        return [EventSource(resource_rows, "event_id", events).within(**bounds)]
    person = activity_filter.person
    others = replace(activity_filter, person=None)
    among = AuditEvent.objects.filter(others.condition(), customer=customer)
    if person is not None:
        person_rows = AuditEventPerson.objects.filter(person=person)
        sources = [
            EventSource(among.filter(actor=person)),
            EventSource(among.filter(person=person)),
            EventSource(person_rows, "event_id", among),
            *(EventSource(among.filter(kind=kind)) for kind in CONCERN_EVERYBODY),
        ]
    elif activity_filter.group:
        sources = [EventSource(among.filter(kind=kind)) for kind in kinds_in(activity_filter.group)]
    else:
        sources = [EventSource(among)]
    return [source.within(**bounds) for source in sources]


def _bounds(customer: Customer, activity_filter: ActivityFilter) -> dict[str, int]:
    """Return the days of a filter as a range of primary keys, which every index ends with.

    Its upper end is at most the customer's last event. Without it, a database that expects to find
    the customer's events soon would read back from today to theirs, through everybody's.
    """
    events = AuditEvent.objects.filter(customer=customer)
    chain = AuditEvent.objects.filter(chain=chain_name(customer)).order_by("-sequence")
    bounds = {"lte": next(iter(chain.values_list("pk", flat=True)[:1]), 0)}
    if activity_filter.since is not None:
        first = (
            events.filter(at__gte=activity_filter.since - SKEW)
            .order_by("at")
            .values_list("pk", flat=True)
        )
        bounds["gte"] = next(iter(first[:1]), 2**62)
    if activity_filter.before is not None:
        last = (
            events.filter(at__lt=activity_filter.before + SKEW)
            .order_by("-at")
            .values_list("pk", flat=True)
        )
        bounds["lte"] = next(iter(last[:1]), 0)
    return bounds


def people_named(customer: Customer, name: str) -> list[User]:
    """Return at most ten present or former members found by the words of `name`.

    That is the name at work, the address, or a name of the account that an event of this customer
    holds in the clear: those from before words were sealed do. Otherwise the account's name is
    nobody's business here.
    """
    members = Membership.objects.matching(name, customer=customer)
    matches = list(members.order_by("search_name").select_related("user")[:30])
    by_account = Membership.objects.filter(customer=customer, user__in=User.objects.matching(name))
    by_account = by_account.exclude(work_name=F("user__name")).order_by("user__search_name")
    matches += _named_by_account(customer, by_account.select_related("user")[:30])
    return list({membership.user: None for membership in matches})[:10]


def _named_by_account(customer: Customer, members: Iterable[Membership]) -> list[Membership]:
    """Return those of whom an event of the customer holds the account's name."""
    events = AuditEvent.objects.filter(customer=customer)
    return [
        membership
        for membership in members
        if events.filter(actor=membership.user_id, actor_label=membership.user.name).exists()
        or events.filter(person=membership.user_id, public__person=membership.user.name).exists()
    ]


@dataclass(frozen=True)
class ExportLocale:
    """The language and time zone of an export, kept because its request is over by then."""

    language: str = field(default_factory=lambda: translation.get_language() or "en")
    zone: Any = field(default_factory=timezone.get_current_timezone)


def activity_lines(
    customer: Customer, activity_filter: ActivityFilter, last: AuditEvent
) -> Iterator[str]:
    """Yield a customer's chain up to `last` as JSON lines, as `manage.py audit export` writes them.

    An event outside the filter has only its place and hashes, which prove that the others are
    unchanged and none is missing.
    """
    everything = Q(pk__lte=last.pk)
    is_selected = Case(
        When(
            everything
            if activity_filter.is_everything
            else activity_filter.condition() | Q(pk=last.pk),
            then=Value(True),
        ),
        default=Value(False),
        output_field=BooleanField(),
    )
    events = AuditEvent.objects.filter(chain=chain_name(customer)).annotate(is_selected=is_selected)
    done = 0
    while True:
        rest = events.filter(sequence__gt=done, sequence__lte=last.sequence)
        batch = list(rest.order_by("sequence")[:BATCH_SIZE])
        if not batch:
            return
        yield "".join(line_of(event, whole=event.is_selected) for event in batch)
        done = batch[-1].sequence


def history_lines(person: User, last: AuditEvent) -> Iterator[str]:
    """Yield a person's own history up to `last` as JSON lines, oldest first."""
    sources = [source.within(lte=last.pk) for source in _history_sources(person)]
    for batch in oldest_first(sources):
        yield "".join(own_line_of(event) for event in batch)


def history_rows(person: User, last: AuditEvent, locale: ExportLocale) -> Iterator[list[Any]]:
    """Return a person's own history up to `last` as rows for a spreadsheet."""
    return _rows(_history_sources(person), last, locale)


def activity_rows(
    customer: Customer, activity_filter: ActivityFilter, last: AuditEvent, locale: ExportLocale
) -> Iterator[list[Any]]:
    """Return the filtered events of a customer up to `last` as rows for a spreadsheet."""
    return _rows(_sources(customer, activity_filter), last, locale, with_details=True)


def _details_text(event: AuditEvent) -> str:
    """Return the details of an event as one cell: a line for each, with its label."""
    return "\n".join(f"{label}: {'; '.join(lines)}" for label, lines in details_of(event))


def _rows(
    sources: list[EventSource],
    last: AuditEvent,
    locale: ExportLocale,
    *,
    with_details: bool = False,
) -> Iterator[list[Any]]:
    """Yield time, actor, sentence, details if wanted, kind, number and hash, oldest first."""
    for batch in oldest_first([source.within(lte=last.pk) for source in sources]):
        with translation.override(locale.language):
            rows = [
                [
                    event.at.astimezone(locale.zone).isoformat(sep=" ", timespec="seconds"),
                    str(event.actor_name),
                    sentence_of(event),
                    *([_details_text(event)] if with_details else []),
                    event.kind,
                    event.sequence,
                    event.hash,
                ]
                for event in batch
            ]
        yield from rows
