"""The import of subscribers from another mailing list tool, with the basis of their consent.

It never undoes an opt-out, neither the person's nor one known for the address (R44).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.spreadsheets import Line
from accounts.validators import normalise_address
from preferences.choices import ConsentBasis, ConsentSource, ImportOutcome, TopicBasis
from preferences.models import Choice, ConsentRecord, Recipient, Topic
from preferences.models.consent import address_hash, address_hashes, wording_hash
from preferences.selectors.refusals import refused_addresses, refuses
from preferences.services.recipients import follow_address

SUBSCRIBED_WORDS = {
    "", "1", "yes", "true", "subscribed", "confirmed", "enabled", "active", "oui", "vrai", "actif",
    "inscrit", "inscrite", "abonné", "abonnée", "confirmé",
}  # fmt: skip
MAX_LINES = 10_000
UNSUBSCRIBED_WORDS = {
    "0", "no", "false", "unsubscribed", "opted out", "opt-out", "blocklisted", "disabled",
    "complained", "non", "faux", "désinscrit", "désinscrite", "désabonné", "désabonnée", "refusé",
}  # fmt: skip


class ImportRefused(ValidationError):
    """The import cannot be done at all; the message says why."""


@dataclass(frozen=True)
class Columns:
    """The position of each column, counted from 0; None where the file has no such column."""

    address: int
    status: int | None = None
    date: int | None = None
    language: int | None = None


@dataclass(frozen=True)
class ImportedRow:
    """A line of the file and its outcome."""

    number: int
    address: str
    wants: bool = True
    at: datetime | None = None
    language: str = Language.ENGLISH
    outcome: ImportOutcome = ImportOutcome.ADDED


@transaction.atomic
def import_consents(
    *,
    actor: User,
    topic: Topic,
    lines: Sequence[Line],
    columns: Columns,
    basis: str,
    wording: str,
    dry_run: bool,
) -> list[ImportedRow]:
    """Import subscriptions and opt-outs of one topic. Return the outcome of each line.

    `lines` come without the heading. `basis` (ConsentBasis) and `wording` (the text people agreed
    to) are the evidence for every yes. An implied basis needs the date column, because it runs from
    that date. Unusable lines are reported and left out. A dry run writes nothing. Raises
    PermissionDenied without `preferences.change_topic`, ImportRefused naming the field.
    """
    require_staff(actor, "preferences.change_topic")
    if len(lines) > MAX_LINES:
        raise ImportRefused({"file": _("At most %(count)s lines at once.") % {"count": MAX_LINES}})
    topic = Topic.objects.select_for_update().get(pk=topic.pk)
    _require_basis(topic, columns, basis, wording)
    rows = [_read(line, columns, basis) for line in lines]
    rows = _without_repeats(rows)
    recipients = _recipients({row.address for row in _usable(rows)}, lock=not dry_run)
    rows = _with_outcomes(rows, topic, recipients, basis)
    if dry_run:
        return rows
    try:
        with transaction.atomic():
            _write(rows, topic, recipients, actor=actor, basis=basis, wording=wording)
    except IntegrityError as error:
        raise ImportRefused(_("Somebody in this file chose just now. Please try again.")) from error
    record_event(
        kind="topic.imported",
        actor=actor,
        topic=topic.names,
        added=sum(row.outcome == ImportOutcome.ADDED for row in rows),
        refused=sum(row.outcome == ImportOutcome.OPTED_OUT for row in rows),
    )
    return rows


def _require_basis(topic: Topic, columns: Columns, basis: str, wording: str) -> None:
    if basis not in ConsentBasis.values:
        raise ImportRefused({"basis": _("Say on what basis these people may be written to.")})
    if not wording.strip():
        raise ImportRefused({"wording": _("Say how these people were asked.")})
    if basis == ConsentBasis.EXPRESS:
        return
    if topic.basis == TopicBasis.EXPRESS:
        raise ImportRefused({"basis": _("This topic goes only to people who asked for it.")})
    if columns.date is None:
        raise ImportRefused({"date": _("Implied consent runs from a date: choose its column.")})


def _read(line: Line, columns: Columns, basis: str) -> ImportedRow:
    """Parse one line, or return it with what is wrong with it as its outcome."""

    def cell(position: int | None) -> str:
        has_cell = position is not None and position < len(line.cells)
        return line.cells[position] if position is not None and has_cell else ""

    row = ImportedRow(line.number, cell(columns.address))
    try:
        row = replace(row, address=normalise_address(row.address))
    except ValidationError:
        return replace(row, outcome=ImportOutcome.BAD_ADDRESS)
    status = cell(columns.status).strip().lower()
    if status not in SUBSCRIBED_WORDS | UNSUBSCRIBED_WORDS:
        return replace(row, outcome=ImportOutcome.BAD_STATUS)
    at = _moment(cell(columns.date))
    wants = status in SUBSCRIBED_WORDS
    needs_date = wants and basis != ConsentBasis.EXPRESS
    if (at is None and (cell(columns.date) or needs_date)) or (at and at > timezone.now()):
        return replace(row, outcome=ImportOutcome.BAD_DATE)
    language = cell(columns.language).strip().lower()[:2]
    known = language if language in Language.values else Language.ENGLISH
    return replace(row, wants=wants, at=at, language=known)


def _moment(text: str) -> datetime | None:
    """Parse a date, or a date and time, in ISO 8601; None for anything else."""
    try:
        if moment := parse_datetime(text):
            return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
        day = parse_date(text)
    except ValueError:  # such as 31 February
        return None
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


def _usable(rows: Iterable[ImportedRow]) -> list[ImportedRow]:
    return [row for row in rows if row.outcome == ImportOutcome.ADDED]


def _without_repeats(rows: list[ImportedRow]) -> list[ImportedRow]:
    """Keep one line of each address: its opt-out if there is one, else the first."""
    opted_out = {row.address for row in _usable(rows) if not row.wants}
    seen: set[str] = set()
    unique_rows = []
    for row in rows:
        if row.outcome == ImportOutcome.ADDED:
            passed_over = row.wants and row.address in opted_out
            if passed_over or row.address in seen:
                row = replace(row, outcome=ImportOutcome.REPEATED)
            else:
                seen.add(row.address)
        unique_rows.append(row)
    return unique_rows


def _recipients(addresses: set[str], *, lock: bool) -> dict[str, Recipient]:
    """Return the recipient of each address, with rows locked if the import will write."""
    rows = Recipient.objects.filter(followed_by=None)
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    subscribers = {str(row.address): row for row in rows.filter(address__in=addresses)}
    people = rows.filter(user__email__in=addresses).select_related("user")
    return subscribers | {row.email: row for row in people}


def _with_outcomes(
    rows: list[ImportedRow], topic: Topic, recipients: Mapping[str, Recipient], basis: str
) -> list[ImportedRow]:
    """Give each usable line its outcome, from what is known of its person and address."""
    choices = {
        choice.recipient_id: choice
        for choice in Choice.objects.select_related("consent").filter(
            topic=topic, recipient__in=[recipient.pk for recipient in recipients.values()]
        )
    }
    refused_at = refused_addresses([row.address for row in _usable(rows)], topic)

    def outcome_of(row: ImportedRow) -> ImportOutcome:
        recipient = recipients.get(row.address)
        choice = choices.get(recipient.pk) if recipient else None
        if not row.wants:
            known = choice is not None and not choice.wants
            return ImportOutcome.UNCHANGED if known else ImportOutcome.OPTED_OUT
        if row.address in refused_at or (recipient and refuses(recipient, choice)):
            return ImportOutcome.KEPT_OUT
        if recipient is None and not topic.is_public:
            return ImportOutcome.NO_ACCOUNT
        if choice is not None and choice.consent.basis == ConsentBasis.EXPRESS:
            return ImportOutcome.UNCHANGED
        if choice is not None and basis != ConsentBasis.EXPRESS and row.at == choice.consent.at:
            return ImportOutcome.UNCHANGED
        return ImportOutcome.ADDED

    return [
        replace(row, outcome=outcome_of(row)) if row.outcome == ImportOutcome.ADDED else row
        for row in rows
    ]


def _write(
    rows: list[ImportedRow],
    topic: Topic,
    recipients: dict[str, Recipient],
    *,
    actor: User,
    basis: str,
    wording: str,
) -> None:
    """Create the new subscribers, then a consent record for each line that changes something."""
    changes = [r for r in rows if r.outcome in (ImportOutcome.ADDED, ImportOutcome.OPTED_OUT)]
    new_rows = [row for row in changes if row.address not in recipients]
    recipients |= _create_subscribers(new_rows, actor=actor)
    ConsentRecord.objects.bulk_create(
        [
            ConsentRecord(
                recipient=recipients[row.address],
                address_hash=address_hash(row.address),
                topic=topic,
                wants=row.wants,
                basis=basis if row.wants else ConsentBasis.EXPRESS,
                wording=wording,
                wording_hash=wording_hash(wording),
                language=row.language,
                source=ConsentSource.IMPORT,
                actor=actor,
                at=row.at or timezone.now(),
            )
            for row in changes
        ]
    )


def _create_subscribers(rows: Sequence[ImportedRow], *, actor: User) -> dict[str, Recipient]:
    """Create a recipient for each address, with the opt-outs known for it."""
    digests = {digest: row.address for row in rows for digest in address_hashes(row.address)}
    evidence = ConsentRecord.objects.filter(address_hash__in=digests).order_by()
    known = {digests[digest] for digest in evidence.values_list("address_hash", flat=True)}
    created = Recipient.objects.bulk_create(
        [
            Recipient(
                address=row.address,
                language=row.language,
                address_hash="" if row.address in known else address_hash(row.address),
            )
            for row in rows
        ]
    )
    for recipient in created:
        if recipient.address in known:
            follow_address(actor=actor, recipient=recipient)
    return {str(recipient.address): recipient for recipient in created}
