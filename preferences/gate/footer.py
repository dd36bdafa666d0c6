"""The foot of every mail, by its class: who sends it, why, and how to stop what can be stopped."""

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from accounts.emails import absolute
from preferences.choices import GROUNDS, NoticeCode
from preferences.models import Message
from preferences.tokens import page_url, unsubscribe_url, unsubscribe_url_of_address


def identity() -> dict[str, str]:
    """Who sends, as commercial mail must say it (R13)."""
    return {
        "brand": settings.HUB_BRAND_NAME,
        "postal_address": settings.HUB_BRAND_ADDRESS,
        "contact": settings.HUB_BASE_URL,
    }


def footer_of(message: Message, language: str) -> str:
    """Plain text to stand below a mail, in its reader's language.

    Optional mail says who sends it and how to stop it (R13). A notice says why it comes; one that
    the law lets go out without consent only, CASL 6(6), is identified too and offers the way out
    of everything commercial, itself excepted (R23).
    """
    with translation.override(language):
        if message.topic is not None:
            return _topic_footer(message)
        ground = GROUNDS[NoticeCode(str(message.notice_class_id))]
        stop = ""
        if ground.basis.is_commercial:  # also where nobody here has the address
            reader = message.recipient
            stop = (
                unsubscribe_url(reader)
                if reader
                else unsubscribe_url_of_address(message.address, language)
            )
        return render_to_string(
            "preferences/emails/notice_footer.txt",
            {**identity(), "reason": ground.reason, "basis": ground.basis, "stop_url": stop},
        )


def _topic_footer(message: Message) -> str:
    topic, recipient = message.topic, message.recipient
    stop = unsubscribe_url(recipient, topic) if recipient and topic else ""
    return render_to_string(
        "preferences/emails/topic_footer.txt",
        {
            **identity(),
            "topic": topic,
            "stop_url": stop,
            "preferences_url": page_url(recipient) if recipient else absolute("/preferences/"),
        },
    )
