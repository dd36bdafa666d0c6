"""Reads of this app: nouns or questions."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import User
from preferences.choices import GROUNDS, ConsentSource, NoticeCode, Reason
from preferences.models import Choice, ConsentRecord, NoticeClass, Topic


class MandatoryMail(ValidationError):
    """A notice class was named where a topic belongs: it cannot be chosen (R40)."""


@dataclass(frozen=True)
class Answer:
    """Whether a mail goes out, why, and the evidence behind it."""

    send: bool
    reason: Reason
    consent: ConsentRecord | None = None


def answer_for(user: User, topic: Topic) -> Answer:
    """Whether this person gets this topic at this moment, from what they chose."""
    if not user.is_active:
        return Answer(False, Reason.ACCOUNT_CLOSED)
    if not topic.active:
        return Answer(False, Reason.TOPIC_CLOSED)
    choice = Choice.objects.select_related("consent").filter(user=user, topic=topic).first()
    if choice is not None and not choice.wants:
        return Answer(False, Reason.CHOSE_NO, choice.consent)
    if not Topic.objects.visible_to(user).filter(pk=topic.pk).exists():
        return Answer(False, Reason.NOT_THEIRS)
    if choice is not None:
        return Answer(True, Reason.CHOSE_YES, choice.consent)
    return _default_for(topic, stopped_all=_stopped_all(user))


def _stopped_all(user: User) -> ConsentRecord | None:
    """Who once stopped everything is never enrolled by a default again, in later topics either."""
    return ConsentRecord.objects.filter(user=user, source=ConsentSource.STOP_ALL).first()


def _default_for(topic: Topic, *, stopped_all: ConsentRecord | None) -> Answer:
    if not topic.default_on:
        return Answer(False, Reason.DEFAULT_OFF)
    if stopped_all is not None:
        return Answer(False, Reason.STOPPED_ALL, stopped_all)
    return Answer(True, Reason.DEFAULT_ON)


def may_send(user: User, topic: Topic) -> bool:
    """The one question every sender asks."""
    return answer_for(user, topic).send


@dataclass(frozen=True)
class TopicRow:
    """One switch of the preference page."""

    topic: Topic
    wants: bool
    chosen: ConsentRecord | None


@dataclass(frozen=True)
class PreferenceCentre:
    """What a person can choose, what they cannot, and what they chose lately."""

    topics: list[TopicRow]
    notices: list[NoticeClass]
    history: list[ConsentRecord]

    @property
    def any_wanted(self) -> bool:
        """Whether there is optional mail to stop."""
        return any(row.wants for row in self.topics)


def preference_centre(user: User) -> PreferenceCentre:
    """Everything `/preferences/` shows this person."""
    choices = {
        choice.topic_id: choice
        for choice in Choice.objects.filter(user=user).select_related("consent")
    }
    stopped = _stopped_all(user)
    rows = []
    for topic in Topic.objects.visible_to(user):
        choice = choices.get(topic.pk)
        wants = choice.wants if choice else _default_for(topic, stopped_all=stopped).send
        rows.append(TopicRow(topic, wants, choice.consent if choice else None))
    return PreferenceCentre(
        topics=rows, notices=notice_classes(), history=list(consent_history(user)[:5])
    )


def choosable_topics(user: User) -> QuerySet[Topic]:
    """What a person may choose, and what they once chose: a no is always possible."""
    chosen = Choice.objects.filter(user=user).values("topic")
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
    return ConsentRecord.objects.filter(user=user).select_related("topic").order_by("-pk")
