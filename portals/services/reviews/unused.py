"""Remove all long unused access of a review at once."""

from collections import Counter
from itertools import groupby

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, User
from accounts.permissions import lock_managed_customer
from accounts.selectors import super_users_of
from portals import emails
from portals.choices import ReviewDecision
from portals.models import AccessReview, ReviewItem
from portals.permissions import ReviewRefused, require_open_review
from portals.selectors.reviews import unused_items
from portals.services.reviews.decisions import ItemDecision, SavedDecisions, decide_lines

MAX_AT_ONCE = 200


@transaction.atomic
def remove_unused(*, actor: User, review: AccessReview) -> SavedDecisions:
    """Remove the access that nobody used for 90 days, MAX_AT_ONCE at most: all of it or none.

    The actor's own is left out while another Super User could review it. Everyone who loses access
    is told once. Raises PermissionDenied unless the actor is a Super User here; ReviewRefused where
    nothing is unused, or the review is over.
    """
    customer = lock_managed_customer(actor, review.customer)
    review = AccessReview.objects.select_for_update().get(pk=review.pk)
    require_open_review(review)
    others = super_users_of(customer).exclude(user=actor).exists()
    items = unused_items(review, MAX_AT_ONCE, but=actor if others else None)
    if not items:
        raise ReviewRefused(_("All permissions were used in the last 90 days."), code="empty")
    counts: Counter[str] = Counter()
    removals: list[AuditEvent] = []
    lost: list[ReviewItem] = []
    for _section, lines in groupby(items, key=lambda item: item.section):
        decisions = [ItemDecision(item.pk, ReviewDecision.REMOVE.value) for item in lines]
        saved = decide_lines(actor=actor, review=review, decisions=decisions)
        counts += saved.counts
        removals += saved.removals
        lost += saved.lost
    emails.tell_about_lost_access(actor, review, lost)
    return SavedDecisions(counts, removals, lost)
