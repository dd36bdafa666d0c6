"""Delivery events: bounces, deliveries and complaints that servers report after accepting email.

The sender of a report is not checked. Instead a report must name a message of ours and the address
that this message was sent to. No report ever keeps a notice from being sent.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone, translation

from accounts.choices import BounceReason
from accounts.services.audit import record_event
from accounts.services.invitations import note_bounce
from accounts.validators import address_as_stored
from preferences.choices import ConsentSource, MessageState
from preferences.choices.delivery_events import BOUNCED, DeliveryEventKind
from preferences.models import Choice, DeliveryEvent, Message, Recipient
from preferences.services.bounce_reasons import HARD_REASONS, read_reason
from preferences.services.choices import record_consent
from preferences.services.complaints import watch_complaints
from preferences.services.escalations import open_escalation, prove_by_delivery
from preferences.services.recipients import clear_unreachable

SOFT_LIMIT = 5  # so many soft bounces of one address …
SOFT_WITHIN = timedelta(days=10)  # … within this time make it unreachable
# About us, our email or the moment: these never mark an address, however often they come.
NOT_OF_THE_ADDRESS = [BounceReason.REFUSED.value, BounceReason.NETWORK.value]


def find_reported_message(*, message_id: str, address: str) -> Message | None:
    """Return the sent message with this Message-ID and address, or None."""
    found = find_sent_messages(message_ids=[message_id])
    return found[0] if found and found[0].address == address_as_stored(address) else None


def find_sent_messages(
    *, keys: Collection[int] = (), message_ids: Collection[str] = ()
) -> list[Message]:
    """Return the messages with one of these keys or Message-IDs that have left."""
    names = {f"<{name.strip().strip('<>').strip()}>" for name in message_ids}
    printable = [name for name in names if name.isprintable()]  # no database stores other text
    known = Message.objects.filter(Q(pk__in=keys) | Q(message_id__in=printable))
    return list(known.exclude(state=MessageState.QUEUED).select_related("recipient").order_by("pk"))


@transaction.atomic
def record_delivery_event(
    *,
    message: Message,
    kind: str,
    event: str,
    diagnostic: str = "",
    at: datetime | None = None,
) -> DeliveryEvent | None:
    """Record a report about a message and act on it. Return None for a report known already.

    `event` is the name of the event at its sender, up to 200 characters. A hard bounce marks the
    address unreachable; a soft one does so only as the fifth in ten days with no delivery since,
    and never where the server refused us or was busy.
    Delivery of a message written after the mark removes it. A complaint stops all optional email.
    A notice that bounced escalates. Events may come in any order. About an erased message, nothing
    but the kind and the reason are kept, and nothing is written about its recipient.
    """
    recipient = None
    if message.recipient_id is not None:
        recipient = Recipient.objects.select_for_update(no_key=True, of=("self",)).get(
            pk=message.recipient_id
        )
    # An erasure of this message waits for the report, or the report for it.
    locked = Message.objects.select_for_update(no_key=True).filter(pk=message.pk).first()
    if locked is None:
        return None
    message = locked
    if message.is_erased:
        recipient = None
    try:
        with transaction.atomic():
            report = DeliveryEvent.objects.create(
                message=message,
                kind=kind,
                event=_line(event)[:200],
                diagnostic="" if message.is_erased else _line(diagnostic),
                reason=_reason(kind, diagnostic),
                at=min(at or timezone.now(), timezone.now()),
            )
    except IntegrityError:  # the same event was recorded before, or is at this moment
        return None
    if kind in BOUNCED:
        if not message.is_erased:  # nobody is left to write to
            _bounced(message, recipient, report)
    elif kind == DeliveryEventKind.COMPLAINT:
        _complained(message, recipient)
    elif kind == DeliveryEventKind.DELIVERED:
        _delivered(message, recipient)
    return report


def _reason(kind: str, diagnostic: str) -> str:
    """Return why an email came back, in words that fit its kind; empty where it did not."""
    if kind not in BOUNCED:
        return ""
    reason = read_reason(text=diagnostic)
    about_another = kind == DeliveryEventKind.SOFT and reason in HARD_REASONS
    return (BounceReason.UNKNOWN if about_another else reason).value


def _line(text: str) -> str:
    """Return a server's text as one printable line: it may be hostile."""
    return "".join(c if c.isprintable() else " " for c in text[:300])


