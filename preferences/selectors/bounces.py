"""What came back: to a person, and to whom staff have to turn."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Membership, User
from preferences.choices.delivery_events import OPEN_ESCALATIONS, EscalationState
from preferences.models import Escalation, Recipient


def is_bouncing(person: User) -> bool:
    """Whether the address of this person is marked, or a notice to them still came back."""
    waiting = Escalation.objects.filter(recipient=OuterRef("pk"), state__in=OPEN_ESCALATIONS)
    return Recipient.objects.filter(
        Q(unreachable_since__isnull=False) | Exists(waiting), user=person
    ).exists()


def bounced_notices_of(person: User) -> QuerySet[Escalation]:
    """The notices to this person that came back and have not reached them, newest first."""
    return (
        Escalation.objects.filter(recipient__user=person, state__in=OPEN_ESCALATIONS)
        .select_related("message__campaign", "message__notice_class")
        .order_by("-pk")
    )


def escalations_for_staff() -> QuerySet[Escalation]:
    """What waits for a call or a letter."""
    return _with_readers(Escalation.objects.filter(state=EscalationState.STAFF))


def companies_to_call(escalation: Escalation) -> QuerySet[Membership]:
    """Where whom a notice did not reach works: telephone and postal address stand there."""
    members = Membership.objects.present().filter(user=escalation.recipient.user)
    return members.select_related("customer").order_by("pk")


def settled_escalations() -> QuerySet[Escalation]:
    """Those that have ended."""
    return _with_readers(
        Escalation.objects.filter(state__in=[EscalationState.PROVED, EscalationState.EXHAUSTED])
    )


def _with_readers(rows: QuerySet[Escalation]) -> QuerySet[Escalation]:
    return rows.select_related("recipient__user", "message__notice_class", "by")
