"""Verdicts: one part of a review at a time, all of it or nothing, each line once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import Role
from accounts.models import AuditEvent, Customer, Membership, Team, User
from accounts.permissions import lock_managed_customer
from accounts.selectors import super_users_of
from accounts.services.audit import record_event
from accounts.services.memberships import change_role
from portals.choices import ReviewDecision, ReviewState
from portals.models import AccessReview, Privilege, PrivilegeInclusion, ReviewItem
from portals.selectors.reviews import still_standing
from portals.services.grants import (
    Grant,
    GrantTerms,
    grant_at_least,
    grant_privilege,
    revoke_privilege,
)
from portals.services.reviews.rounds import ReviewRefused

CHOSEN = {ReviewDecision.KEEP, ReviewDecision.REDUCE, ReviewDecision.REMOVE}


@dataclass(frozen=True)
class ItemDecision:
    """What becomes of one line; a reduction names a smaller right, an earlier end, or both."""

    item: int
    decision: str
    privilege: Privilege | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Saved:
    """What became of the lines that were decided."""

    counted: Counter[str]  # how many of each verdict
    taken: list[AuditEvent]  # what was taken for it, which can be undone


@transaction.atomic
def save_decisions(
    *,
    actor: User,
    review: AccessReview,
    decisions: Sequence[ItemDecision],
    signed_in_at: datetime | None = None,
) -> Saved:
    """Decide lines of one person or team, and do what was decided.

    A line whose right changed or went meanwhile is left as it is and counts so. The last line of a
    review finishes it. Raises PermissionDenied unless the actor is a Super User here;
    ReviewRefused for lines that were decided, are not of one holder, or are the actor's own while
    somebody else could decide, by the line's key where it is one line's fault; FreshSignInRequired
    where a reduction gives a sensitive right.
    """
    customer = lock_managed_customer(actor, review.customer)
    review = AccessReview.objects.select_for_update().get(pk=review.pk)
    if not review.is_open:
        raise ReviewRefused(_("This review is over."), code="over")
    wanted = {decision.item: decision for decision in decisions}
    items = _undecided(review, wanted, len(decisions))
    own = items[0].concerns(actor)
    if own and super_users_of(customer).exclude(user=actor).exists():
        raise ReviewRefused(
            _("These are your own rights. Another Super User reviews them."), code="own"
        )
    standing = still_standing(items)
    now = timezone.now()
    taken: list[AuditEvent | None] = []
    for item in items:
        decision, right = wanted[item.pk], standing.get(item.pk)
        item.decision = (
            ReviewDecision.OVERTAKEN if right is None else ReviewDecision(decision.decision)
        )
        item.decided_by, item.decided_at = actor, now
        try:
            if isinstance(right, Membership):
                _decide_role(actor, right, decision)
            elif right is not None:
                taken.append(_decide_right(actor, item, right, decision, signed_in_at))
        except ValidationError as refusal:
            raise ReviewRefused({str(item.pk): refusal.messages}) from refusal
    ReviewItem.objects.bulk_update(items, ["decision", "decided_by", "decided_at"], batch_size=200)
    counted = Counter(str(item.decision) for item in items)
    _record(actor, customer, review, items, counted, own=own)
    return Saved(counted, [event for event in taken if event is not None])


def _undecided(
    review: AccessReview, wanted: dict[int, ItemDecision], given: int
) -> list[ReviewItem]:
    """The lines, all of one holder and none of them decided. Raises ReviewRefused."""
    items = list(
        review.items.filter(pk__in=wanted)
        .select_related(
            "membership__user", "membership__customer", "team", "privilege", "decided_by"
        )
        .order_by("pk")
    )
    one_part = len({item.section for item in items}) == 1 and len(items) == given
    if not one_part or review.ready_at is None:
        raise ReviewRefused(_("Choose from the lines on this page."), code="lines")
    if not all(decision.decision in CHOSEN for decision in wanted.values()):
        raise ReviewRefused(_("Choose: keep, reduce or remove."), code="decision")
    for item in items:
        if item.decision is not None:
            raise ReviewRefused(
                _("%(person)s has already reviewed this part."),
                code="decided",
                params={"person": item.decided_by},
            )
    return items


def _decide_role(actor: User, membership: Membership, decision: ItemDecision) -> None:
    if decision.decision == ReviewDecision.REDUCE:
        change_role(actor=actor, membership=membership, role=Role.USER)
    if decision.decision == ReviewDecision.REMOVE:
        raise ReviewRefused(_("Remove a person on their own page; it asks what becomes of it all."))


def _decide_right(
    actor: User,
    item: ReviewItem,
    grant: Grant,
    decision: ItemDecision,
    signed_in_at: datetime | None,
) -> AuditEvent | None:
    if decision.decision == ReviewDecision.REMOVE:
        return revoke_privilege(actor=actor, grant=grant)
    if decision.decision == ReviewDecision.REDUCE:
        return _reduce(actor, item, grant, decision, signed_in_at)
    return None


def _reduce(
    actor: User,
    item: ReviewItem,
    grant: Grant,
    decision: ItemDecision,
    signed_in_at: datetime | None,
) -> AuditEvent | None:
    """A smaller right in place of this one, an earlier end, or both; never more than there was.

    Out: the event of the right that was taken for a smaller one.
    """
    given: Privilege = grant.permission.privilege
    smaller, ends = decision.privilege or given, decision.expires_at or grant.expires_at
    earlier = ends is not None and (grant.expires_at is None or ends < grant.expires_at)
    if smaller == given and not earlier:
        raise ReviewRefused(_("Choose a smaller right, or an earlier end."))
    if grant.expires_at is not None and ends is not None and ends > grant.expires_at:
        raise ReviewRefused(_("The right ends before that already."))
    within = PrivilegeInclusion.objects.filter(privilege=given, included=smaller)
    if not within.exists():
        raise ReviewRefused(_("This is no smaller right of the same kind."))
    grantee: Membership | Team | None = item.membership or item.team
    if grantee is None:
        raise ReviewRefused(_("This team no longer exists."))
    give, taken = grant_privilege, None
    if smaller != given:  # where the smaller is held by itself for longer, it stays so
        give, taken = grant_at_least, revoke_privilege(actor=actor, grant=grant)
    give(
        actor=actor,
        grantee=grantee,
        privilege=smaller,
        resource=grant.content_object,
        terms=GrantTerms(
            starts_at=grant.starts_at,
            expires_at=ends,
            reason=grant.reason or _("Reduced in an access review"),
        ),
        signed_in_at=signed_in_at,
    )
    return taken


def _record(
    actor: User,
    customer: Customer,
    review: AccessReview,
    items: Sequence[ReviewItem],
    counted: Counter[str],
    *,
    own: bool,
) -> None:
    """The part's event; with the last part, the end of the review and its event."""
    review.kept += counted[ReviewDecision.KEEP]
    review.reduced += counted[ReviewDecision.REDUCE]
    review.removed += counted[ReviewDecision.REMOVE]
    review.overtaken += counted[ReviewDecision.OVERTAKEN]
    finished = review.decided == review.total
    membership = items[0].membership
    record_event(
        kind="review.own_part_saved" if own else "review.part_saved",
        actor=actor,
        customer=customer,
        person=membership.user if membership else None,
        grantee=items[0].grantee_name,
        review=str(review.uuid),
        kept=counted[ReviewDecision.KEEP],
        reduced=counted[ReviewDecision.REDUCE],
        removed=counted[ReviewDecision.REMOVE],
        overtaken=counted[ReviewDecision.OVERTAKEN],
        decisions=[
            {
                "kind": item.kind,
                "privilege": item.labels,
                "resource": item.resource_name,
                "resource_id": item.resource_id,
                "grant": item.grant_id,
                "decision": item.decision,
            }
            for item in items
        ],
    )
    if finished:
        review.state, review.ended_by = ReviewState.FINISHED, actor
        review.ended_at = timezone.now()
    review.save()
    if finished:
        record_event(
            kind="review.finished",
            actor=actor,
            customer=customer,
            review=str(review.uuid),
            total=review.total,
            kept=review.kept,
            reduced=review.reduced,
            removed=review.removed,
            overtaken=review.overtaken,
        )