def _bounced(message: Message, recipient: Recipient | None, report: DeliveryEvent) -> None:
    note_bounce(address=message.address, reason=BounceReason(report.reason))
    current = recipient if recipient is not None and recipient.email == message.address else None
    if current is not None and (
        report.kind == DeliveryEventKind.HARD
        or (report.reason not in NOT_OF_THE_ADDRESS and _is_repeated(current))
    ):
        mark_unreachable(recipient=current, reason=report.diagnostic or str(report.kind))
    open_escalation(message=message)


def _is_repeated(recipient: Recipient) -> bool:
    """Return whether the address had too many soft bounces in a row."""
    events = DeliveryEvent.objects.filter(
        message__recipient=recipient, message__address=recipient.email
    )
    latest = (
        events.filter(kind=DeliveryEventKind.DELIVERED).order_by("-at").values_list("at", flat=True)
    )
    since = max([timezone.now() - SOFT_WITHIN, *latest[:1]])
    counted = events.filter(kind=DeliveryEventKind.SOFT, at__gt=since)
    return counted.exclude(reason__in=NOT_OF_THE_ADDRESS).count() >= SOFT_LIMIT


def _delivered(message: Message, recipient: Recipient | None) -> None:
    """Act on a delivery: unless it bounced as well, the address takes email."""
    if message.reports.filter(kind__in=BOUNCED).exists():
        return
    prove_by_delivery(message=message)
    if recipient is None or recipient.email != message.address:
        return
    marked_at = recipient.unreachable_since
    if marked_at is not None and message.created_at > marked_at:
        clear_unreachable(recipient)
        record_event(
            kind="address.reachable",
            actor=None,
            person=recipient.user,
            about=recipient.email,
            reader=_log_name(recipient),
        )


@transaction.atomic
def mark_unreachable(*, recipient: Recipient, reason: str) -> bool:
    """Mark a recipient's address unreachable. Return False where it was marked before."""
    locked = Recipient.objects.select_for_update(no_key=True, of=("self",)).get(pk=recipient.pk)
    if locked.unreachable_since is not None:
        return False
    locked.unreachable_since, locked.unreachable_reason = timezone.now(), reason[:300]
    locked.save(update_fields=["unreachable_since", "unreachable_reason"])
    record_event(
        kind="address.unreachable",
        actor=None,
        person=locked.user,
        about=locked.email,
        reader=_log_name(locked),
    )
    return True


def _log_name(recipient: Recipient) -> str:
    """Return a person's name, or a masked address: the log holds no subscriber's address."""
    if recipient.user is not None:
        return str(recipient.user)
    return f"{recipient.email[:1]}…@{recipient.email.rpartition('@')[2]}"


def _gets_optional(recipient: Recipient) -> bool:
    """Return whether some optional email is still sent: not all stopped, or a yes given since."""
    if recipient.stopped_id is None:
        return True
    return Choice.objects.filter(
        recipient=recipient, wants=True, consent_id__gt=recipient.stopped_id
    ).exists()


def _complained(message: Message, recipient: Recipient | None) -> None:
    complainer = recipient and (recipient.followed_by or recipient)
    if complainer is not None and _gets_optional(complainer):
        with translation.override(complainer.reads):
            record_consent(
                actor=None,
                recipient=complainer,
                topic=None,
                wants=False,
                source=ConsentSource.COMPLAINT,
            )
        record_event(
            kind="optional_mail.complained",
            actor=None,
            person=complainer.user,
            about=complainer.email,
            reader=_log_name(complainer),
        )
    if message.campaign_id is not None:
        watch_complaints(campaign_pk=message.campaign_id)
