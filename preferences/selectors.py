"""Reads of this app: nouns or questions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.choices import CustomerStatus
from accounts.models import Membership, User
from portals.choices import SubscriptionStatus
from portals.models import Portal
from preferences.audience import Verdict, notice_verdicts, topic_verdicts
from preferences.choices import GROUNDS, NoticeCode, Reason
from preferences.models import Campaign, Choice, ConsentRecord, NoticeClass, Recipient, Topic

_SUB = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class UnknownCategory(ValidationError):
    """No such topic or notice class for whoever asks; the message names the field."""


class MandatoryMail(ValidationError):
    """A notice class was named where a topic belongs: it cannot be chosen (R40)."""


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


@dataclass(frozen=True)
class TopicRow:
    """One switch of the preference page: what they want, and why it comes or does not."""

    topic: Topic
    wants: bool
    comes: bool
    reason: Reason
    chosen: ConsentRecord | None


@dataclass(frozen=True)
class PreferenceCentre:
    """What a person can choose, what they cannot, and what they chose lately."""

    recipient: Recipient
    topics: list[TopicRow]
    notices: list[NoticeClass]
    history: list[ConsentRecord]

    @property
    def any_wanted(self) -> bool:
        """Whether there is optional mail to stop."""
        return any(row.wants for row in self.topics)


def preference_centre(user: User) -> PreferenceCentre:
    """Everything `/preferences/` shows this person."""
    recipient = Recipient.objects.get(user=user)
    choices = {
        choice.topic_id: choice.consent
        for choice in Choice.objects.filter(recipient=recipient).select_related("consent")
    }
    offered = Topic.objects.visible_to(user)
    verdicts = {
        verdict.topic_id: verdict
        for verdict in topic_verdicts(
            topics=offered, readers=Recipient.objects.filter(pk=recipient.pk)
        )
    }
    rows = [
        TopicRow(
            topic,
            verdicts[topic.pk].send or _wishes(recipient, topic, choices.get(topic.pk)),
            verdicts[topic.pk].send,
            verdicts[topic.pk].reason,
            choices.get(topic.pk),
        )
        for topic in offered
    ]
    return PreferenceCentre(
        recipient=recipient,
        topics=rows,
        notices=notice_classes(),
        history=list(consent_history(user)[:5]),
    )


def _wishes(recipient: Recipient, topic: Topic, chosen: ConsentRecord | None) -> bool:
    """What they said, or say by silence; whether it comes is another question."""
    if chosen is not None and chosen.pk > (recipient.stopped_id or 0):
        return chosen.wants
    return topic.default_on and recipient.stopped_id is None


def choosable_topics(user: User) -> QuerySet[Topic]:
    """What a person may choose, and what they once chose: a no is always possible."""
    chosen = Choice.objects.filter(recipient__user=user).values("topic")
    return Topic.objects.filter(
        Q(pk__in=Topic.objects.visible_to(user).values("pk")) | Q(pk__in=chosen)
    )


def find_topic(user: User, slug: str) -> Topic:
    """The topic a person means. In: any text.

    Raises MandatoryMail for a notice class, Http404 for what does not exist for them.
    """
    if slug in NoticeCode.values:
        raise MandatoryMail(
            _("“%(name)s” is mandatory mail: %(reason)s It cannot be switched off.")
            % {"name": NoticeCode(slug).label, "reason": GROUNDS[NoticeCode(slug)].reason},
            code="mandatory",
        )
    for topic in choosable_topics(user):
        if topic.slug == slug:
            return topic
    raise Http404("no such topic")


def notice_classes() -> list[NoticeClass]:
    """The closed list, in the order it is explained."""
    return [NoticeClass(code=code) for code in NoticeCode.values]


def readers_of(campaign: Campaign) -> QuerySet[Recipient]:
    """Everyone a decision is written about: a topic's are all readers, a notice's all it concerns.

    A notice concerns the people of live customers; with a portal, of those that have it.
    """
    everyone = Recipient.objects.filter(followed_by=None)
    if campaign.topic_id is not None:
        return everyone
    members = Membership.objects.live().filter(
        customer__status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED]
    )
    if campaign.portal_id is not None:
        members = members.filter(
            customer__subscriptions__portal=campaign.portal_id,
            customer__subscriptions__status=SubscriptionStatus.ACTIVE,
        )
    return everyone.filter(user__is_active=True, user__in=members.values("user_id"))


def consent_history(user: User) -> QuerySet[ConsentRecord]:
    """A person's own choices, newest first."""
    return (
        ConsentRecord.objects.filter(recipient__user=user).select_related("topic").order_by("-pk")
    )


def verdicts_for_portal(
    portal: Portal, category: Topic | NoticeClass, subjects: Sequence[str]
) -> list[Verdict | None]:
    """Whether this portal may send this to each of these people, in their order.

    In: `sub`s, any text. Out: None for whom the portal does not serve: nothing more is told about
    anyone outside the customers that are subscribed to it.
    """
    served = Membership.objects.live().filter(
        user=OuterRef("user"),
        customer__subscriptions__portal=portal,
        customer__subscriptions__status=SubscriptionStatus.ACTIVE,
    )
    subs = {sub for sub in subjects if _SUB.fullmatch(sub)}
    found = Recipient.objects.filter(Exists(served), user__sub__in=subs)
    keys = {str(sub): pk for sub, pk in found.values_list("user__sub", "pk")}
    readers = Recipient.objects.filter(pk__in=keys.values())
    if isinstance(category, Topic):
        verdicts = topic_verdicts(topics=Topic.objects.filter(pk=category.pk), readers=readers)
    else:
        verdicts = notice_verdicts(readers=readers)
    by_key = {verdict.recipient_id: verdict for verdict in verdicts}
    return [by_key.get(keys.get(sub, 0)) for sub in subjects]


def find_category(
    portal: Portal, *, topic: str = "", notice_class: str = ""
) -> Topic | NoticeClass:
    """What a portal asks about: a topic of its own or of the provider, or a class in use.

    Raises UnknownCategory, naming the field, for anything else.
    """
    if topic:
        offered = Topic.objects.filter(Q(portal=None) | Q(portal=portal), slug=topic).first()
        if offered is None:
            raise UnknownCategory({"topic": _("There is no such topic for this portal.")})
        return offered
    known = NoticeClass.objects.filter(code=notice_class).first()
    if known is None or not known.is_active:
        raise UnknownCategory({"notice_class": _("There is no such notice class.")})
    return known
