"""Events of a mail provider, as anymail normalises them, turned into our reports."""

from collections.abc import Callable
from typing import Any

from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason, tracking
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest
from django.utils.module_loading import import_string

from preferences.choices.delivery_events import DeliveryEventKind
from preferences.services.delivery_events import (
    classify_failure,
    find_reported_message,
    record_delivery_event,
)

# Those that anymail supports, that prove who they are, and that name a mail by the Message-ID we
# gave it (others have a name of their own for it, that only their sending API tells).
PROVIDERS = {
    "brevo": "anymail.webhooks.brevo.BrevoTrackingWebhookView",
    "mailgun": "anymail.webhooks.mailgun.MailgunTrackingWebhookView",
}
DEAD = (RejectReason.INVALID, RejectReason.BOUNCED)
SOFT_BOUNCE = "soft_bounce"  # Brevo's word: anymail's event is the same as of a hard one


def take_events(request: HttpRequest, provider: str) -> int:
    """Check who posts, and send each event to who listens (anymail's signal); out: how many.

    Raises Http404 without a secret or for a provider we do not know, PermissionDenied for a wrong
    secret or signature, SuspiciousOperation (400) for what cannot be read.
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
    except Exception as error:  # whatever a stranger's text makes a parser raise
        raise SuspiciousOperation("these events cannot be read") from error
    for event in events:
        tracking.send(sender=type(view), event=event, esp_name=provider)
    return len(events)


def kind_of(event: AnymailTrackingEvent) -> DeliveryEventKind | None:
    """What an event says of the mail; None for what we do not ask about, like opens (R51)."""
    words = f"{event.mta_response or ''} {event.description or ''}"
    kinds: dict[str, Callable[[], DeliveryEventKind]] = {
        EventType.DELIVERED: lambda: DeliveryEventKind.DELIVERED,
        EventType.DEFERRED: lambda: DeliveryEventKind.DELAYED,
        EventType.COMPLAINED: lambda: DeliveryEventKind.COMPLAINT,
        EventType.BOUNCED: lambda: (
            DeliveryEventKind.SOFT if _says_soft(event) else classify_failure(text=words)
        ),
        EventType.REJECTED: lambda: (
            DeliveryEventKind.HARD if event.reject_reason in DEAD else DeliveryEventKind.SOFT
        ),
        EventType.FAILED: lambda: DeliveryEventKind.SOFT,
    }
    found = kinds.get(event.event_type)
    return found() if found else None


def _says_soft(event: AnymailTrackingEvent) -> bool:
    said = event.esp_event
    return isinstance(said, dict) and said.get("event") == SOFT_BOUNCE


def note_event(*, event: AnymailTrackingEvent, esp_name: str, **_: Any) -> None:
    """Anymail's signal: write down what a provider says of a mail of ours; once per event."""
    kind = kind_of(event)
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
    """Listen to anymail's events; called once at start-up."""
    tracking.connect(note_event, dispatch_uid="reports")
