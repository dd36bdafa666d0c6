"""The preference centre: what a recipient can choose, and what they chose."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField, DateTimeField, Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from accounts.selectors.composed import ComposedQuery, Given
from preferences.audience import Verdict, verdicts_on_topics
from preferences.choices import GROUNDS, MessageState, NoticeCode, Reason
from preferences.models import (
    Campaign,
    Choice,
    ConsentRecord,
    CustomerRecipient,
    CustomerTopicDenial,
    Message,
    NoticeClass,
    Recipient,
    Topic,
)
from preferences.selectors.customer_email import Copies, mail_of_companies

LATEST_CONSENTS = 5  # on the page of choices


class MandatoryMail(ValidationError):
    """A notice class was named in place of a topic: it cannot be chosen (R40)."""


@dataclass(frozen=True)
class TopicRow:
    """A topic on the preference page: what they want, and why it is sent or not."""

    topic: Topic
    wants: bool
    comes: bool
    reason: Reason
    chosen: ConsentRecord | None
    last_sent: datetime | None = None
    denials: tuple[CustomerTopicDenial, ...] = ()
    additions: tuple[CustomerRecipient, ...] = ()

    @property
    def hint(self) -> str:
        """Why a wanted topic is not sent, where the page does not say it elsewhere."""
        elsewhere = (Reason.DENIED, Reason.UNREACHABLE, Reason.PAUSED)
        no_hint = self.comes or not self.wants or self.reason in elsewhere
        return "" if no_hint else str(self.reason.label)


@dataclass(frozen=True)
class PreferenceCentre:
    """The topics and notices of a recipient, and their latest choices."""

    recipient: Recipient
    topics: list[TopicRow]
    notices: list[NoticeClass]
    history: list[ConsentRecord]
    copies: list[Copies]

    @property
    def any_wanted(self) -> bool:
        """Whether there is optional email to stop."""
        return any(row.wants for row in self.topics)

    @property
    def paused_until(self) -> datetime | None:
        """The end of the current pause."""
        until = self.recipient.paused_until
        return until if until is not None and until > timezone.now() else None


def preference_centre(user: User) -> PreferenceCentre:
    """Return everything that `/preferences/` shows this person."""
    (recipient,) = _RECIPIENT.rows(user=user.pk)  # it is made with the account
    return centre_of(recipient)


def centre_of(recipient: Recipient) -> PreferenceCentre:
    """Return the same for any recipient: a person, or a subscriber without an account."""
    choices = {choice.topic_id: choice.consent for choice in _CHOICES.rows(recipient=recipient.pk)}
    offered = _topics_offered(recipient)
    keys = {topic.pk for topic in offered}
    verdicts = {
        verdict.topic_id: verdict
        for verdict in verdicts_on_topics(recipient.pk)
        if verdict.topic_id in keys
    }
    customer_email = _settings_of_customers(recipient, verdicts)
    rows = [
        TopicRow(
            topic,
            verdicts[topic.pk].send or _wants(recipient, topic, choices.get(topic.pk)),
            verdicts[topic.pk].send,
            verdicts[topic.pk].reason,
            choices.get(topic.pk),
            max(filter(None, (topic.campaign_sent_at, topic.mail_sent_at)), default=None),
            tuple(row for row in customer_email.denials if row.topic_id == topic.pk),
            tuple(row for row in customer_email.additions if row.topic_id == topic.pk),
        )
        for topic in offered
    ]
    return PreferenceCentre(
        recipient=recipient,
        topics=rows,
        notices=_notices_for(recipient),
        history=_LATEST_CONSENTS.rows(recipient=recipient.pk),
        copies=customer_email.copies,
    )


_RECIPIENT = ComposedQuery(
    lambda user: Recipient.objects.filter(user=user).select_related("user", "stopped"),
    user=BigIntegerField(),
)
_CHOICES = ComposedQuery(
    lambda recipient: Choice.objects.filter(recipient=recipient).select_related("consent"),
    recipient=BigIntegerField(),
)


def _offered(recipient: Recipient) -> QuerySet[Topic]:
    """Return the topics that a recipient may subscribe to now."""
    if recipient.user is None:
        return Topic.objects.for_anyone()
    return Topic.objects.visible_to(recipient.user)


def _topics_offered(recipient: Recipient) -> list[Any]:
    """Return the topics offered to a recipient, each with its portal and its last sending."""
    if recipient.user_id is None:
        return _FOR_ANYONE.rows()
    return _VISIBLE.rows(user=recipient.user_id, now=timezone.now())


def _with_last_sent(topics: QuerySet[Topic]) -> QuerySet[Any]:
    """Add when the last campaign and the last single email of each topic were sent."""
    sent = Message.objects.filter(campaign=OuterRef("pk"), state=MessageState.SENT)
    campaigns = Campaign.objects.filter(
        Exists(sent), topic=OuterRef("pk"), resolved_at__isnull=False
    )
    mails = Message.objects.filter(topic=OuterRef("pk"), campaign=None, state=MessageState.SENT)
    return topics.select_related("portal").annotate(
        campaign_sent_at=campaigns.order_by("-resolved_at").values("resolved_at")[:1],
        mail_sent_at=mails.order_by("-pk").values("created_at")[:1],
    )


_FOR_ANYONE = ComposedQuery(lambda: _with_last_sent(Topic.objects.for_anyone()))
_VISIBLE = ComposedQuery(
    lambda user, now: _with_last_sent(Topic.objects.visible_to(user, now)),
    user=BigIntegerField(),
    now=DateTimeField(),
)


def _notices_for(recipient: Recipient) -> list[NoticeClass]:
    """Return the notice classes that a recipient gets; without an account, transactional alone."""
    if recipient.user_id is None:
        return [NoticeClass(code=NoticeCode.TRANSACTIONAL)]
    return notice_classes()


class _CustomerSettings(NamedTuple):
    denials: list[CustomerTopicDenial]
    additions: list[CustomerRecipient]
    copies: list[Copies]


def _settings_of_customers(
    recipient: Recipient, verdicts: dict[int | None, Verdict]
) -> _CustomerSettings:
    """Return what their companies decided, which is never hidden from the person (R43)."""
    if recipient.user is None:
        return _CustomerSettings([], [], [])
    mail = mail_of_companies(recipient.user)
    denied = {key for key, verdict in verdicts.items() if not verdict.send}
    added = {key for key, verdict in verdicts.items() if verdict.reason == Reason.ADDED_BY_CUSTOMER}
    denials = _DENIALS.rows(user=recipient.user_id, now=timezone.now()) if denied else []
    return _CustomerSettings(
        [row for row in denials if row.topic_id in denied],
        [row for row in mail.topics if row.topic_id in added],
        mail.copies,
    )


_DENIALS = ComposedQuery(
    lambda user, now: CustomerTopicDenial.objects.filter(
        customer__in=Membership.objects.live(now).filter(user=user).values("customer")
    ).select_related("customer", "by"),
    user=BigIntegerField(),
    now=DateTimeField(),
)


def _wants(recipient: Recipient, topic: Topic, chosen: ConsentRecord | None) -> bool:
    """Return whether they want the topic, by choice or by default. It may still not be sent."""
    if chosen is not None and chosen.pk > (recipient.stopped_id or 0):
        return chosen.wants
    return recipient.user_id is not None and topic.default_on and recipient.stopped_id is None


def choosable_topics(recipient: Recipient) -> QuerySet[Topic]:
    """Return the topics that a recipient may choose or once chose: a no is always possible."""
    chosen = Choice.objects.filter(recipient=recipient).values("topic")
    return Topic.objects.filter(Q(pk__in=_offered(recipient).values("pk")) | Q(pk__in=chosen))


def find_topic(recipient: Recipient, slug: str) -> Topic:
    """Return the topic with this short name, which may be any text.

    Raises MandatoryMail for a notice class, Http404 for a topic that they cannot see.
    """
    if slug in NoticeCode.values:
        raise MandatoryMail(
            _("“%(name)s” is a required notice. %(reason)s You can't unsubscribe from it.")
            % {"name": NoticeCode(slug).label, "reason": GROUNDS[NoticeCode(slug)].reason},
            code="mandatory",
        )
    for topic in choosable_topics(recipient):
        if topic.slug == slug:
            return topic
    raise Http404("no such topic")


def notice_classes() -> list[NoticeClass]:
    """Return the closed list of notice classes, in the order of the page."""
    return [NoticeClass(code=code) for code in NoticeCode.values]


def consent_history(user: User) -> QuerySet[ConsentRecord]:
    """Return a person's own consent records, newest first."""
    return consents_of(Recipient.objects.get(user=user))


def consents_of(recipient: Recipient | Given) -> QuerySet[ConsentRecord]:
    """Return the consent records of a recipient, newest first."""
    records: QuerySet[ConsentRecord] = ConsentRecord.objects.filter(recipient=recipient)
    return records.select_related("topic").order_by("-pk")


_LATEST_CONSENTS = ComposedQuery(
    lambda recipient: consents_of(recipient)[:LATEST_CONSENTS], recipient=BigIntegerField()
)
