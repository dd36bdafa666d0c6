"""Decisions in a review: the lines of one person or team at a time, all or none, each once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import Role
from accounts.models import AuditEvent, Customer, Membership, Team, User
from accounts.permissions import lock_managed_customer
from accounts.services.audit import record_event
from accounts.services.memberships import change_role
from portals import emails
from portals.choices import ItemKind, ReviewDecision, ReviewState
from portals.models import AccessReview, Privilege, PrivilegeInclusion, Resource, ReviewItem
from portals.permissions import ReviewRefused, refuse_own_review, require_open_review
from portals.selectors.reviews import unchanged_access
from portals.services.grants import (
    Grant,
    GrantTerms,
    grant_at_least,
    grant_privilege,
    revoke_privilege,
)

CHOICES = {ReviewDecision.KEEP, ReviewDecision.REDUCE, ReviewDecision.REMOVE}


@dataclass(frozen=True)
class ItemDecision:
    """A decision on one line; a reduction names a smaller privilege, an earlier end, or both."""

    item: int
    decision: str
    privilege: Privilege | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class SavedDecisions:
    """The result of one save."""

    counts: Counter[str]  # decision → number of lines
    removals: list[AuditEvent]  # of removed grants, which can be undone
    lost: list[ReviewItem]  # removed or reduced


@transaction.atomic
def save_decisions(
    *,
    actor: User,
    review: AccessReview,
    decisions: Sequence[ItemDecision],
    signed_in_at: datetime | None = None,
) -> SavedDecisions:
    """Decide lines of one person or team, and carry the decisions out.

    A line whose grant was changed or removed meanwhile is recorded as overtaken. The last line of a
    review finishes it. Raises PermissionDenied unless the actor is a Super User here;
    FreshSignInRequired where a reduction gives a sensitive privilege; ReviewRefused for lines that
    are decided, are not of one person or team, or are the actor's own while another Super User
    could decide. The error is under the line's key where it is about one line. Those who lose
    access are told.
    """
    saved = decide_lines(actor=actor, review=review, decisions=decisions, signed_in_at=signed_in_at)
    emails.tell_about_lost_access(actor, review, saved.lost)
    return saved


def decide_lines(
    *,
    actor: User,
    review: AccessReview,
    decisions: Sequence[ItemDecision],
    signed_in_at: datetime | None = None,
) -> SavedDecisions:
    """Do as save_decisions in the caller's transaction, and tell nobody."""
    customer = lock_managed_customer(actor, review.customer)
    review = AccessReview.objects.select_for_update().get(pk=review.pk)
    require_open_review(review)
    by_item = {decision.item: decision for decision in decisions}
    items = _undecided_items(review, by_item, len(decisions))
    own = refuse_own_review(actor, customer, items[0])
    unchanged = unchanged_access(items)
    now = timezone.now()
    removals: list[AuditEvent | None] = []
    for item in items:
        decision, access = by_item[item.pk], unchanged.get(item.pk)
        item.decision = (
            ReviewDecision.OVERTAKEN if access is None else ReviewDecision(decision.decision)
        )
        item.decided_by, item.decided_at = actor, now
        try:
            if isinstance(access, Membership):
                _decide_role(actor, access, decision)
            elif isinstance(access, Resource):
                _decide_owner(item, decision)
            elif access is not None:
                removals.append(_decide_grant(actor, item, access, decision, signed_in_at))
        except ValidationError as refusal:
            raise ReviewRefused({str(item.pk): refusal.messages}) from refusal
    ReviewItem.objects.bulk_update(items, ["decision", "decided_by", "decided_at"], batch_size=200)
    counts = Counter(str(item.decision) for item in items)
    _record(actor, customer, review, items, counts, own=own)
    lost = [
        item
        for item in items
        if item.decision in (ReviewDecision.REMOVE, ReviewDecision.REDUCE)
        and item.kind in (ItemKind.PERSON, ItemKind.TEAM)
    ]
    return SavedDecisions(counts, [event for event in removals if event is not None], lost)


def _undecided_items(
    review: AccessReview, decisions: dict[int, ItemDecision], expected: int
) -> list[ReviewItem]:
    """Return the lines, all undecided and of one person or team. Raises ReviewRefused."""
    items = list(
        review.items.filter(pk__in=decisions)
        .select_related(
            "membership__user",
            "membership__customer",
            "team",
            "portal",
            "privilege__portal",
            "decided_by",
        )
        .order_by("pk")
    )
    is_one_section = len({item.section for item in items}) == 1 and len(items) == expected
    if not is_one_section or review.ready_at is None:
        raise ReviewRefused(_("Choose from the lines on this page."), code="lines")
    if not all(decision.decision in CHOICES for decision in decisions.values()):
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
        raise ReviewRefused(_("You can't remove a person in a review. Open their page instead."))


def _decide_owner(item: ReviewItem, decision: ItemDecision) -> None:
    if decision.decision != ReviewDecision.KEEP:
        raise ReviewRefused(_("Only %(portal)s can change the owner.") % {"portal": item.portal})


def _decide_grant(
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
    """Replace a grant by a smaller privilege, an earlier end, or both; never by more.

    Return the event of the removed grant where the privilege changes.
    """
    privilege: Privilege = grant.permission.privilege
    smaller, ends = decision.privilege or privilege, decision.expires_at or grant.expires_at
    ends_earlier = ends is not None and (grant.expires_at is None or ends < grant.expires_at)
    if smaller == privilege and not ends_earlier:
        raise ReviewRefused(_("Choose a lower permission, or an earlier end date."))
    if grant.expires_at is not None and ends is not None and ends > grant.expires_at:
        raise ReviewRefused(_("This permission already ends before that day."))
    inclusion = PrivilegeInclusion.objects.filter(privilege=privilege, included=smaller)
    if not inclusion.exists():
        raise ReviewRefused(_("Choose a permission that this permission includes."))
    grantee: Membership | Team | None = item.membership or item.team
    if grantee is None:
        raise ReviewRefused(_("This team no longer exists."))
    give, removal = grant_privilege, None
    if smaller != privilege:  # a longer grant of the smaller privilege stays
        give, removal = grant_at_least, revoke_privilege(actor=actor, grant=grant)
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
    return removal


def _record(
    actor: User,
    customer: Customer,
    review: AccessReview,
    items: Sequence[ReviewItem],
    counts: Counter[str],
    *,
    own: bool,
) -> None:
    """Record the event of these lines; after the last ones, end the review and record that."""
    review.kept += counts[ReviewDecision.KEEP]
    review.reduced += counts[ReviewDecision.REDUCE]
    review.removed += counts[ReviewDecision.REMOVE]
    review.overtaken += counts[ReviewDecision.OVERTAKEN]
    is_finished = review.decided == review.total
    membership, team = items[0].membership, items[0].team
    of_team: dict[str, Any] = {"team_uuid": str(team.uuid)} if team and not membership else {}
    record_event(
        kind="review.own_part_saved" if own else "review.part_saved",
        actor=actor,
        customer=customer,
        person=membership.user if membership else None,
        grantee=items[0].grantee_name,
        **of_team,
        review=str(review.uuid),
        kept=counts[ReviewDecision.KEEP],
        reduced=counts[ReviewDecision.REDUCE],
        removed=counts[ReviewDecision.REMOVE],
        overtaken=counts[ReviewDecision.OVERTAKEN],
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
    if is_finished:
        review.state, review.ended_by = ReviewState.FINISHED, actor
        review.ended_at = timezone.now()
    review.save()
    if is_finished:
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
