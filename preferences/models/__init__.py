"""What a person wants, and must, receive, as tables."""

from preferences.models.categories import NoticeClass, Topic
from preferences.models.consent import Choice, ConsentRecord
from preferences.models.messages import DeliveryDecision, Message

__all__ = ["Choice", "ConsentRecord", "DeliveryDecision", "Message", "NoticeClass", "Topic"]
