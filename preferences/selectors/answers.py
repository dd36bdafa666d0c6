"""Whether one reader gets one topic, and who a reader is."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.choices import CustomerStatus
from accounts.models import Membership, User
from portals.choices import SubscriptionStatus
from preferences.audience import topic_verdicts
from preferences.choices import Reason
from preferences.models import Campaign, Recipient, Topic


@dataclass(frozen=True)
class Answer:
    """Whether a mail goes out, why, and the key of the evidence behind it."""

    send: bool
    reason: Reason
    consent_id: int | None = None


def answer_for(recipient: Recipient, topic: Topic) -> Answer:
    """Whether this reader gets this topic at this moment."""
    verdicts = topic_verdicts(
        topics=Topic.objects.filter(pk=topic.pk),
        readers=Recipient.objects.filter(pk=recipient.pk),
    )
    if not verdicts:  # the subscriber's address has become a person's, who has their own row
        return Answer(False, Reason.NO_PERSON)
    return Answer(verdicts[0].send, verdicts[0].reason, verdicts[0].consent_id)


def find_recipient(address: str) -> Recipient | None:
    """Whose this address is now: a person's, else a subscriber's."""
    whose = Q(user__email=address) | Q(address=address, followed_by=None)
    return Recipient.objects.filter(whose).order_by("address").first()


def may_send(user: User, topic: Topic) -> bool:
    """The one question every sender asks."""
    return answer_for(Recipient.objects.get(user=user), topic).send


def readers_of(campaign: Campaign) -> QuerySet[Recipient]:
    """Everyone a decision is written about: a topic's are all readers, a notice's all it concerns.

    A notice concerns the people of live customers, those their Super User suspended too (R43);
    with a portal, of those that have it.
    """
    everyone = Recipient.objects.filter(followed_by=None)
    if campaign.topic_id is not None:
        return everyone
    members = Membership.objects.present().filter(
        customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED]
    )
    if campaign.portal_id is not None:
        members = members.filter(
            customer__subscriptions__portal=campaign.portal_id,
            customer__subscriptions__status=SubscriptionStatus.ACTIVE,
        )
    return everyone.filter(user__is_active=True, user__in=members.values("user_id"))
