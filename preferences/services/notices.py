"""Notices that an upper app writes and sends; its service has asked who may."""

from collections.abc import Collection, Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from preferences.choices import CampaignState
from preferences.models import Campaign, Recipient
from preferences.services.campaigns import record_campaign, start_campaign
from preferences.services.named_audiences import name_recipients
from preferences.services.unsent_messages import withdraw_messages


@transaction.atomic
def send_notice(
    *,
    actor: User,
    notice_class: str,
    subjects: Mapping[str, str],
    bodies: Mapping[str, str],
    recipients: QuerySet[Recipient] | Collection[int] | None = None,
    confidential: bool = False,
) -> Campaign:
    """Send a required notice to every member of every company, and return its campaign.

    With `recipients`, a query or keys, it goes to exactly these, whoever they are: former members,
    suspended people, people who stopped all optional email, and people without an account.
    A confidential one is on no list of messages and in no event: its app shows and records it.
    `subjects` and `bodies` have a text for each language; a body is Markdown. The caller has
    checked its own permission. Raises ValidationError for a text that no message may have.
    """
    now = timezone.now()
    campaign = Campaign(
        created_by=actor,
        created_at=now,
        notice_class_id=notice_class,
        subject_en=subjects["en"],
        subject_fr=subjects["fr"],
        body_en=bodies["en"],
        body_fr=bodies["fr"],
        state=CampaignState.SCHEDULED,
        starts_at=now,
        named=recipients is not None,
        confidential=confidential,
    )
    campaign.full_clean()
    campaign.save(force_insert=True)
    record_campaign("campaign.created", actor, campaign)
    if recipients is not None:
        name_recipients(actor=actor, campaign=campaign, recipients=recipients)
    start_campaign(campaign, actor)
    return campaign


@transaction.atomic
def stop_notice(*, actor: User, campaign: Campaign) -> int:
    """Cancel what is left of a notice, and return how many emails were not sent.

    It does nothing where the notice has ended. The caller has checked its own permission.
    """
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if campaign.state not in (
        CampaignState.SCHEDULED,
        CampaignState.RUNNING,
        CampaignState.PAUSED,
    ):
        return 0
    campaign.state = CampaignState.CANCELLED
    campaign.save()
    count = withdraw_messages(campaign)
    record_campaign("campaign.cancelled", actor, campaign, count=count)
    return count
