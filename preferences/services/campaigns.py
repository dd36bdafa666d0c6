"""Campaigns: staff write, schedule, pause and cancel them; the clock starts and ends them."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.services.versions import refuse_overwriting
from preferences.choices import UNFINISHED, CampaignState
from preferences.models import Campaign, Message, NoticeClass
from preferences.selectors.campaigns import finished_campaigns
from preferences.services.unsent_messages import unclaimed, withdraw_messages
from preferences.signals import campaign_running

CAMPAIGN_FIELDS = (
    "topic", "notice_class", "portal", "subject_en", "subject_fr", "body_en", "body_fr",
    "promotional", "urgent",
)  # fmt: skip
STALLED_AFTER = timedelta(minutes=1)  # without a slice: a job was lost or the transport down
MAX_START_DELAY = timedelta(days=366)  # a later start is a typing error
PARALLEL_SLICES = 4  # of one campaign, each in a worker of its own


class CampaignRefused(ValidationError):
    """The campaign cannot be changed like this; the message says why."""


@transaction.atomic
def create_campaign(*, actor: User, **values: Any) -> Campaign:
    """Create a draft (CAMPAIGN_FIELDS) of one topic or one notice class.

    Raises PermissionDenied without `preferences.add_campaign`, ValidationError naming the field.
    """
    require_staff(actor, "preferences.add_campaign")
    campaign = Campaign(created_by=actor)
    _write(campaign, values)
    campaign.save(force_insert=True)
    record_campaign("campaign.created", actor, campaign)
    return campaign


def draft_values(campaign: Campaign) -> dict[str, Any]:
    """Return what is written in a draft, whose version the forms that show it carry."""
    return {name: getattr(campaign, name) for name in CAMPAIGN_FIELDS}


def _refuse_changed(version: str | None, campaign: Campaign, wanted: dict[str, Any]) -> None:
    edits = AuditEvent.objects.filter(kind="campaign.updated", public__campaign=campaign.pk)
    refuse_overwriting(version, saved=draft_values(campaign), wanted=wanted, edits=edits)


@transaction.atomic
def update_campaign(
    *, actor: User, campaign: Campaign, version: str | None = None, **values: Any
) -> Campaign:
    """Change a draft. Raises like create_campaign, and CampaignRefused if it is no draft.

    Raises ChangedMeanwhile where somebody saved since `version`.
    """
    require_staff(actor, "preferences.change_campaign")
    campaign = _lock(campaign)
    _refuse_unless(campaign, CampaignState.DRAFT)
    _refuse_changed(version, campaign, values)
    changed = sorted(name for name, value in values.items() if getattr(campaign, name) != value)
    _write(campaign, values)
    if changed:
        campaign.save()
        record_campaign("campaign.updated", actor, campaign, fields=", ".join(changed))
    return campaign


def _write(campaign: Campaign, values: dict[str, Any]) -> None:
    unknown = values.keys() - set(CAMPAIGN_FIELDS)
    if unknown:
        raise TypeError(f"no such fields: {sorted(unknown)}")
    for name, value in values.items():
        setattr(campaign, name, value)
    if (campaign.topic is None) == (campaign.notice_class is None):
        raise CampaignRefused({"topic": _("Choose one topic, or one notice class.")})
    campaign.full_clean()


@transaction.atomic
def schedule_campaign(
    *,
    actor: User,
    campaign: Campaign,
    starts_at: datetime | None = None,
    version: str | None = None,
) -> Campaign:
    """Send a draft now, or at `starts_at`. Its text is fixed once sending begins.

    What is sent is what the sender saw: ChangedMeanwhile where somebody saved since `version`.
    Raises PermissionDenied without `preferences.send_topic_campaign` or, for a notice class,
    `preferences.send_notice_campaign`; CampaignRefused naming the field: a language missing (R31),
    advertising outside a topic (R24), an inactive notice class (R41), no postal address of the
    provider in commercial mail (R13).
    """
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.DRAFT)
    _refuse_changed(version, campaign, {})
    now = timezone.now()
    if starts_at is not None and starts_at < now:
        raise CampaignRefused({"starts_at": _("Choose a later time, or send it now.")})
    if starts_at is not None and starts_at > now + MAX_START_DELAY:
        raise CampaignRefused({"starts_at": _("Choose a time within a year.")})
    if campaign.promotional and campaign.topic is None:
        raise CampaignRefused({"promotional": _("A message with advertising needs a topic.")})
    for name in ("subject_en", "subject_fr", "body_en", "body_fr"):
        if not getattr(campaign, name).strip():
            raise CampaignRefused({name: _("English and French are both needed.")})
    if isinstance(campaign.category, NoticeClass) and not campaign.category.is_active:
        raise CampaignRefused({"notice_class": _("Two staff must activate this class first.")})
    if campaign.topic is not None and not settings.HUB_BRAND_ADDRESS:
        raise CampaignRefused(
            _("Commercial email must show a postal address. Set HUB_BRAND_ADDRESS first."),
            code="no_address",
        )
    campaign.state, campaign.starts_at = CampaignState.SCHEDULED, starts_at or now
    campaign.save()
    record_campaign("campaign.scheduled", actor, campaign)
    if starts_at is None:
        start_campaign(campaign, actor)
    return campaign


@transaction.atomic
def unschedule_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Make a scheduled campaign a draft again. Raises like schedule_campaign."""
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.SCHEDULED)
    campaign.state, campaign.starts_at = CampaignState.DRAFT, None
    campaign.save()
    record_campaign("campaign.unscheduled", actor, campaign)
    return campaign


