"""Reads of this app: nouns or questions."""

from preferences.selectors.answers import Answer, answer_for, find_recipient, may_send, readers_of
from preferences.selectors.centre import (
    MandatoryMail,
    PreferenceCentre,
    TopicRow,
    centre_of,
    choosable_topics,
    consent_history,
    consents_of,
    find_topic,
    notice_classes,
    preference_centre,
)
from preferences.selectors.portals import UnknownCategory, find_category, verdicts_for_portal

__all__ = [
    "Answer",
    "MandatoryMail",
    "PreferenceCentre",
    "TopicRow",
    "UnknownCategory",
    "answer_for",
    "centre_of",
    "choosable_topics",
    "consent_history",
    "consents_of",
    "find_category",
    "find_recipient",
    "find_topic",
    "may_send",
    "notice_classes",
    "preference_centre",
    "readers_of",
    "verdicts_for_portal",
]
