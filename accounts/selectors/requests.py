"""Requests, as those who may see them list them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.db.models import BigIntegerField, CharField, DateTimeField, Q, QuerySet, UUIDField
from django.utils import timezone

from accounts.choices import APPROVED_AS_ASKED, RequestState
from accounts.models import AccessRequest, Customer, Membership, User
from accounts.search import typed_words
from accounts.selectors.composed import ComposedQuery, Given
from accounts.selectors.paging import Page, page_made_of, page_of

WAITING_SIZE = 25  # on a page: a row has up to two buttons and a box
SETTLED_SIZE = 20

Narrow = Callable[[QuerySet[AccessRequest]], QuerySet[AccessRequest]]
RequestSearch = Callable[[Customer, str], Q]


@dataclass(frozen=True)
class Answering:
    """Facts for whoever answers a request; `at_once` where one press approves it as it is."""

    at_once: bool
    note: str = ""


MAX_OF_PERSON = 20
Answerings = Callable[[Customer, Sequence[AccessRequest]], Mapping[int, Answering]]
_SEARCHES: list[RequestSearch] = []  # of upper apps: by what is asked for
_ANSWERINGS: list[Answerings] = []  # of upper apps: about the rows that they add


def register_request_search(search: RequestSearch) -> None:
    """Let an upper app find the requests of a customer by the rows that it adds to them."""
    _SEARCHES.append(search)


def register_answering(answering: Answerings) -> None:
    """Let an upper app say what to know about the requests to which it adds rows."""
    _ANSWERINGS.append(answering)


def answering_of(customer: Customer, requests: Sequence[AccessRequest]) -> dict[int, Answering]:
    """Return the key of each of a customer's requests → what to know before it is answered."""
    answering = {
        access_request.pk: Answering(access_request.kind in APPROVED_AS_ASKED)
        for access_request in requests
    }
    for of_rows in _ANSWERINGS:
        answering |= of_rows(customer, requests)
    return answering


def requests_of(membership: Membership, *, search: str = "") -> QuerySet[AccessRequest]:
    """Return a member's own requests; for a Super User, everybody's.

    The words of `search` find who asks, or what is asked for.
    """
    customer = membership.customer
    requests = _of(customer, None if membership.is_super_user else membership)
    if not typed_words(search):
        return requests
    found = Q(membership__in=Membership.objects.matching(search, customer=customer))
    for by_content in _SEARCHES:
        found |= by_content(customer, search)
    return requests.filter(found)


def _of(customer: Customer | Given, own: Membership | Given | None) -> QuerySet[AccessRequest]:
    """Return the requests of a customer, or only somebody's own."""
    requests: QuerySet[AccessRequest] = AccessRequest.objects.filter(customer=customer)
    if own is not None:
        requests = requests.filter(membership=own)
    return requests.select_related("membership__user", "answered_by")


def _waiting(requests: QuerySet[AccessRequest]) -> QuerySet[AccessRequest]:
    return requests.filter(state=RequestState.OPEN).order_by("pk")


def _settled(requests: QuerySet[AccessRequest]) -> QuerySet[AccessRequest]:
    return requests.exclude(state=RequestState.OPEN).order_by("-answered_at", "-pk")


def waiting_page(membership: Membership, *, search: str, after: str) -> Page[AccessRequest]:
    """Return a page of the open ones of `requests_of`, oldest first. Raises BadCursor."""
    if not search and not after:
        return _first_page(_waiting, WAITING_SIZE, membership)
    return page_of(
        _waiting(requests_of(membership, search=search)),
        among=requests_of(membership),
        order=("pk",),
        after=after,
        size=WAITING_SIZE,
    )


def settled_page(membership: Membership, *, search: str, after: str) -> Page[AccessRequest]:
    """Return a page of those that are answered or withdrawn, latest first. Raises BadCursor."""
    if not search and not after:
        return _first_page(_settled, SETTLED_SIZE, membership)
    return page_of(
        _settled(requests_of(membership, search=search)),
        among=_settled(requests_of(membership)),
        order=("-answered_at", "-pk"),
        after=after,
        size=SETTLED_SIZE,
    )


def _first_page(narrow: Narrow, size: int, membership: Membership) -> Page[AccessRequest]:
    query = _first_rows(narrow, size, membership.is_super_user)
    rows = query.rows(customer=membership.customer_id, membership=membership.pk)
    return page_made_of(rows, size)


@cache
def _first_rows(narrow: Narrow, size: int, everybodys: bool) -> ComposedQuery[AccessRequest]:
    return ComposedQuery(
        lambda customer, membership: narrow(_of(customer, None if everybodys else membership))[
            : size + 1
        ],
        customer=BigIntegerField(),
        membership=BigIntegerField(),
    )


def requests_with_provider(*, search: str = "") -> QuerySet[AccessRequest]:
    """Return the requests that the provider's staff may see, found by company and person."""
    requests = AccessRequest.objects.with_provider()
    if typed_words(search):
        requests = requests.filter(
            Q(customer__in=Customer.objects.matching(search))
            | Q(membership__user__in=User.objects.matching(search))
        )
    return requests.select_related("membership__user", "customer", "answered_by")


def open_requests_of_person(person: User) -> QuerySet[AccessRequest]:
    """Return the requests of a person that wait in any of their companies, newest first."""
    waiting = AccessRequest.objects.filter(
        membership__user=person, state=RequestState.OPEN
    ).select_related("customer")
    return waiting.order_by("-pk")[:MAX_OF_PERSON]


def find_request(person: User, slug: str, key: UUID) -> AccessRequest | None:
    """Return a request that a person made, or of a customer they manage; else None."""
    return _REQUEST.first(user=person.pk, slug=slug, key=key, now=timezone.now())


_REQUEST = ComposedQuery(
    lambda user, slug, key, now: (
        AccessRequest.objects.visible_to(user, now)
        .filter(customer__slug=slug, uuid=key)
        .select_related("customer", "membership__user", "answered_by")
    ),
    user=BigIntegerField(),
    slug=CharField(),
    key=UUIDField(),
    now=DateTimeField(),
)
