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
from preferences.selectors.firms import (
    addable_topics,
    contacts_for,
    firm_contacts,
    firm_recipients,
    firm_topics,
    topics_for,
)
from preferences.selectors.portals import UnknownCategory, find_category, verdicts_for_portal

__all__ = [
    "Answer",
    "MandatoryMail",
    "PreferenceCentre",
    "TopicRow",
    "UnknownCategory",
    "addable_topics",
    "answer_for",
    "centre_of",
    "choosable_topics",
    "consent_history",
    "consents_of",
    "contacts_for",
    "find_category",
    "find_recipient",
    "find_topic",
    "firm_contacts",
    "firm_recipients",
    "firm_topics",
    "may_send",
    "notice_classes",
    "preference_centre",
    "readers_of",
    "topics_for",
    "verdicts_for_portal",
]
