"""The back office: staff keep topics here, and read how mail and choices stand."""

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
    """The closed list."""

    list_display = ["code", "reason", "legal_basis"]
    fields = ["code", "reason", "legal_basis"]
    readonly_fields = ["reason", "legal_basis"]


@admin.register(Choice)
class ChoiceAdmin(ReadOnly):
    """Who wants what."""

    list_display = ["recipient", "topic", "wants"]
    list_filter = ["topic", "wants"]
    list_select_related = ["recipient__user", "topic"]
    search_fields = ["recipient__user__email__exact", "recipient__address__exact"]


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ReadOnly):
    """The evidence."""

    list_display = ["at", "recipient", "topic", "wants", "basis", "source"]
    list_filter = ["topic", "wants", "basis", "source"]
    list_select_related = ["recipient__user", "topic"]
    search_fields = ["recipient__user__email__exact", "recipient__address__exact"]


@admin.register(Message)
class MessageAdmin(ReadOnly):
    """Mail on its way; what is in it stays sealed."""

    list_display = ["created_at", "address", "subject", "notice_class", "topic", "state"]
    list_filter = ["state", "notice_class", "topic"]
    list_select_related = ["notice_class", "topic"]
    search_fields = ["address__exact", "message_id__exact"]
    exclude = ["sealed_content", "claim"]


@admin.register(DeliveryDecision)
class DeliveryDecisionAdmin(ReadOnly):
    """How each mail ended."""

    list_display = ["at", "message", "outcome", "reason"]
    list_filter = ["outcome", "reason"]
    list_select_related = ["message__notice_class", "message__topic"]


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin[Topic]):
    """The provider's optional mail."""

    list_display = ["slug", "name_en", "name_fr", "default_on", "portal", "active"]
    list_filter = ["active", "default_on"]
    list_select_related = ["portal"]

    def get_readonly_fields(self, request: HttpRequest, obj: Topic | None = None) -> list[str]:
        """Links and lists hold the short name."""
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Topic | None = None) -> bool:
        """A topic is closed, never deleted: evidence points at it."""
        return False

    def save_model(self, request: Any, obj: Topic, form: Any, change: bool) -> None:
        """By the service, so that the trail knows."""
        values = {name: getattr(obj, name) for name in TOPIC_FIELDS}
        if change:
            update_topic(actor=request.user, topic=obj, **values)
        else:
            obj.pk = create_topic(actor=request.user, slug=obj.slug, **values).pk
