"""Reads of authorisations on file."""

from django.db.models import QuerySet

from accounts.models import Customer
from accounts.selectors import Page, page_of
from compliance.models import Authorisation
from portals.choices import SubscriptionStatus
from portals.models import Portal

SIZE = 25  # rows of a page


def authorisations() -> QuerySet[Authorisation]:
    """Return all authorisations with what pages show of them."""
    return Authorisation.objects.select_related(
        "customer__main_super_user__user", "given_by__membership__user", "proposed_by", "ended_by"
    )


def authorisations_of(customer: Customer, *, after: str = "") -> Page[Authorisation]:
    """Return a page of a company's authorisations, newest first."""
    rows = authorisations().filter(customer=customer)
    return page_of(rows, among=rows, order=("-pk",), after=after, size=SIZE)


def live_for_portal(portal: Portal) -> QuerySet[Authorisation]:
    """Return what holds at this moment for companies that use a portal (L47)."""
    return (
        Authorisation.objects.live()
        .filter(
            customer__subscriptions__portal=portal,
            customer__subscriptions__status=SubscriptionStatus.ACTIVE,
        )
        .select_related("customer", "given_by__membership")
    )
