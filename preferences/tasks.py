"""Jobs of this app. A job only points at a row; the row is the truth, so a job may run twice."""

from django_tasks import task

from preferences.models import Campaign, Message

# A campaign never keeps a security mail waiting, nor an advert a notice to everyone.
MANDATORY_PRIORITY = 50
NOTICE_CAMPAIGN_PRIORITY = 25
TOPIC_PRIORITY = 0


@task()
def deliver_message(message_pk: int) -> str:
    """Decide on one message and hand it to the transport; says how it stands then."""
    from preferences.gate.delivery import deliver

    return deliver(message_pk)


@task()
def deliver_digest(recipient_pk: int) -> str:
    """Send one reader what was gathered for them; says how it stands then."""
    from preferences.gate.digests import deliver_digest

    return deliver_digest(recipient_pk)


@task()
def dispatch_campaign(campaign_pk: int) -> bool:
    """Send a slice of a campaign, and leave the next slice as a new job; says whether there is."""
    from preferences.gate.campaign_sending import dispatch

    more = dispatch(campaign_pk)
    if more:
        enqueue_dispatch(Campaign.objects.get(pk=campaign_pk))
    return more


def enqueue_delivery(message: Message) -> None:
    """A job for this message, in the caller's transaction."""
    priority = TOPIC_PRIORITY if message.topic_id else MANDATORY_PRIORITY
    deliver_message.using(priority=priority).enqueue(message.pk)


def enqueue_dispatch(campaign: Campaign) -> None:
    """A job for the next slice of this campaign, in the caller's transaction."""
    priority = TOPIC_PRIORITY if campaign.topic_id else NOTICE_CAMPAIGN_PRIORITY
    dispatch_campaign.using(priority=priority).enqueue(campaign.pk)
