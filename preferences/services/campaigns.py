"""Mail to many: composed, scheduled, held, cancelled by staff; started and ended by the clock."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from preferences.choices import UNFINISHED, CampaignState, MessageState, Outcome, Reason
from preferences.models import Campaign, Message, NoticeClass
from preferences.tasks import enqueue_dispatch

CAMPAIGN_FIELDS = (
    "topic", "notice_class", "portal", "subject_en", "subject_fr", "body_en", "body_fr",
    "promotional", "urgent",
)  # fmt: skip
STANDS_STILL = timedelta(minutes=1)  # a job was lost, or the transport was down
FURTHEST_START = timedelta(days=366)  # further away is a slip of the keyboard
LANES = 4  # slices of one campaign that may run at once, each in a worker


class CampaignRefused(ValidationError):
    """What was asked of a campaign makes no sense; the message says why."""


@transaction.atomic
def create_campaign(*, actor: User, **values: Any) -> Campaign:
    """A draft (CAMPAIGN_FIELDS), of one topic or one notice class.

    Raises PermissionDenied without `preferences.add_campaign`, ValidationError naming the field.
    """
    require_staff(actor, "preferences.add_campaign")
    campaign = Campaign(created_by=actor)
    _write(campaign, values)
    campaign.save(force_insert=True)
    _record("campaign.created", actor, campaign)
    return campaign


@transaction.atomic
def update_campaign(*, actor: User, campaign: Campaign, **values: Any) -> Campaign:
    """Change a draft. Raises like create_campaign, and CampaignRefused once it is no draft."""
    require_staff(actor, "preferences.change_campaign")
    campaign = _lock(campaign)
    _refuse_unless(campaign, CampaignState.DRAFT)
    changed = sorted(name for name, value in values.items() if getattr(campaign, name) != value)
    _write(campaign, values)
    if changed:
        campaign.save()
        _record("campaign.updated", actor, campaign, fields=", ".join(changed))
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
    *, actor: User, campaign: Campaign, starts_at: datetime | None = None
) -> Campaign:
    """Send a draft now, or from a moment on; its words are fixed from the first mail on.

    Raises PermissionDenied without `preferences.send_topic_campaign` or, for a notice class,
    `preferences.send_notice_campaign`; CampaignRefused naming the field: a language missing (R31),
    advertising outside a topic (R24), an inactive notice class (R41), no postal address of the
    provider in commercial mail (R13).
    """
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.DRAFT)
    now = timezone.now()
    if starts_at is not None and starts_at < now:
        raise CampaignRefused({"starts_at": _("Choose a moment to come, or send it now.")})
    if starts_at is not None and starts_at > now + FURTHEST_START:
        raise CampaignRefused({"starts_at": _("Choose a moment within a year.")})
    if campaign.promotional and campaign.topic is None:
        raise CampaignRefused({"promotional": _("What promotes something is sent to a topic.")})
    for name in ("subject_en", "subject_fr", "body_en", "body_fr"):
        if not getattr(campaign, name).strip():
            raise CampaignRefused({name: _("English and French are both needed.")})
    if isinstance(campaign.category, NoticeClass) and not campaign.category.is_active:
        raise CampaignRefused({"notice_class": _("Two staff activate this class first.")})
    if campaign.topic is not None and not settings.HUB_BRAND_ADDRESS:
        raise CampaignRefused(
            _("Commercial mail names a postal address. Set HUB_BRAND_ADDRESS first."),
            code="no_address",
        )
    campaign.state, campaign.starts_at = CampaignState.SCHEDULED, starts_at or now
    campaign.save()
    _record("campaign.scheduled", actor, campaign)
    if starts_at is None:
        _start(campaign, actor)
    return campaign


@transaction.atomic
def unschedule_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Make a scheduled campaign a draft again. Raises like schedule_campaign."""
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.SCHEDULED)
    campaign.state, campaign.starts_at = CampaignState.DRAFT, None
    campaign.save()
    _record("campaign.unscheduled", actor, campaign)
    return campaign


@transaction.atomic
def pause_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Hold what has not left yet; a batch in a worker's hands still goes. Raises likewise."""
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.RUNNING)
    campaign.state = CampaignState.PAUSED
    campaign.save()
    _record("campaign.paused", actor, campaign)
    return campaign


