"""Begin reviews by hand and each quarter, send reminders, and end reviews that are overdue."""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as moment
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import CustomerStatus
from accounts.models import Customer, User
from accounts.permissions import lock_customer, lock_managed_customer
from accounts.services.audit import record_event
from accounts.timezones import today_of_provider
from portals import emails
from portals.choices import ReviewState
from portals.models import AccessReview, PersonGrant, ReviewQuarter, TeamGrant
from portals.permissions import ReviewRefused
from portals.services.reviews.items import gather_items

logger = logging.getLogger(__name__)

REVIEW_PERIOD = timedelta(days=30)
REMINDERS = (
    ("waiting", REVIEW_PERIOD - timedelta(days=14)),
    ("due", timedelta(days=3)),
)  # before `due_at`
MAX_PER_MINUTE = 50  # customers, and reviews, that one run looks after
MAX_STEPS_PER_MINUTE = 10  # of gathering the lines of one review


@transaction.atomic
def begin_review(*, actor: User, customer: Customer) -> AccessReview:
    """Begin a review now; the other Super Users are told once all its lines are gathered.

    Raises PermissionDenied unless the actor is a Super User here; ReviewRefused while one is open,
    or where nobody has a grant.
    """
    customer = lock_managed_customer(actor, customer)
    if customer.access_reviews.open().exists():
        raise ReviewRefused(_("A review is already open. Finish it first."), code="open")
    if not _has_access(customer):
        raise ReviewRefused(_("Nobody has access yet, so you can't start a review."), code="empty")
    return _begin(customer, actor)


def _begin(customer: Customer, actor: User | None) -> AccessReview:
    now = timezone.now()
    review = AccessReview.objects.create(
        customer=customer, begun_at=now, begun_by=actor, due_at=now + REVIEW_PERIOD
    )
    record_event(kind="review.begun", actor=actor, customer=customer, review=str(review.uuid))
    gather_items(review)
    review.refresh_from_db()
    return review


def _has_access(customer: Customer) -> bool:
    return any(
        rows.objects.filter(content_object__subscription__customer=customer).exists()
        for rows in (PersonGrant, TeamGrant)
    )


def run_reviews() -> None:
    """Begin quarterly reviews, gather lines and send reminders; called every minute.

    Each run does a bounded amount, and several workers can run it at once.
    """
    _run_each(_customers_due(), _begin_quarterly_review)
    _run_each(
        AccessReview.objects.open().filter(ready_at=None)[:MAX_PER_MINUTE], _continue_gathering
    )
    _run_each(_reviews_to_remind(), _remind)


def _run_each(rows: Any, act: Callable[[Any], None]) -> None:
    """Call `act` for each row in a transaction of its own; a failure stops no other."""
    for row in list(rows):
        try:
            act(row)
        except Exception:
            logger.exception("a review did not go on: %s %s", type(row).__name__, row.pk)


def _quarter() -> date:
    """Return the first day of this quarter, in the provider's time zone."""
    today = today_of_provider()
    return date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)


def _customers_due() -> Any:
    """Return active customers older than this quarter that have no ReviewQuarter row for it."""
    quarter = _quarter()
    quarter_start = datetime.combine(quarter, moment.min, tzinfo=timezone.get_default_timezone())
    done = ReviewQuarter.objects.filter(customer=OuterRef("pk"), quarter=quarter)
    return Customer.objects.filter(
        ~Exists(done), status=CustomerStatus.ACTIVE, created_at__lt=quarter_start
    ).order_by("pk")[:MAX_PER_MINUTE]


@transaction.atomic
def _begin_quarterly_review(customer: Customer) -> None:
    """Begin this quarter's review, once.

    An overdue review ends first. One that began within REVIEW_PERIOD replaces the quarter's.
    """
    customer = lock_customer(customer)
    _quarter_row, is_first = ReviewQuarter.objects.get_or_create(
        customer=customer, quarter=_quarter()
    )
    if not is_first or customer.status != CustomerStatus.ACTIVE:
        return
    latest = customer.access_reviews.order_by("-pk").first()
    if latest is not None and latest.is_overdue:
        _end_unfinished(latest)
    elif latest is not None and latest.begun_at > timezone.now() - REVIEW_PERIOD:
        return
    if _has_access(customer):
        _begin(customer, None)


def _end_unfinished(review: AccessReview) -> None:
    """End a review that nobody finished; access that was not reviewed stays."""
    review.state, review.ended_at = ReviewState.NOT_FINISHED, timezone.now()
    review.save(update_fields=["state", "ended_at"])
    record_event(
        kind="review.not_finished",
        actor=None,
        customer=review.customer,
        review=str(review.uuid),
        percent=review.percent,
        total=review.total,
        decided=review.decided,
    )


def _continue_gathering(review: AccessReview) -> None:
    for _step in range(MAX_STEPS_PER_MINUTE):
        if gather_items(review):
            return


def _reviews_to_remind() -> Any:
    """Return the open reviews that have a reminder due."""
    now = timezone.now()
    due = Q(pk=None)
    for sent, (_kind, before) in enumerate(REMINDERS):
        due |= Q(reminders=sent, due_at__lte=now + before)
    return AccessReview.objects.open().filter(
        due, due_at__gt=now, ready_at__isnull=False, customer__status=CustomerStatus.ACTIVE
    )[:MAX_PER_MINUTE]


@transaction.atomic
def _remind(review: AccessReview) -> None:
    """Send the latest reminder that is due, once; earlier ones that were missed are skipped."""
    review = AccessReview.objects.select_for_update().get(pk=review.pk)
    remaining = review.due_at - timezone.now()
    due = [number for number, (_kind, before) in enumerate(REMINDERS, 1) if remaining <= before]
    if not review.is_open or not due or due[-1] <= review.reminders:
        return
    review.reminders = due[-1]
    review.save(update_fields=["reminders"])
    emails.tell_about_review(review, REMINDERS[due[-1] - 1][0])
