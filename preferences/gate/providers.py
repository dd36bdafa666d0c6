"""Webhooks of email providers: events, as anymail normalises them, become delivery events."""

from collections.abc import Callable
from typing import Any

from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest
from django.utils.module_loading import import_string

from accounts.choices import BounceReason
from preferences.choices.delivery_events import DeliveryEventKind
from preferences.services.bounce_reasons import HARD_REASONS, read_reason
from preferences.services.delivery_events import (
    find_reported_message,
    record_delivery_event,
)

# The providers that anymail supports, that authenticate themselves, and that name an email by our
# Message-ID (others use an ID of their own, which only their sending API returns).
PROVIDERS = {
    "brevo": "anymail.webhooks.brevo.BrevoTrackingWebhookView",
    "mailgun": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
}
PERMANENT_REJECTIONS = (RejectReason.INVALID, RejectReason.BOUNCED)
SOFT_BOUNCE = "soft_bounce"  # Brevo's name; anymail has one event for soft and hard bounces


def receive_events(request: HttpRequest, provider: str) -> int:
    """Check the sender and send anymail's signal for each event. Return how many there were.

    Raises Http404 without a secret or for an unknown provider, PermissionDenied for a wrong secret
    or signature, SuspiciousOperation (400) for events that cannot be parsed.
    """
    if not settings.ANYMAIL.get("WEBHOOK_SECRET") or provider not in PROVIDERS:
        raise Http404
    try:
        view = import_string(PROVIDERS[provider])()
    except AnymailConfigurationError as error:
        raise Http404 from error
    try:
        view.run_validators(request)
        events = list(view.parse_events(request))
    except AnymailWebhookValidationFailure as error:
        raise PermissionDenied from error
    except Exception as error:  # a parser may raise anything for hostile input
        raise SuspiciousOperation("these events cannot be read") from error
    for event in events:
        tracking.send(sender=type(view), event=event, esp_name=provider)
    return len(events)


def event_kind(event: AnymailTrackingEvent) -> DeliveryEventKind | None:
    """Return the kind of an event; None for kinds we do not record, such as opens (R51)."""
    kinds: dict[str, Callable[[], DeliveryEventKind]] = {
        EventType.DELIVERED: lambda: DeliveryEventKind.DELIVERED,
        EventType.DEFERRED: lambda: DeliveryEventKind.DELAYED,
        EventType.COMPLAINED: lambda: DeliveryEventKind.COMPLAINT,
        EventType.BOUNCED: lambda: (
            DeliveryEventKind.SOFT if _is_soft_bounce(event) else _permanent_failure(event)
        ),
        EventType.REJECTED: lambda: (
            _permanent_failure(event)
            if event.reject_reason in PERMANENT_REJECTIONS
            else DeliveryEventKind.SOFT
        ),
        EventType.FAILED: lambda: DeliveryEventKind.SOFT,
    }
    kind = kinds.get(event.event_type)
    return kind() if kind else None


def _permanent_failure(event: AnymailTrackingEvent) -> DeliveryEventKind:
    """Return hard for what the provider calls permanent, unless the reply says it is not."""
    reason = read_reason(text=f"{event.mta_response or ''} {event.description or ''}")
    hard = reason in HARD_REASONS or reason == BounceReason.UNKNOWN
    return DeliveryEventKind.HARD if hard else DeliveryEventKind.SOFT


def _is_soft_bounce(event: AnymailTrackingEvent) -> bool:
    original = event.esp_event
    return isinstance(original, dict) and original.get("event") == SOFT_BOUNCE


def record_provider_event(*, event: AnymailTrackingEvent, esp_name: str, **_: Any) -> None:
    """Record an event about a message of ours, once (receiver of anymail's signal)."""
    kind = event_kind(event)
    message = find_reported_message(
        message_id=str(event.message_id or ""), address=str(event.recipient or "")
    )
    if kind is None or message is None:
        return
    name = event.event_id or f"{event.event_type}/{event.timestamp}/{message.pk}"
    record_delivery_event(
        message=message,
        kind=kind,
        event=f"{esp_name}:{name}",
        diagnostic=str(event.mta_response or event.description or ""),
        at=event.timestamp,
    )


def connect() -> None:
    """Connect to anymail's signal; called once at start-up."""
    tracking.connect(record_provider_event, dispatch_uid="reports")
