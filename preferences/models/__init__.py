"""The models of this app."""

from preferences.models.campaigns import Campaign, Candidate
from preferences.models.categories import Activation, NoticeClass, Reseller, Topic
from preferences.models.consent import Choice, ConsentRecord
from preferences.models.customer_email import ContactRole, CustomerRecipient, CustomerTopicDenial
from preferences.models.delivery_events import DeliveryEvent, DeliveryProbe, Escalation
from preferences.models.messages import DeliveryDecision, Message
from preferences.models.named_recipients import NamedRecipient
from preferences.models.recipients import Recipient

__all__ = [
    "Activation",
    "Campaign",
    "Candidate",
    "Choice",
    "ConsentRecord",
    "ContactRole",
    "CustomerRecipient",
    "CustomerTopicDenial",
    "DeliveryDecision",
    "DeliveryEvent",
    "DeliveryProbe",
    "Escalation",
    "Message",
    "NamedRecipient",
    "NoticeClass",
    "Recipient",
    "Reseller",
    "Topic",
]
