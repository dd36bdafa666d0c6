"""Requests, as those who may see them list them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.choices import APPROVED_AS_ASKED, RequestState
from accounts.models import AccessRequest, Customer, Membership, User
from accounts.search import typed_words

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
    requests = AccessRequest.objects.filter(customer=customer)
    if typed_words(search):
        found = Q(membership__in=Membership.objects.matching(search, customer=customer))
        for by_content in _SEARCHES:
            found |= by_content(customer, search)
        requests = requests.filter(found)
    if not membership.is_super_user:
        requests = requests.filter(membership=membership)
    return requests.select_related("membership__user", "answered_by")


def waiting_requests(membership: Membership, *, search: str = "") -> QuerySet[AccessRequest]:
    """Return the open ones of requests_of, oldest first."""
    return requests_of(membership, search=search).filter(state=RequestState.OPEN).order_by("pk")


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


def settled_requests(membership: Membership, *, search: str = "") -> QuerySet[AccessRequest]:
    """Return those of requests_of that are answered or withdrawn, latest first."""
    return (
        requests_of(membership, search=search)
        .exclude(state=RequestState.OPEN)
        .order_by("-answered_at", "-pk")
    )
