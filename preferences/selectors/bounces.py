"""Bounced notices, for the person concerned and for staff."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.choices import BounceReason
from accounts.models import Membership, User
from preferences.choices.delivery_events import BOUNCED, OPEN_ESCALATIONS, EscalationState
from preferences.models import DeliveryEvent, Escalation, Message, Recipient


def bounce_of(message: Message) -> DeliveryEvent | None:
    """Return the newest report that this email came back, or None."""
    return message.reports.filter(kind__in=BOUNCED).order_by("-at", "-pk").first()


def recent_bounces_of(person: User) -> list[DeliveryEvent]:
    """Return a person's newest bounces, without the subject or content of any email."""
    bounces = DeliveryEvent.objects.filter(kind__in=BOUNCED, message__recipient__user=person)
    return list(bounces.select_related("message").order_by("-at", "-pk")[:5])


def is_bouncing(person: User) -> bool:
    """Return whether a person's address is unreachable, or a notice to them bounced."""
    waiting = Escalation.objects.filter(recipient=OuterRef("pk"), state__in=OPEN_ESCALATIONS)
    return Recipient.objects.filter(
        Q(unreachable_since__isnull=False) | Exists(waiting), user=person
    ).exists()


def bounce_reason_of(person: User) -> BounceReason | None:
    """Return why the newest email to a person's present address bounced; None where none did."""
    bounce = DeliveryEvent.objects.filter(
        kind__in=BOUNCED, message__recipient__user=person, message__address=person.email
    ).order_by("-at", "-pk")
    reason = bounce.values_list("reason", flat=True).first()
    return BounceReason(reason) if reason else None


def bounced_notices_of(person: User) -> QuerySet[Escalation]:
    """Return the bounced notices that have not reached this person yet, newest first."""
    return (
        Escalation.objects.filter(recipient__user=person, state__in=OPEN_ESCALATIONS)
        .select_related("message__campaign", "message__notice_class")
        .order_by("-pk")
    )


def escalations_for_staff() -> QuerySet[Escalation]:
    """Return the escalations that wait for staff to call or write."""
    return _with_relations(open_to_staff().filter(state=EscalationState.STAFF))


def open_to_staff() -> QuerySet[Escalation]:
    """Return the escalations that staff may see: an app follows up its confidential ones itself."""
    return Escalation.objects.exclude(message__campaign__confidential=True)


def companies_to_call(escalation: Escalation) -> QuerySet[Membership]:
    """Return the memberships of the person, for the companies' telephone and postal address."""
    memberships = Membership.objects.present().filter(user=escalation.recipient.user)
    return memberships.select_related("customer").order_by("pk")


def settled_escalations() -> QuerySet[Escalation]:
    """Return the escalations that have ended."""
    return _with_relations(
        open_to_staff().filter(state__in=[EscalationState.PROVED, EscalationState.EXHAUSTED])
    )


def _with_relations(rows: QuerySet[Escalation]) -> QuerySet[Escalation]:
    return rows.select_related("recipient__user", "message__notice_class", "by")
