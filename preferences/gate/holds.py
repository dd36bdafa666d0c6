"""Holds of an upper app on its confidential notices, asked at the very moment of each send.

The upper app registers a question about a campaign. It is asked within a transaction that lasts
until the transport has the email, so that the app can lock the row on which a hold depends: once a
hold is placed, nothing is on its way any more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import transaction

from preferences.models import Campaign, Message

_questions: list[Callable[[int], bool]] = []


class Held(Exception):
    """The notice is on hold: nothing was sent, and it is tried again later."""


def register_hold(question: Callable[[int], bool]) -> None:
    """Register a function that says whether the campaign with this key is on hold now."""
    if question not in _questions:
        _questions.append(question)


def is_held(campaign: Campaign | None) -> bool:
    """Return whether a campaign is on hold now. Only confidential notices ever are."""
    if campaign is None or not campaign.confidential:
        return False
    return any(question(campaign.pk) for question in _questions)


@contextmanager
def unless_held(message: Message) -> Iterator[None]:
    """Let an email be sent within this block. Raises Held where its notice is on hold."""
    campaign = message.campaign or _campaign_repeated_by(message)
    if campaign is None or not campaign.confidential:
        yield
        return
    with transaction.atomic():
        if is_held(campaign):
            raise Held
        yield


def _campaign_repeated_by(message: Message) -> Campaign | None:
    """Return the campaign of the notice that this email repeats at another address, if any."""
    if message.notice_class_id is None:
        return None
    return Campaign.objects.filter(
        confidential=True, messages__escalation__probes__message=message
    ).first()
