"""The jobs of the gate. A job points at a row and may run twice: the row says what is left to do.

The modules that send (delivery, digests, campaign_sending) stand below this one. Those that only
want something sent (intake, sweep) stand above it.
"""

from django_tasks import task

from preferences.gate import campaign_sending, delivery, digests
from preferences.models import Campaign, Message

# A campaign never delays a security notice, and a newsletter never delays a notice to everyone.
MANDATORY_PRIORITY = 50
NOTICE_CAMPAIGN_PRIORITY = 25
TOPIC_PRIORITY = 0


@task()
def deliver_message(message_pk: int) -> str:
    """Decide on one message and send it. Return its state."""
    return delivery.deliver(message_pk)


@task()
def deliver_digest(recipient_pk: int) -> str:
    """Send one recipient their digest. Return the state of its messages."""
    return digests.deliver_digest(recipient_pk)


@task()
def dispatch_campaign(campaign_pk: int) -> bool:
    """Send a slice of a campaign and queue the next one. Return whether there is a next one."""
    more = campaign_sending.dispatch(campaign_pk)
    if more:
        enqueue_dispatch(Campaign.objects.get(pk=campaign_pk))
    return more


def enqueue_delivery(message: Message) -> None:
    """Queue a job for this message, in the caller's transaction."""
    priority = TOPIC_PRIORITY if message.topic_id else MANDATORY_PRIORITY
    deliver_message.using(priority=priority).enqueue(message.pk)


def enqueue_digest(recipient_pk: int) -> None:
    """Queue a job for the digest of this recipient."""
    deliver_digest.using(priority=TOPIC_PRIORITY).enqueue(recipient_pk)


def enqueue_dispatch(campaign: Campaign) -> None:
    """Queue a job for the next slice of this campaign, in the caller's transaction."""
    priority = TOPIC_PRIORITY if campaign.topic_id else NOTICE_CAMPAIGN_PRIORITY
    dispatch_campaign.using(priority=priority).enqueue(campaign.pk)