@transaction.atomic
def pause_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Pause a running campaign; messages already claimed are still sent. Raises likewise."""
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.RUNNING)
    campaign.state = CampaignState.PAUSED
    campaign.save()
    record_campaign("campaign.paused", actor, campaign)
    return campaign


@transaction.atomic
def resume_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Continue a paused campaign. Raises likewise."""
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.PAUSED)
    campaign.state = CampaignState.RUNNING
    campaign.save()
    record_campaign("campaign.resumed", actor, campaign)
    _request_slices(campaign)
    return campaign


@transaction.atomic
def cancel_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Cancel a campaign for good. Each unsent message is withdrawn, with a decision row (R46).

    Raises PermissionDenied and CampaignRefused likewise.
    """
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)
    unsent = Message.objects.filter(campaign=campaign, state__in=UNFINISHED)
    if campaign.resolved_at is not None and not unsent.exists():
        raise CampaignRefused(_("This message has no emails left to cancel."), code="state")
    campaign.state = CampaignState.CANCELLED
    campaign.save()
    record_campaign("campaign.cancelled", actor, campaign, count=withdraw_messages(campaign))
    return campaign


def _end_cancelled() -> int:
    """Withdraw what a worker had claimed when its campaign was cancelled. Return how many."""
    unsent = Message.objects.filter(unclaimed(), campaign=OuterRef("pk"), state__in=UNFINISHED)
    ended = 0
    for campaign in Campaign.objects.filter(Exists(unsent), state=CampaignState.CANCELLED):
        with transaction.atomic():
            ended += withdraw_messages(_lock(campaign))
    return ended


def start_due_campaigns() -> int:
    """Start due campaigns, restart stalled ones and end finished ones. Return how many.

    Called at each periodic tick. Safe to run twice at once.
    """
    now, touched = timezone.now(), _end_cancelled()
    due = Campaign.objects.filter(state=CampaignState.SCHEDULED, starts_at__lte=now)
    for campaign in due:
        with transaction.atomic():
            locked = _lock(campaign)
            if locked.state == CampaignState.SCHEDULED:
                start_campaign(locked, None)
                touched += 1
    for campaign in finished_campaigns():
        with transaction.atomic():
            locked = _lock(campaign)
            if locked.state == CampaignState.RUNNING:
                locked.state = CampaignState.DONE
                locked.save()
                record_campaign("campaign.done", None, locked)
                touched += 1
    for campaign in Campaign.objects.filter(state=CampaignState.RUNNING):
        with transaction.atomic():
            locked = _lock(campaign)
            stalled = locked.last_slice_at is None or now - locked.last_slice_at >= STALLED_AFTER
            if locked.state == CampaignState.RUNNING and stalled:
                _request_slices(locked)
                touched += 1
    return touched


def start_campaign(campaign: Campaign, actor: User | None) -> None:
    """Start a scheduled campaign, which the caller has locked or just written."""
    campaign.state = CampaignState.RUNNING
    campaign.save()
    record_campaign("campaign.started", actor, campaign)
    _request_slices(campaign)


def _request_slices(campaign: Campaign) -> None:
    campaign.last_slice_at = timezone.now()
    campaign.save(update_fields=["last_slice_at"])
    campaign_running.send(sender=Campaign, campaign=campaign, slices=PARALLEL_SLICES)


def _lock(campaign: Campaign) -> Campaign:
    return (
        Campaign.objects.select_for_update(of=("self",))
        .select_related("topic", "notice_class")
        .get(pk=campaign.pk)
    )


def _refuse_unless(campaign: Campaign, *states: CampaignState) -> None:
    if campaign.state not in states:
        raise CampaignRefused(
            _("You can't do this any more: the message is “%(state)s”.")
            % {"state": campaign.get_state_display()},
            code="state",
        )


def _require_sender(actor: User, campaign: Campaign) -> None:
    if campaign.confidential:
        raise PermissionDenied("the app that sent this notice decides on it")
    kind = "topic" if campaign.topic_id else "notice"
    require_staff(actor, f"preferences.send_{kind}_campaign")


def record_campaign(kind: str, actor: User | None, campaign: Campaign, **event_data: Any) -> None:
    """Record an act on a campaign, for the services that this module offers to others.

    Of a confidential notice, the app that sends it records what others may know.
    """
    if campaign.confidential:
        return
    topic = campaign.topic
    record_event(
        kind=kind,
        actor=actor,
        subject={"en": campaign.subject_en, "fr": campaign.subject_fr},
        category=topic.names if topic else str(campaign.notice_class_id),
        campaign=campaign.pk,
        **event_data,
    )
