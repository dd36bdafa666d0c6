"""When a review begins, whom it reminds, and how it ends when nobody finishes it."""

import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as moment
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import CustomerStatus
from accounts.models import Customer, User
from accounts.permissions import lock_customer, lock_managed_customer
from accounts.services.audit import record_event
from portals import emails
from portals.choices import ReviewState
from portals.models import AccessReview, PersonGrant, ReviewQuarter, TeamGrant
from portals.services.reviews.items import gather_items

logger = logging.getLogger(__name__)

OPEN_FOR = timedelta(days=30)
REMINDERS = (("waiting", OPEN_FOR - timedelta(days=14)), ("due", timedelta(days=3)))  # before due
A_MINUTE = 50  # customers, and again reviews, one minute looks after
STEPS_A_MINUTE = 10  # of gathering, of one review


class ReviewRefused(ValidationError):
    """This cannot be reviewed so; the message says why."""


@transaction.atomic
def begin_review(*, actor: User, customer: Customer) -> AccessReview:
    """Begin a review now; the other Super Users are told once it is ready.

    Raises PermissionDenied unless the actor is a Super User here; ReviewRefused while one is open,
    or when nobody holds a right.
    """
    customer = lock_managed_customer(actor, customer)
    if customer.access_reviews.open().exists():
        raise ReviewRefused(_("A review is open already."), code="open")
    if not _has_access(customer):
        raise ReviewRefused(_("Nobody holds a right that could be reviewed."), code="empty")
    return _begin(customer, actor)


def _begin(customer: Customer, actor: User | None) -> AccessReview:
    now = timezone.now()
    review = AccessReview.objects.create(
        customer=customer, begun_at=now, begun_by=actor, due_at=now + OPEN_FOR
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
    """What a minute brings: rounds that begin, lines still to gather, reminders that fall due.

    A bounded amount of each; several workers may do it at once.
    """
    _each(_whose_turn_came(), _take_turn)
    _each(AccessReview.objects.open().filter(ready_at=None)[:A_MINUTE], _go_on_gathering)
    _each(_to_remind(), _remind)


def _each(rows: Any, act: Callable[[Any], None]) -> None:
    """One after the other, each in its own transaction; a failure stops no other."""
    for row in list(rows):
        try:
            act(row)
        except Exception:
            logger.exception("a review did not go on: %s %s", type(row).__name__, row.pk)


def _quarter() -> date:
    """The first day of this quarter."""
    today = timezone.localdate()
    return date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)


def _whose_turn_came() -> Any:
    """Active customers older than this quarter, which had no turn in it yet."""
    quarter = _quarter()
    began = datetime.combine(quarter, moment.min, tzinfo=timezone.get_default_timezone())
    had_it = ReviewQuarter.objects.filter(customer=OuterRef("pk"), quarter=quarter)
    return Customer.objects.filter(
        ~Exists(had_it), status=CustomerStatus.ACTIVE, created_at__lt=began
    ).order_by("pk")[:A_MINUTE]


@transaction.atomic
def _take_turn(customer: Customer) -> None:
    """Begin this quarter's round, once; an overdue one ends first, one not yet due goes on."""
    customer = lock_customer(customer)
    _turn, first = ReviewQuarter.objects.get_or_create(customer=customer, quarter=_quarter())
    if not first or customer.status != CustomerStatus.ACTIVE:
        return
    latest = customer.access_reviews.order_by("-pk").first()
    if latest is not None and latest.is_overdue:
        _end_unfinished(latest)
    elif latest is not None and latest.begun_at > timezone.now() - OPEN_FOR:
        return
    if _has_access(customer):
        _begin(customer, None)


def _end_unfinished(review: AccessReview) -> None:
    """Nothing is removed: what was not looked at stays as it is, and the trail says so."""
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


def _go_on_gathering(review: AccessReview) -> None:
    for _step in range(STEPS_A_MINUTE):
        if gather_items(review):
            return


def _to_remind() -> Any:
    """Open reviews of which a reminder has fallen due."""
    now = timezone.now()
    due = Q(pk=None)
    for sent, (_kind, before) in enumerate(REMINDERS):
        due |= Q(reminders=sent, due_at__lte=now + before)
    return AccessReview.objects.open().filter(
        due, due_at__gt=now, ready_at__isnull=False, customer__status=CustomerStatus.ACTIVE
    )[:A_MINUTE]


@transaction.atomic
def _remind(review: AccessReview) -> None:
    """Send the latest reminder that has fallen due, once; one that was missed is not sent late."""
    review = AccessReview.objects.select_for_update().get(pk=review.pk)
    left = review.due_at - timezone.now()
    fallen = [number for number, (_kind, before) in enumerate(REMINDERS, 1) if left <= before]
    if not review.is_open or not fallen or fallen[-1] <= review.reminders:
        return
    review.reminders = fallen[-1]
    review.save(update_fields=["reminders"])
    emails.tell_about_review(review, REMINDERS[fallen[-1] - 1][0])
