"""Digests: the optional messages to one recipient, sent as one email when it is due.

Each message keeps its own row and its own decision. The email has the Message-ID of the first.
"""

from django.conf import settings
from django.db.models import Q
from django.utils import timezone, translation

from accounts.emails import render_email
from preferences.choices import CampaignState, MessageState, Outcome
from preferences.gate.campaign_sending import batch_decisions
from preferences.gate.delivery import (
    claim_messages,
    close,
    decide_sending,
    handle_transport_error,
)
from preferences.gate.envelope import assemble, list_headers, provider_reply_to, topic_sender
from preferences.gate.footer import digest_footer
from preferences.gate.return_path import token_of
from preferences.gate.signing import SignedMail
from preferences.gate.transport import send
from preferences.models import Message, Recipient, Topic
from preferences.selectors import SendDecision
from preferences.tokens import page_url, unsubscribe_url

MAX_RECIPIENTS = 500  # whose digests are queued at one tick


def due_recipients() -> list[int]:
    """Return the keys of recipients whose digest is due."""
    due = Message.objects.filter(_due(), campaign__state=CampaignState.RUNNING)
    return list(due.order_by().values_list("recipient_id", flat=True).distinct()[:MAX_RECIPIENTS])


def _due() -> Q:
    waiting = [MessageState.QUEUED, MessageState.WAITING, MessageState.CLAIMED]
    return Q(in_digest=True, state__in=waiting, due_at__lte=timezone.now())


def deliver_digest(recipient_pk: int) -> str:
    """Send one recipient their due messages as one email. Return the state of the last.

    Choices are read now, for each topic. A message that is no longer wanted is skipped, with its
    reason.
    """
    claimed = _claim(recipient_pk)
    topic_decision = batch_decisions(claimed)
    wanted: list[tuple[Message, SendDecision]] = []
    for message in claimed:
        decision = decide_sending(message, topic_decision)
        if decision.send:
            wanted.append((message, decision))
        else:
            close(message, Outcome.SKIPPED, decision)
    if not wanted:
        return "nothing due"
    error: Exception | None = None
    try:
        if not send(compose([message for message, _decision in wanted])):
            error = OSError("the transport took nothing")
    except Exception as failure:  # whatever a transport raises, the email is kept and tried again
        error = failure
    detail = f"in the digest {wanted[0][0].message_id}"
    return [
        close(message, Outcome.SENT, decision, detail)
        if error is None
        else handle_transport_error(message, decision, error)
        for message, decision in wanted
    ][-1]


def _claim(recipient_pk: int) -> list[Message]:
    """Claim the messages that are due for this recipient."""
    return claim_messages(_due(), recipient=recipient_pk)


def compose(messages: list[Message]) -> SignedMail:
    """Compose one email of several messages to one recipient, each with its unsubscribe link."""
    first = messages[0]
    recipient, topics = _recipient(first), _topics(messages)
    items = [_item(message) for message in messages]
    with translation.override(recipient.reads):
        content = render_email(
            "preferences/emails/digest.txt",
            {"items": items, "others": len(items) - 1, "brand": settings.HUB_BRAND_NAME},
        )
        footer = digest_footer(page_url(recipient))
    mail = assemble(
        content.subject,
        list(content.blocks),
        footer,
        language=recipient.reads,
        sender=topic_sender(),
        to=first.address,
        reply_to=provider_reply_to(),
        headers={
            "Message-ID": first.message_id,
            **list_headers("digest", unsubscribe_url(recipient, *topics)),
        },
    )
    mail.return_token = token_of(first)
    return mail


def _item(message: Message) -> dict[str, object]:
    recipient, campaign, topic = _recipient(message), message.campaign, message.topic
    assert campaign is not None and topic is not None  # noqa: S101, PT018 -- by constraint
    return {
        "subject": campaign.subject(recipient.reads),
        "body": campaign.body(recipient.reads),
        "topic": topic.name,
        "stop_url": unsubscribe_url(recipient, topic),
    }


def _recipient(message: Message) -> Recipient:
    assert message.recipient is not None  # noqa: S101 -- a campaign's message always has one
    return message.recipient


def _topics(messages: list[Message]) -> list[Topic]:
    topics = {message.topic.pk: message.topic for message in messages if message.topic}
    return [topics[key] for key in sorted(topics)]
