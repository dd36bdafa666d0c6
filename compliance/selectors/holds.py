"""Legal holds: for the staff who place and end them, and whose data they keep."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from accounts.models import Membership, User
from accounts.selectors import page_of
from accounts.selectors.addresses import addresses_of_all, people_with
from accounts.selectors.paging import Page
from compliance.choices.erasures import HoldScope
from compliance.models import LegalHold

LATEST = 20  # ended holds on the page


@dataclass(frozen=True)
class HoldSubjects:
    """The people whose rows are kept, by their keys, and every address known of them."""

    people: frozenset[int]
    addresses: frozenset[str]


def subjects_of_holds(
    holds: Iterable[LegalHold], *, people: Iterable[int] = (), addresses: Iterable[str] = ()
) -> HoldSubjects:
    """Return whose rows are kept by holds, and because of more people and addresses.

    An address stands for the people who have or had it, and a person for all their addresses, at
    this moment: so a hold covers an address that its person got after it was placed. A hold of a
    data item keeps everybody's rows; it is left out.
    """
    named = [hold for hold in holds if hold.scope != HoldScope.ITEM]
    known = {address.lower() for address in addresses}
    known |= {hold.address.lower() for hold in named if hold.address}
    found = {*people, *(hold.person_id for hold in named if hold.person_id), *people_with(known)}
    companies = {hold.customer_id for hold in named if hold.customer_id}
    if companies:
        members = Membership.objects.filter(customer__in=companies)
        found |= set(members.values_list("user", flat=True))
    return HoldSubjects(frozenset(found), frozenset(known | addresses_of_all(found)))


def holds_about(person: User | None, addresses: Iterable[str]) -> list[LegalHold]:
    """Return the holds in force of a person's or an address's data, those that end first first."""
    about = Q(scope=HoldScope.ITEM)
    if LegalHold.objects.in_force().exclude(about).exists():  # the addresses take some queries
        known = {address.lower() for address in addresses}
        people = people_with(known) | ({person.pk} if person else set())
        known |= addresses_of_all(people)
        companies = Membership.objects.filter(user__in=people).values("customer")
        about |= Q(person__in=people) | Q(customer__in=companies) | Q(address__in=known)
    return list(LegalHold.objects.in_force().filter(about).order_by("until"))


def holds_in_force(*, after: str = "") -> Page[LegalHold]:
    """Return a page of the holds in force, those that end soonest first. Raises BadCursor."""
    rows = LegalHold.objects.in_force().select_related("person", "customer", "placed_by")
    return page_of(rows, among=LegalHold.objects.all(), order=("until", "pk"), after=after)


def ended_holds() -> list[LegalHold]:
    """Return the latest holds that staff ended, or that ended by themselves."""
    over = LegalHold.objects.filter(Q(ended_at__isnull=False) | Q(until__lte=timezone.now()))
    return list(over.select_related("person", "customer", "ended_by").order_by("-pk")[:LATEST])
