"""Whether one reader gets one topic, and who a reader is."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.choices import CustomerStatus
from accounts.models import Membership, User
from portals.choices import SubscriptionStatus
from portals.models import Portal
from preferences.audience import topic_verdicts
from preferences.choices import Reason
from preferences.models import Campaign, Recipient, Topic


@dataclass(frozen=True)
class SendDecision:
    """Whether a mail goes out, why, and the key of the evidence behind it."""

    send: bool
    reason: Reason
    consent_id: int | None = None


def send_decision_for(recipient: Recipient, topic: Topic) -> SendDecision:
    """Whether this reader gets this topic at this moment."""
    verdicts = topic_verdicts(topics=[topic.pk], readers=[recipient.pk])
    if not verdicts:  # the subscriber's address has become a person's, who has their own row
        return SendDecision(False, Reason.NO_PERSON)
    return SendDecision(verdicts[0].send, verdicts[0].reason, verdicts[0].consent_id)


def find_recipient(address: str) -> Recipient | None:
    """Whose this address is now: a person's, else a subscriber's."""
    whose = Q(user__email=address) | Q(address=address, followed_by=None)
    return Recipient.objects.filter(whose).order_by("address").first()


def may_send(user: User, topic: Topic) -> bool:
    """The one question every sender asks."""
    return send_decision_for(Recipient.objects.get(user=user), topic).send


def members_concerned(portal: Portal | None) -> QuerySet[Membership]:
    """Whom notices about the service concern: who is in a live customer, or in a suspended one.

    Those their Super User suspended, too: nobody silences a notice (R43). With a portal, of the
    customers that have it.
    """
    members = Membership.objects.present().filter(
        customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED]
    )
    if portal is None:
        return members
    return members.filter(
        customer__subscriptions__portal=portal,
        customer__subscriptions__status=SubscriptionStatus.ACTIVE,
    )


def readers_of(campaign: Campaign) -> QuerySet[Recipient]:
    """Whom a decision is written about: of a topic all readers, of a notice all it concerns."""
    everyone = Recipient.objects.filter(followed_by=None)
    if campaign.topic_id is not None:
        return everyone
    members = members_concerned(campaign.portal)
    return everyone.filter(user__is_active=True, user__in=members.values("user_id"))
