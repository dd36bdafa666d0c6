"""The admin site: staff edit topics, and read messages and choices."""

from typing import Any

from django.contrib import admin
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
from preferences.services.topics import TOPIC_FIELDS, create_topic, update_topic


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


@admin.register(DeliveryDecision)
class DeliveryDecisionAdmin(ReadOnly):
    """The decisions on messages."""

    list_display = ["at", "message", "outcome", "reason"]
    list_filter = ["outcome", "reason"]
    list_select_related = ["message__notice_class", "message__topic"]


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin[Topic]):
    """Topics."""

    list_display = ["slug", "name_en", "name_fr", "default_on", "portal", "active"]
    list_filter = ["active", "default_on"]
    list_select_related = ["portal"]

    def get_readonly_fields(self, request: HttpRequest, obj: Topic | None = None) -> list[str]:
        """Keep the short name of a topic: links contain it."""
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Topic | None = None) -> bool:
        """Refuse to delete a topic: evidence refers to it."""
        return False

    def save_model(self, request: Any, obj: Topic, form: Any, change: bool) -> None:
        """Save with the service, so that an audit event is recorded."""
        values = {name: getattr(obj, name) for name in TOPIC_FIELDS}
        if change:
            update_topic(actor=request.user, topic=obj, **values)
        else:
            obj.pk = create_topic(actor=request.user, slug=obj.slug, **values).pk
