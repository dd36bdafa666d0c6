"""The alarm on complaints about a campaign: staff are warned, then the hub pauses it (R12)."""

from django.db import transaction

from accounts.emails import send_to
from accounts.models import AuditEvent
from accounts.selectors import staff_with
from accounts.services.audit import record_event
from preferences.choices import CampaignState, MessageState
from preferences.choices.delivery_events import DeliveryEventKind
from preferences.models import Campaign, DeliveryEvent, Message

WARN_AT = 0.001  # complaints per email sent; large email services tolerate less than this
PAUSE_AT = 0.003  # from here on they refuse all our email


@transaction.atomic
def watch_complaints(*, campaign_pk: int) -> Campaign:
    """Check a campaign after a complaint: warn staff once, and pause it at a higher rate.

    A campaign of notices is never paused.
    """
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign_pk)
    if campaign.topic_id is None:
        return campaign
    complaints = count_complaints(campaign)
    sent = _sent(campaign, at_most=int(complaints / WARN_AT) + 1)
    rate = complaints / max(sent, 1)
    if rate >= WARN_AT:
        _report("campaign.complaints", campaign, complaints, sent)
    if rate >= PAUSE_AT and campaign.state == CampaignState.RUNNING:
        campaign.state = CampaignState.PAUSED
        campaign.save(update_fields=["state"])
        _report("campaign.held", campaign, complaints, sent)
    return campaign


def count_complaints(campaign: Campaign) -> int:
    """Count the recipients of a campaign who complained."""
    complaints = DeliveryEvent.objects.filter(
        kind=DeliveryEventKind.COMPLAINT, message__campaign=campaign
    )
    return complaints.values("message").distinct().count()


def _sent(campaign: Campaign, *, at_most: int) -> int:
    """Count the emails sent, up to `at_most`: a campaign may have a million."""
    sent = Message.objects.filter(campaign=campaign, state=MessageState.SENT).order_by()
    return sent.values("pk")[:at_most].count()


def _report(kind: str, campaign: Campaign, complaints: int, sent: int) -> None:
    """Record a warning once and each pause, and email the staff who send campaigns."""
    reported = AuditEvent.objects.filter(
        kind=kind, customer=None, public__campaign=campaign.pk
    ).exists()
    if reported and kind == "campaign.complaints":
        return
    record_event(
        kind=kind,
        actor=None,
        subject={"en": campaign.subject_en, "fr": campaign.subject_fr},
        campaign=campaign.pk,
        complaints=complaints,
        sent=sent,
    )
    for person in staff_with("send_topic_campaign", app="preferences"):
        send_to(
            person,
            "preferences/emails/complaints",
            notice_class="transactional",
            subject=campaign.subject(person.language),
            complaints=complaints,
            sent=sent,
            held=kind == "campaign.held",
        )
