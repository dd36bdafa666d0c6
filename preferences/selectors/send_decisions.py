"""Send decisions for one recipient, and the recipients of an address, portal or campaign."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.choices import CustomerStatus
from accounts.models import Membership, User
from portals.choices import SubscriptionStatus
from portals.models import Portal
from preferences.audience import topic_verdicts
from preferences.choices import Reason
from preferences.models import Campaign, NamedRecipient, Recipient, Topic


@dataclass(frozen=True)
class SendDecision:
    """Whether an email is sent, why, and the key of the consent record behind it."""

    send: bool
    reason: Reason
    consent_id: int | None = None


def send_decision_for(recipient: Recipient, topic: Topic) -> SendDecision:
    """Decide whether this recipient gets this topic now."""
    verdicts = topic_verdicts(topics=[topic.pk], recipients=[recipient.pk])
    if not verdicts:  # a person has the subscriber's address now, and a recipient of their own
        return SendDecision(False, Reason.NO_PERSON)
    return SendDecision(verdicts[0].send, verdicts[0].reason, verdicts[0].consent_id)


def find_recipient(address: str) -> Recipient | None:
    """Return the recipient of an address: a person, else a subscriber, else None."""
    has_address = Q(user__email=address) | Q(address=address, followed_by=None)
    return Recipient.objects.filter(has_address).order_by("address").first()


def may_send(user: User, topic: Topic) -> bool:
    """Return whether an email of this topic may be sent to this person now."""
    return send_decision_for(Recipient.objects.get(user=user), topic).send


def members_to_notify(portal: Portal | None) -> QuerySet[Membership]:
    """Return the members to send notices to: of active and suspended customers.

    Members whom a Super User suspended are included, because nobody can stop a notice (R43). With a
    portal, only customers that are subscribed to it.
    """
    memberships = Membership.objects.present().filter(
        customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED]
    )
    if portal is None:
        return memberships
    return memberships.filter(
        customer__subscriptions__portal=portal,
        customer__subscriptions__status=SubscriptionStatus.ACTIVE,
    )


def campaign_recipients(campaign: Campaign) -> QuerySet[Recipient]:
    """Return the recipients to decide on: all for a topic, those concerned for a notice.

    A named audience is exactly those named, also without membership or account. Where a person has
    taken over a named subscriber's address, it is that person.
    """
    everyone = Recipient.objects.filter(followed_by=None)
    if campaign.topic_id is not None:
        return everyone
    if campaign.named:
        named = NamedRecipient.objects.filter(campaign=campaign).order_by()
        return everyone.filter(
            pk__in=named.values_list(Coalesce("recipient__followed_by", "recipient"))
        )
    memberships = members_to_notify(campaign.portal)
    return everyone.filter(user__is_active=True, user__in=memberships.values("user_id"))
