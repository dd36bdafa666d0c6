"""Digests: what a reader gets of several topics and campaigns, gathered into one mail when due.

Each message keeps its own row and its own decision; together they leave as one mail, with the
Message-ID of the first.
"""

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from preferences.choices import CampaignState, MessageState, Outcome
from preferences.gate.campaign_sending import asked_together
from preferences.gate.delivery import claim_together, close, decide, not_taken
from preferences.gate.envelope import list_headers, topic_sender
from preferences.gate.footer import identity
from preferences.gate.signing import SignedMail
from preferences.gate.transport import send
from preferences.models import Message, Recipient, Topic
from preferences.selectors import SendDecision
from preferences.tokens import page_url, unsubscribe_url

READERS = 500  # whose digests the clock hands out at once


def due_readers() -> list[int]:
    """Keys of readers for whom something gathered is due."""
    due = Message.objects.filter(_due(), campaign__state=CampaignState.RUNNING)
    return list(due.order_by().values_list("recipient_id", flat=True).distinct()[:READERS])


def _due() -> Q:
    waiting = [MessageState.QUEUED, MessageState.WAITING, MessageState.CLAIMED]
    return Q(in_digest=True, state__in=waiting, due_at__lte=timezone.now())


def deliver_digest(recipient_pk: int) -> str:
    """Send one reader what is due for them, as one mail; out: how it stands then.

    Choices are read now, for each topic; what is no longer wanted is skipped, with its reason.
    """
    held = _claim(recipient_pk)
    ask = asked_together(held)
    wanted: list[tuple[Message, SendDecision]] = []
    for message in held:
        answer = decide(message, ask)
        if answer.send:
            wanted.append((message, answer))
        else:
            close(message, Outcome.SKIPPED, answer)
    if not wanted:
        return "nothing due"
    error: Exception | None = None
    try:
        if not send(compose([message for message, _answer in wanted])):
            error = OSError("the transport took nothing")
    except Exception as failure:  # whatever a transport raises, the mail is kept and tried again
        error = failure
    detail = f"in the digest {wanted[0][0].message_id}"
    return [
        close(message, Outcome.SENT, answer, detail)
        if error is None
        else not_taken(message, answer, error)
        for message, answer in wanted
    ][-1]


def _claim(recipient_pk: int) -> list[Message]:
    """What is due for this reader, made ours until the lease ends."""
    return claim_together(_due(), recipient=recipient_pk)


def compose(messages: list[Message]) -> SignedMail:
    """One mail of several messages to the same reader, each with its own way out."""
    first = messages[0]
    recipient, topics = _reader(first), _topics(messages)
    with translation.override(recipient.reads):
        body = render_to_string(
            "preferences/emails/digest_message.txt",
            {
                "items": [_item(message) for message in messages],
                **identity(),
                "preferences_url": page_url(recipient),
            },
        )
        subject = _("%(brand)s: your news (%(count)s)") % {
            "brand": settings.HUB_BRAND_NAME,
            "count": len(messages),
        }
    return SignedMail(
        subject,
        body,
        topic_sender(),
        to=[first.address],
        headers={
            "Message-ID": first.message_id,
            **list_headers("digest", unsubscribe_url(recipient, *topics)),
        },
    )


def _item(message: Message) -> dict[str, object]:
    recipient, campaign, topic = _reader(message), message.campaign, message.topic
    assert campaign is not None and topic is not None  # noqa: S101, PT018 -- by constraint
    return {
        "subject": campaign.subject(recipient.reads),
        "body": campaign.body(recipient.reads).strip(),
        "topic": topic.name,
        "stop_url": unsubscribe_url(recipient, topic),
    }


def _reader(message: Message) -> Recipient:
    assert message.recipient is not None  # noqa: S101 -- a campaign's message has one
    return message.recipient


def _topics(messages: list[Message]) -> list[Topic]:
    found = {message.topic.pk: message.topic for message in messages if message.topic}
    return [found[key] for key in sorted(found)]
