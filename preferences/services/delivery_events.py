"""What servers say of our mail after they took it: bounces, deliveries, complaints.

Nothing here asks who a report is from: it counts only if it names a message of ours and the very
address that message went to. It never changes whether a notice is sent.
"""

import re
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from accounts.services.audit import record_event
from accounts.services.invitations import note_bounce
from preferences.choices import ConsentSource, MessageState
from preferences.choices.delivery_events import BOUNCED, DeliveryEventKind
from preferences.models import Choice, DeliveryEvent, Message, Recipient
from preferences.services.choices import record_consent
from preferences.services.complaints import watch_complaints
from preferences.services.escalations import open_escalation, prove_by_delivery
from preferences.services.recipients import clear_mark

SOFT_LIMIT = 5  # soft bounces of one address …
SOFT_WITHIN = timedelta(days=10)  # … within these: it takes no mail
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
# The address is there: their system or the mailbox is full, or it is our mail they do not like.
_SOFT_SUBJECTS = {"3", "6", "7"}
_SOFT_DETAILS = {("2", "2"), ("2", "3"), ("2", "4")}


def classify_failure(*, status: str = "", text: str = "") -> DeliveryEventKind:
    """Whether a mail that failed says that the address takes no mail at all.

    In: an enhanced status code (RFC 3463) where there is one, and the server's words.
    """
    found = _STATUS.search(status) or _STATUS.search(text)
    if found is None:
        return DeliveryEventKind.SOFT if text.lstrip().startswith("4") else DeliveryEventKind.HARD
    kind, subject, detail = found.groups()
    soft = kind != "5" or subject in _SOFT_SUBJECTS or (subject, detail) in _SOFT_DETAILS
    return DeliveryEventKind.SOFT if soft else DeliveryEventKind.HARD


def find_reported_message(*, message_id: str, address: str) -> Message | None:
    """The message of ours with this Message-ID that went to just this address, and left us."""
    name = f"<{message_id.strip().strip('<>').strip()}>"
    if not name.isprintable():  # what no database takes as text
        return None
    found = Message.objects.filter(message_id=name).select_related("recipient").first()
    if found is None or found.address != address.strip().lower():
        return None
    return None if found.state == MessageState.QUEUED else found


@transaction.atomic
def record_delivery_event(
    *,
    message: Message,
    kind: str,
    event: str,
    diagnostic: str = "",
    at: datetime | None = None,
) -> DeliveryEvent | None:
    """Write one report of a message and do what follows from it; None for one that came before.

    In: whose event it is, as its sender names it (`event`, up to 200 characters). A hard bounce
    marks the address, a soft one only when it is the fifth in ten days and nothing was delivered
    since; a mail sent after the mark that is delivered takes it away. A complaint stops all
    optional mail; a notice that came back escalates. Events may come in any order.
    """
    recipient = None
    if message.recipient_id is not None:
        recipient = Recipient.objects.select_for_update(no_key=True, of=("self",)).get(
            pk=message.recipient_id
        )
    try:
        with transaction.atomic():
            report = DeliveryEvent.objects.create(
                message=message,
                kind=kind,
                event=_line(event)[:200],
                diagnostic=_line(diagnostic),
                at=min(at or timezone.now(), timezone.now()),
            )
    except IntegrityError:  # the same event, perhaps at this very moment
        return None
    if kind in BOUNCED:
        _bounced(message, recipient, report)
    elif kind == DeliveryEventKind.COMPLAINT:
        _complained(message, recipient)
    elif kind == DeliveryEventKind.DELIVERED:
        _delivered(message, recipient)
    return report


def _line(text: str) -> str:
    """A server's words on one line: anybody can be a server."""
    return "".join(c if c.isprintable() else " " for c in text[:300])


def _bounced(message: Message, recipient: Recipient | None, report: DeliveryEvent) -> None:
    note_bounce(address=message.address)
    theirs = recipient if recipient is not None and recipient.email == message.address else None
    if theirs is not None and (report.kind == DeliveryEventKind.HARD or _is_repeated(theirs)):
        mark_unreachable(recipient=theirs, reason=report.diagnostic or str(report.kind))
    open_escalation(message=message)


def _is_repeated(recipient: Recipient) -> bool:
    """Whether so many soft bounces of an address followed each other that it takes no mail."""
    about = DeliveryEvent.objects.filter(
        message__recipient=recipient, message__address=recipient.email
    )
    latest = (
        about.filter(kind=DeliveryEventKind.DELIVERED).order_by("-at").values_list("at", flat=True)
    )
    since = max([timezone.now() - SOFT_WITHIN, *latest[:1]])
    return about.filter(kind=DeliveryEventKind.SOFT, at__gt=since).count() >= SOFT_LIMIT


def _delivered(message: Message, recipient: Recipient | None) -> None:
    """A mail that reached its address, and did not come back later, shows that it takes mail."""
    if message.reports.filter(kind__in=BOUNCED).exists():
        return
    prove_by_delivery(message=message)
    if recipient is None or recipient.email != message.address:
        return
    marked = recipient.unreachable_since
    if marked is not None and message.created_at > marked:
        clear_mark(recipient)
        record_event(
            kind="address.reachable", actor=None, person=recipient.user, reader=_called(recipient)
        )


@transaction.atomic
def mark_unreachable(*, recipient: Recipient, reason: str) -> bool:
    """Say that mail to a reader's address comes back; out: whether that was news."""
    locked = Recipient.objects.select_for_update(no_key=True, of=("self",)).get(pk=recipient.pk)
    if locked.unreachable_since is not None:
        return False
    locked.unreachable_since, locked.unreachable_reason = timezone.now(), reason[:300]
    locked.save(update_fields=["unreachable_since", "unreachable_reason"])
    record_event(kind="address.unreachable", actor=None, person=locked.user, reader=_called(locked))
    return True


def _called(recipient: Recipient) -> str:
    """A person by name; somebody without an account so that the trail does not keep them."""
    if recipient.user is not None:
        return str(recipient.user)
    return f"{recipient.email[:1]}…@{recipient.email.rpartition('@')[2]}"


def _wants_some(reader: Recipient) -> bool:
    """Whether optional mail still comes: not all is stopped, or a yes was said since."""
    if reader.stopped_id is None:
        return True
    return Choice.objects.filter(
        recipient=reader, wants=True, consent_id__gt=reader.stopped_id
    ).exists()


def _complained(message: Message, recipient: Recipient | None) -> None:
    reader = recipient and (recipient.followed_by or recipient)
    if reader is not None and _wants_some(reader):
        with translation.override(reader.reads):
            record_consent(
                actor=None,
                recipient=reader,
                topic=None,
                wants=False,
                source=ConsentSource.COMPLAINT,
            )
        record_event(
            kind="optional_mail.complained",
            actor=None,
            person=reader.user,
            reader=_called(reader),
        )
    if message.campaign_id is not None:
        watch_complaints(campaign_pk=message.campaign_id)
