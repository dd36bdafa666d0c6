"""The example's requests about data: one that is open, entered from a letter."""

from accounts.choices import Language
from accounts.timezones import today_of_provider
from compliance.choices.privacy_requests import (
    PrivacyLaw,
    PrivacyRequestKind,
    PrivacyRequestSource,
)
from compliance.services.privacy_requests import enter_privacy_request
from hub.example import acts
from hub.example.story import THU, Story

OPERATOR, WEEK = "olive@harbour.example", 1


def tell_privacy(story: Story) -> None:
    """Add Charlie's letter, which asks for a copy of his data."""
    story.on(WEEK, THU, "10:05", _enter_letter)


def _enter_letter() -> None:
    enter_privacy_request(
        actor=acts.person(OPERATOR),
        kind=PrivacyRequestKind.ACCESS,
        source=PrivacyRequestSource.POST,
        law=PrivacyLaw.CANADA,
        address="charlie@birch.example",
        language=Language.ENGLISH,
        received_on=today_of_provider(),
        details="Please send me a copy of everything you have about me.",
    )
