"""The footer of every email: who sends it, why, and how to stop it where that is possible."""

from django.conf import settings
from django.utils import translation

from accounts.emails import Block, absolute, render_blocks
from preferences.choices import GROUNDS, NoticeCode, TopicBasis
from preferences.models import Message
from preferences.tokens import page_url, unsubscribe_url, unsubscribe_url_of_address


def identity() -> dict[str, str]:
    """Return the sender's identity, which commercial email must state (R13)."""
    return {
        "brand": settings.HUB_BRAND_NAME,
        "postal_address": settings.HUB_BRAND_ADDRESS,
        "contact": settings.HUB_BASE_URL,
    }


def footer_of(message: Message, language: str) -> list[Block]:
    """Return the footer of a message, in its recipient's language.

    Optional email says who sends it and how to stop it (R13). A notice says why it is sent. A
    notice under CASL 6(6) needs no consent but is still commercial: it also says who sends it, and
    links to unsubscribe from all optional email, though not from such notices (R23).
    """
    with translation.override(language):
        if message.topic is not None:
            return _topic_footer(message)
        ground = GROUNDS[NoticeCode(str(message.notice_class_id))]
        stop = ""
        if ground.basis.is_commercial:  # also where no recipient has the address
            recipient = message.recipient
            stop = (
                unsubscribe_url(recipient)
                if recipient
                else unsubscribe_url_of_address(message.address, language)
            )
        return _blocks("notice", {"reason": ground.reason, "stop_url": stop})


def digest_footer(preferences_url: str) -> list[Block]:
    """Return the footer of a digest, in the active language."""
    return _blocks("digest", {"preferences_url": preferences_url})


def _blocks(kind: str, context: dict[str, object]) -> list[Block]:
    _subject, blocks = render_blocks(
        f"preferences/emails/_{kind}_footer.txt", {**identity(), **context}
    )
    return blocks


def _topic_footer(message: Message) -> list[Block]:
    topic, recipient = message.topic, message.recipient
    stop = unsubscribe_url(recipient, topic) if recipient and topic else ""
    return _blocks(
        "topic",
        {
            "topic": topic,
            "is_referral": topic is not None and topic.basis == TopicBasis.REFERRAL,
            "stop_url": stop,
            "preferences_url": page_url(recipient) if recipient else absolute("/preferences/"),
        },
    )
