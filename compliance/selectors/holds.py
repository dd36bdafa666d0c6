"""Legal holds, for the staff who place and end them."""

from django.db.models import Q
from django.utils import timezone

from accounts.selectors import page_of
from accounts.selectors.paging import Page
from compliance.models import LegalHold

LATEST = 20  # ended holds on the page


def holds_in_force(*, after: str = "") -> Page[LegalHold]:
    """Return a page of the holds in force, those that end soonest first. Raises BadCursor."""
    rows = LegalHold.objects.in_force().select_related("person", "customer", "placed_by")
    return page_of(rows, among=LegalHold.objects.all(), order=("until", "pk"), after=after)


def ended_holds() -> list[LegalHold]:
    """Return the latest holds that staff ended, or that ended by themselves."""
    over = LegalHold.objects.filter(Q(ended_at__isnull=False) | Q(until__lte=timezone.now()))
    return list(over.select_related("person", "customer", "ended_by").order_by("-pk")[:LATEST])
