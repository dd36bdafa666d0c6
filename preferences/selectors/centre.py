"""What a person can choose and what they chose."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from preferences.audience import Verdict, topic_verdicts
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
from preferences.selectors.customer_email import Copies, copies_of


class MandatoryMail(ValidationError):
    """A notice class was named where a topic belongs: it cannot be chosen (R40)."""


@dataclass(frozen=True)
class TopicRow:
    """One switch of the preference page: what they want, and why it comes or does not."""

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
        """Why a topic that is wanted does not come, where the page does not say it elsewhere."""
        elsewhere = (Reason.DENIED, Reason.UNREACHABLE, Reason.PAUSED)
        silent = self.comes or not self.wants or self.reason in elsewhere
        return "" if silent else str(self.reason.label)


@dataclass(frozen=True)
class PreferenceCentre:
    """What a reader can choose, what they cannot, and what they chose lately."""

    recipient: Recipient
    topics: list[TopicRow]
    notices: list[NoticeClass]
    history: list[ConsentRecord]
    copies: list[Copies]

    @property
    def any_wanted(self) -> bool:
        """Whether there is optional mail to stop."""
        return any(row.wants for row in self.topics)

    @property
    def paused_until(self) -> datetime | None:
        """The end of a pause that holds now."""
        until = self.recipient.paused_until
        return until if until is not None and until > timezone.now() else None


def preference_centre(user: User) -> PreferenceCentre:
    """Everything `/preferences/` shows this person."""
    return centre_of(Recipient.objects.select_related("user", "stopped").get(user=user))


def centre_of(recipient: Recipient) -> PreferenceCentre:
    """The same for any reader of mail: a person, or a subscriber without an account."""
    choices = {
        choice.topic_id: choice.consent
        for choice in Choice.objects.filter(recipient=recipient).select_related("consent")
    }
    offered = list(_with_last_sent(_offered(recipient)).select_related("portal"))
    verdicts = {
        verdict.topic_id: verdict
        for verdict in topic_verdicts(
            topics=[topic.pk for topic in offered], readers=[recipient.pk]
        )
    }
    customer_email = _settings_of_customers(recipient, verdicts)
    rows = [
        TopicRow(
            topic,
            verdicts[topic.pk].send or _wishes(recipient, topic, choices.get(topic.pk)),
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
        history=list(consents_of(recipient)[:5]),
        copies=customer_email.copies,
    )


def _offered(recipient: Recipient) -> QuerySet[Topic]:
    """The topics a reader may have now."""
    if recipient.user is None:
        return Topic.objects.for_anyone()
    return Topic.objects.visible_to(recipient.user)


def _with_last_sent(topics: QuerySet[Topic]) -> QuerySet[Any]:
    """With the moments of the last campaign that reached anybody, and of the last single mail."""
    sent = Message.objects.filter(campaign=OuterRef("pk"), state=MessageState.SENT)
    campaigns = Campaign.objects.filter(
        Exists(sent), topic=OuterRef("pk"), resolved_at__isnull=False
    )
    mails = Message.objects.filter(topic=OuterRef("pk"), campaign=None, state=MessageState.SENT)
    return topics.annotate(
        campaign_sent_at=campaigns.order_by("-resolved_at").values("resolved_at")[:1],
        mail_sent_at=mails.order_by("-pk").values("created_at")[:1],
    )


def _notices_for(recipient: Recipient) -> list[NoticeClass]:
    """What reaches a reader whatever they choose; without an account, answers to what was asked."""
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
    """What their companies decided that shows here: it is never hidden from the person (R43)."""
    if recipient.user is None:
        return _CustomerSettings([], [], [])
    members = Membership.objects.live().filter(user=recipient.user)
    denied = [key for key, found in verdicts.items() if not found.send]
    added = [key for key, found in verdicts.items() if found.reason == Reason.ADDED_BY_CUSTOMER]
    denials = CustomerTopicDenial.objects.filter(
        customer__in=members.values("customer"), topic__in=denied
    )
    additions = CustomerRecipient.objects.filter(membership__in=members, topic__in=added)
    return _CustomerSettings(
        list(denials.select_related("customer", "by")) if denied else [],
        list(additions.select_related("membership__customer", "by")) if added else [],
        copies_of(recipient.user),
    )


def _wishes(recipient: Recipient, topic: Topic, chosen: ConsentRecord | None) -> bool:
    """What they said, or say by silence; whether it comes is another question."""
    if chosen is not None and chosen.pk > (recipient.stopped_id or 0):
        return chosen.wants
    return recipient.user_id is not None and topic.default_on and recipient.stopped_id is None


def choosable_topics(reader: Recipient) -> QuerySet[Topic]:
    """What a reader may choose, and what they once chose: a no is always possible."""
    chosen = Choice.objects.filter(recipient=reader).values("topic")
    return Topic.objects.filter(Q(pk__in=_offered(reader).values("pk")) | Q(pk__in=chosen))


def find_topic(reader: Recipient, slug: str) -> Topic:
    """The topic a reader means. In: any text.

    Raises MandatoryMail for a notice class, Http404 for what does not exist for them.
    """
    if slug in NoticeCode.values:
        raise MandatoryMail(
            _("“%(name)s” is mandatory mail: %(reason)s It cannot be switched off.")
            % {"name": NoticeCode(slug).label, "reason": GROUNDS[NoticeCode(slug)].reason},
            code="mandatory",
        )
    for topic in choosable_topics(reader):
        if topic.slug == slug:
            return topic
    raise Http404("no such topic")


def notice_classes() -> list[NoticeClass]:
    """The closed list, in the order it is explained."""
    return [NoticeClass(code=code) for code in NoticeCode.values]


def consent_history(user: User) -> QuerySet[ConsentRecord]:
    """A person's own choices, newest first."""
    return consents_of(Recipient.objects.get(user=user))


def consents_of(recipient: Recipient) -> QuerySet[ConsentRecord]:
    """Everything a reader said, newest first."""
    return recipient.consent_records.select_related("topic").order_by("-pk")
