"""What a person can choose and what they chose."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import User
from preferences.audience import topic_verdicts
from preferences.choices import GROUNDS, NoticeCode, Reason
from preferences.models import Choice, ConsentRecord, NoticeClass, Recipient, Topic


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


def consent_history(user: User) -> QuerySet[ConsentRecord]:
    """A person's own choices, newest first."""
    return (
        ConsentRecord.objects.filter(recipient__user=user).select_related("topic").order_by("-pk")
    )
