"""Reminding the other Super Users of a review that is due soon, or late."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import lock_managed_customer
from accounts.selectors import super_users_of
from accounts.services.audit import record_event
from portals import emails
from portals.models import AccessReview
from portals.permissions import ReviewRefused, require_open_review


@transaction.atomic
def remind_reviewers(*, actor: User, review: AccessReview) -> list[str]:
    """Ask the other Super Users to finish a review; return their names.

    Raises PermissionDenied unless the actor is a Super User here; ReviewRefused for a review that
    is over or not due within a week, where nobody else could finish it, and less than a day after
    the last reminder, whoever sent it.
    """
    customer = lock_managed_customer(actor, review.customer)
    review = AccessReview.objects.select_for_update().get(pk=review.pk)
    require_open_review(review)
    if not review.is_due_soon:
        raise ReviewRefused(
            _("You can send reminders only in the last week of the review."), code="early"
        )
    if not review.can_remind:
        raise ReviewRefused(
            _("A reminder was sent less than a day ago. Try again tomorrow."), code="reminded"
        )
    reviewers = list(super_users_of(customer).exclude(user=actor).select_related("user"))
    if not reviewers:
        raise ReviewRefused(
            _("You are the only Super User, so there is nobody to remind."), code="alone"
        )
    review.reminded_at = timezone.now()
    review.save(update_fields=["reminded_at"])
    names = [str(reviewer) for reviewer in reviewers]
    record_event(
        kind="review.reminded",
        actor=actor,
        customer=customer,
        review=str(review.uuid),
        reviewers=", ".join(names),
    )
    emails.remind_of_review(review, actor, reviewers)
    return names
