"""The people list of a customer: filtered, searched, sorted, and read page by page.

A query costs at most one walk through the customer's own people, by an index. The first page and a
search cost the same however many people there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.choices import PeopleOrder, PersonState
from accounts.models import Customer, Membership, Team
from accounts.models.search import matching
from accounts.selectors.factors import second_factors
from accounts.selectors.paging import PAGE_SIZE, Page, page_by_name, page_of

AWAY_AFTER = timedelta(days=90)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # sorts people who never signed in first
CHUNK_SIZE = 500

_SORT_KEYS = {
    PeopleOrder.NEWEST: ("-joined_at", "-pk"),
    PeopleOrder.LAST_SIGN_IN: ("last_sign_in_at", "pk"),
}


@dataclass(frozen=True)
class PeopleFilter:
    """A filter and an order of people; an empty field does not narrow. `also` is for upper apps."""

    search: str = ""
    role: str = ""
    state: str = ""
    team: Team | None = None
    second_factor: bool | None = None
    away: bool = False  # no sign-in for AWAY_AFTER, or never
    sort: str = PeopleOrder.NAME
    also: Q = field(default_factory=Q)


def people_page(
    customer: Customer, people_filter: PeopleFilter, *, after: str = "", size: int = PAGE_SIZE
) -> Page[Membership]:
    """Return one page of the list. Raises BadCursor."""
    search = people_filter.search
    rows = narrowed(customer, people_filter)
    among: QuerySet[Membership] = Membership.objects.filter(customer=customer)
    if people_filter.sort == PeopleOrder.NAME:
        return page_by_name(
            rows, among=among, search=search, after=after, size=size, customer=customer
        )
    if people_filter.sort == PeopleOrder.LAST_SIGN_IN:
        rows, among = _with_sign_in(rows), _with_sign_in(among)
    order = _SORT_KEYS[PeopleOrder(people_filter.sort)]
    found = matching(rows, search, customer=customer)
    return page_of(found, among=among, order=order, after=after, size=size)


def people_in_chunks(customer: Customer, people_filter: PeopleFilter) -> Iterator[list[Membership]]:
    """Yield the whole list, some hundred people at a time."""
    after = ""
    while True:
        page = people_page(customer, people_filter, after=after, size=CHUNK_SIZE)
        yield page.rows
        after = page.next_cursor
        if not after:
            return


def count_people(customer: Customer, people_filter: PeopleFilter) -> int:
    """Return the length of the whole list. It walks through it, so no page calls this."""
    people = narrowed(customer, people_filter)
    return matching(people, people_filter.search, customer=customer).count()


def count_up_to(most: int, customer: Customer, people_filter: PeopleFilter) -> int:
    """Return the length of a list without a search, or `most` where it is longer."""
    return narrowed(customer, people_filter)[:most].count()


def with_second_factor(people: list[Membership]) -> set[int]:
    """Return the primary keys of the users who have a second factor, with one query."""
    users = [membership.user_id for membership in people]
    return set(second_factors().filter(user__in=users).values_list("user_id", flat=True))


def narrowed(customer: Customer, people_filter: PeopleFilter) -> QuerySet[Membership]:
    """Return the people that fit all of a filter but its search, unsorted."""
    people = Membership.objects.present().filter(people_filter.also, customer=customer)
    if people_filter.role:
        people = people.filter(role=people_filter.role)
    if people_filter.state == PersonState.ACTIVE:
        people = people.filter(suspended_at=None, ends_at=None, user__is_active=True)
    elif people_filter.state == PersonState.SUSPENDED:
        people = people.filter(suspended_at__isnull=False)
    elif people_filter.state == PersonState.OFFBOARDING:
        people = people.filter(ends_at__isnull=False)
    if people_filter.team is not None:
        people = people.filter(team_memberships__team=people_filter.team)
    if people_filter.second_factor is not None:
        has_factor = Exists(second_factors().filter(user=OuterRef("user")))
        people = people.filter(has_factor if people_filter.second_factor else ~has_factor)
    if people_filter.away:
        since = timezone.now() - AWAY_AFTER
        people = people.filter(Q(user__last_login=None) | Q(user__last_login__lt=since))
    return people.select_related("user", "customer")


def _with_sign_in(rows: QuerySet[Membership]) -> QuerySet[Membership]:
    never = Value(_NEVER, output_field=DateTimeField())
    return rows.annotate(last_sign_in_at=Coalesce("user__last_login", never))
