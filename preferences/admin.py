"""The admin site, which only shows: topics, messages, choices and their evidence."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import ReadOnly
from preferences.models import (
    Choice,
    ConsentRecord,
    DeliveryDecision,
    Message,
    NoticeClass,
    Topic,
)
from preferences.selectors.campaigns import public_messages


@admin.register(NoticeClass)
class NoticeClassAdmin(ReadOnly):
    """The closed list of notice classes."""

    list_display = ["code", "reason", "legal_basis"]
    fields = ["code", "reason", "legal_basis"]
    readonly_fields = ["reason", "legal_basis"]


@admin.register(Choice)
class ChoiceAdmin(ReadOnly):
    """The choices of recipients."""

    list_display = ["recipient", "topic", "wants"]
    list_filter = ["topic", "wants"]
    list_select_related = ["recipient__user", "topic"]
    search_fields = ["recipient__user__email__exact", "recipient__address__exact"]


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ReadOnly):
    """The consent records."""

    list_display = ["at", "recipient", "topic", "wants", "basis", "source"]
    list_filter = ["topic", "wants", "basis", "source"]
    list_select_related = ["recipient__user", "topic"]
    search_fields = ["recipient__user__email__exact", "recipient__address__exact"]


@admin.register(Message)
class MessageAdmin(ReadOnly):
    """Messages, without their encrypted content."""

    list_display = ["created_at", "address", "subject", "notice_class", "topic", "state"]
    list_filter = ["state", "notice_class", "topic"]
    list_select_related = ["notice_class", "topic"]
    search_fields = ["address__exact", "message_id__exact"]
    exclude = ["sealed_content", "claim"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Return the messages but those of confidential notices."""
        return super().get_queryset(request).filter(pk__in=public_messages().values("pk"))


@admin.register(DeliveryDecision)
class DeliveryDecisionAdmin(ReadOnly):
    """The decisions on messages."""

    list_display = ["at", "message", "outcome", "reason"]
    list_filter = ["outcome", "reason"]
    list_select_related = ["message__notice_class", "message__topic"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeliveryDecision]:
        """Return the decisions but those on confidential notices."""
        return super().get_queryset(request).filter(message__in=public_messages().values("pk"))


@admin.register(Topic)
class TopicAdmin(ReadOnly):
    """The topics; they are edited on the provider's pages."""

    list_display = ["slug", "name_en", "name_fr", "default_on", "portal", "active"]
    list_filter = ["active", "default_on"]
    list_select_related = ["portal"]
