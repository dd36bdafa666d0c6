"""Too many complaints about one mail: staff are warned, then the hub holds it (R12)."""

from django.db import transaction

from accounts.emails import send_to
from accounts.models import AuditEvent
from accounts.selectors import staff_with
from accounts.services.audit import record_event
from preferences.choices import CampaignState, MessageState
from preferences.choices.delivery_events import DeliveryEventKind
from preferences.models import Campaign, DeliveryEvent, Message

WARN_AT = 0.001  # of the mails sent: what large mail services still bear
HOLD_AT = 0.003  # where they begin to refuse all our mail


@transaction.atomic
def watch_complaints(*, campaign_pk: int) -> Campaign:
    """Look at a campaign after a complaint: warn staff once, hold it while it runs.

    A notice is never held.
    """
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign_pk)
    if campaign.topic_id is None:
        return campaign
    complaints = complaints_about(campaign)
    sent = _sent(campaign, at_most=int(complaints / WARN_AT) + 1)
    rate = complaints / max(sent, 1)
    if rate >= WARN_AT:
        _say("campaign.complaints", campaign, complaints, sent)
    if rate >= HOLD_AT and campaign.state == CampaignState.RUNNING:
        campaign.state = CampaignState.PAUSED
        campaign.save(update_fields=["state"])
        _say("campaign.held", campaign, complaints, sent)
    return campaign


def complaints_about(campaign: Campaign) -> int:
    """How many of its readers complained: from the complaints to their mails, not the other way."""
    complaints = DeliveryEvent.objects.filter(
        kind=DeliveryEventKind.COMPLAINT, message__campaign=campaign
    )
    return complaints.values("message").distinct().count()


def _sent(campaign: Campaign, *, at_most: int) -> int:
    """How many mails were sent, counted as far as it matters: it may be a million."""
    sent = Message.objects.filter(campaign=campaign, state=MessageState.SENT).order_by()
    return sent.values("pk")[:at_most].count()


def _say(kind: str, campaign: Campaign, complaints: int, sent: int) -> None:
    """Tell the trail each time it is held, staff by mail once of each kind."""
    told = AuditEvent.objects.filter(kind=kind, customer=None, data__campaign=campaign.pk).exists()
    if told and kind == "campaign.complaints":
        return
    record_event(
        kind=kind,
        actor=None,
        subject={"en": campaign.subject_en, "fr": campaign.subject_fr},
        campaign=campaign.pk,
        complaints=complaints,
        sent=sent,
    )
    for reader in staff_with("send_topic_campaign", app="preferences"):
        send_to(
            reader,
            "preferences/emails/complaints",
            notice_class="transactional",
            subject=campaign.subject(reader.language),
            complaints=complaints,
            sent=sent,
            held=kind == "campaign.held",
        )
