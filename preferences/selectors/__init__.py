"""The reads of this app."""

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
from preferences.selectors.customer_email import (
    addable_topics,
    contacts_for,
    customer_contacts,
    customer_recipients,
    customer_topics,
    topics_for,
)
from preferences.selectors.portals import UnknownCategory, find_category, verdicts_for_portal
from preferences.selectors.send_decisions import (
    SendDecision,
    campaign_recipients,
    find_recipient,
    may_send,
    send_decision_for,
)

__all__ = [
    "MandatoryMail",
    "PreferenceCentre",
    "SendDecision",
    "TopicRow",
    "UnknownCategory",
    "addable_topics",
    "campaign_recipients",
    "centre_of",
    "choosable_topics",
    "consent_history",
    "consents_of",
    "contacts_for",
    "customer_contacts",
    "customer_recipients",
    "customer_topics",
    "find_category",
    "find_recipient",
    "find_topic",
    "may_send",
    "notice_classes",
    "preference_centre",
    "send_decision_for",
    "topics_for",
    "verdicts_for_portal",
]