@transaction.atomic
def resume_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Go on sending. Raises likewise."""
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.PAUSED)
    campaign.state = CampaignState.RUNNING
    campaign.save()
    _record("campaign.resumed", actor, campaign)
    _open_lanes(campaign)
    return campaign


@transaction.atomic
def cancel_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """End it for good; each message that has not left is withdrawn, with a decision row (R46).

    Raises PermissionDenied and CampaignRefused likewise.
    """
    campaign = _lock(campaign)
    _require_sender(actor, campaign)
    _refuse_unless(campaign, CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)
    left = Message.objects.filter(campaign=campaign, state__in=UNFINISHED)
    if campaign.resolved_at is not None and not left.exists():
        raise CampaignRefused(_("Nothing of it is left to cancel."), code="state")
    campaign.state = CampaignState.CANCELLED
    campaign.save()
    _record("campaign.cancelled", actor, campaign, count=_withdraw_messages(campaign))
    return campaign


def _withdraw_messages(campaign: Campaign) -> int:
    """What nobody holds is ended in three statements, however much it is; out: how many."""
    ours = timezone.now()
    Message.objects.filter(_unheld(), campaign=campaign).update(
        state=MessageState.CLAIMED, claim=None, claimed_at=ours, due_at=ours
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO preferences_deliverydecision (message_id, outcome, reason, detail, at)"
            " SELECT id, %s, %s, '', %s FROM preferences_message"
            " WHERE campaign_id = %s AND state = 'claimed' AND claim IS NULL",
            [Outcome.WITHDRAWN.value, Reason.WITHDRAWN.value, ours, campaign.pk],
        )
    return Message.objects.filter(campaign=campaign, state=MessageState.CLAIMED, claim=None).update(
        state=MessageState.WITHDRAWN
    )


def _unheld() -> Q:
    """Messages of which no worker has a claim that still runs."""
    return Q(state__in=[MessageState.QUEUED, MessageState.WAITING]) | Q(
        state=MessageState.CLAIMED, due_at__lte=timezone.now()
    )


def _end_cancelled() -> int:
    """Withdraw what a worker held at the cancel and gave back, or died with; out: how many."""
    left = Message.objects.filter(_unheld(), campaign=OuterRef("pk"), state__in=UNFINISHED)
    ended = 0
    for campaign in Campaign.objects.filter(Exists(left), state=CampaignState.CANCELLED):
        with transaction.atomic():
            ended += _withdraw_messages(_lock(campaign))
    return ended


def start_due_campaigns() -> int:
    """Begin what is scheduled for now, wake what stands still, end what is done; out: how many.

    Called by the clock; safe to run twice at once.
    """
    from preferences.gate.campaign_sending import finished_campaigns

    now, touched = timezone.now(), _end_cancelled()
    due = Campaign.objects.filter(state=CampaignState.SCHEDULED, starts_at__lte=now)
    for campaign in due:
        with transaction.atomic():
            locked = _lock(campaign)
            if locked.state == CampaignState.SCHEDULED:
                _start(locked, None)
                touched += 1
    for campaign in finished_campaigns():
        with transaction.atomic():
            locked = _lock(campaign)
            if locked.state == CampaignState.RUNNING:
                locked.state = CampaignState.DONE
                locked.save()
                _record("campaign.done", None, locked)
                touched += 1
    for campaign in Campaign.objects.filter(state=CampaignState.RUNNING):
        with transaction.atomic():
            locked = _lock(campaign)
            still = locked.last_slice_at is None or now - locked.last_slice_at >= STANDS_STILL
            if locked.state == CampaignState.RUNNING and still:
                _open_lanes(locked)
                touched += 1
    return touched


def _start(campaign: Campaign, actor: User | None) -> None:
    campaign.state = CampaignState.RUNNING
    campaign.save()
    _record("campaign.started", actor, campaign)
    _open_lanes(campaign)


def _open_lanes(campaign: Campaign) -> None:
    campaign.last_slice_at = timezone.now()
    campaign.save(update_fields=["last_slice_at"])
    for _lane in range(LANES):
        enqueue_dispatch(campaign)


def _lock(campaign: Campaign) -> Campaign:
    return (
        Campaign.objects.select_for_update(of=("self",))
        .select_related("topic", "notice_class")
        .get(pk=campaign.pk)
    )


def _refuse_unless(campaign: Campaign, *states: CampaignState) -> None:
    if campaign.state not in states:
        raise CampaignRefused(
            _("That is not possible any more: it is “%(state)s”.")
            % {"state": campaign.get_state_display()},
            code="state",
        )


def _require_sender(actor: User, campaign: Campaign) -> None:
    kind = "topic" if campaign.topic_id else "notice"
    require_staff(actor, f"preferences.send_{kind}_campaign")


def _record(kind: str, actor: User | None, campaign: Campaign, **values: Any) -> None:
    topic = campaign.topic
    record_event(
        kind=kind,
        actor=actor,
        subject={"en": campaign.subject_en, "fr": campaign.subject_fr},
        category=topic.names if topic else str(campaign.notice_class_id),
        campaign=campaign.pk,
        **values,
    )
