"""Too many complaints about one mail: staff are warned, then the hub holds it (R12)."""

from django.db import transaction

from accounts.emails import send_notice
from accounts.models import AuditEvent
from accounts.selectors import staff_with
from accounts.services.audit import record_event
from preferences.choices import CampaignState, MessageState
from preferences.choices.reports import ReportKind
from preferences.models import Campaign, DeliveryReport, Message

WARN_AT = 0.001  # of the mails sent: what large mail services still bear
HOLD_AT = 0.003  # where they begin to refuse all our mail


@transaction.atomic
def watch_complaints(*, campaign_pk: int) -> Campaign:
    """Look at a campaign after a complaint: warn staff once, hold it while it runs.

    A notice is never held.
    """
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign_pk)
    if campaign.topic is None:
        return campaign
    sent = _sent(campaign)
    reports = DeliveryReport.objects.filter(message__campaign=campaign, kind=ReportKind.COMPLAINT)
    complaints = reports.values("message").distinct().count()
    rate = complaints / max(sent, 1)
    if rate >= WARN_AT:
        _say("campaign.complaints", campaign, complaints, sent)
    if rate >= HOLD_AT and campaign.state == CampaignState.RUNNING:
        campaign.state = CampaignState.PAUSED
        campaign.save(update_fields=["state"])
        _say("campaign.held", campaign, complaints, sent)
    return campaign


def _sent(campaign: Campaign) -> int:
    return Message.objects.filter(campaign=campaign, state=MessageState.SENT).count()


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
        send_notice(
            template="preferences/emails/complaints",
            notice_class="transactional",
            address=reader.email,
            language=reader.language,
            reader=reader,
            subject=campaign.subject(reader.language),
            complaints=complaints,
            sent=sent,
            held=kind == "campaign.held",
        )
