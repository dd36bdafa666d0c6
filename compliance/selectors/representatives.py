"""Reads of representatives on file."""

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Customer, User
from accounts.selectors import Page, page_of
from compliance.models import Representative

SIZE = 25  # rows of a page


def representatives() -> QuerySet[Representative]:
    """Return all representatives with what pages show of them."""
    return Representative.objects.select_related(
        "membership__user", "membership__customer", "proposed_by", "confirmed_by"
    )


def representatives_of(customer: Customer, *, after: str = "") -> Page[Representative]:
    """Return a page of a company's representatives, newest first."""
    rows = representatives().filter(membership__customer=customer)
    return page_of(rows, among=rows, order=("-pk",), after=after, size=SIZE)


def proposed_representatives(*, after: str = "") -> Page[Representative]:
    """Return a page of those who wait for the provider's staff, oldest first."""
    rows = representatives().filter(confirmed_at=None, ended_at=None, until__gt=timezone.now())
    among = representatives()
    return page_of(rows, among=among, order=("pk",), after=after, size=SIZE)


def representative_of(person: User, customer: Customer) -> Representative | None:
    """Return the person as a representative of a company who may act now, if they are one."""
    return (
        Representative.objects.in_force()
        .filter(membership__user=person, membership__customer=customer)
        .select_related("membership__user", "membership__customer")
        .first()
    )
