"""What a person wants, and must, receive, as tables."""

from preferences.models import campaigns, categories, consent, messages, recipients, reports
from preferences.models.campaigns import Campaign, Candidate
from preferences.models.categories import Activation, NoticeClass, Reseller, Topic
from preferences.models.consent import Choice, ConsentRecord
from preferences.models.firms import ContactRole, FirmDenial, FirmRecipient
from preferences.models.messages import DeliveryDecision, Message
from preferences.models.recipients import Recipient
from preferences.models.reports import DeliveryReport, Escalation, Trial

__all__ = [
    "Activation",
    "Campaign",
    "Candidate",
    "Choice",
    "ConsentRecord",
    "ContactRole",
    "DeliveryDecision",
    "DeliveryReport",
    "Escalation",
    "FirmDenial",
    "FirmRecipient",
    "Message",
    "NoticeClass",
    "Recipient",
    "Reseller",
    "Topic",
    "Trial",
]

# Installed after every migration (preferences.signals).
TRIGGERS = [
    *categories.TRIGGERS,
    *recipients.TRIGGERS,
    *consent.TRIGGERS,
    *campaigns.TRIGGERS,
    *messages.TRIGGERS,
    *reports.TRIGGERS,
]
