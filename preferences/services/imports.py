"""A former list tool's readers, with the basis on which they were written to.

Nobody's refusal is undone: neither the person's nor one known for the address (R44).
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

WANTED = {
    "", "1", "yes", "true", "subscribed", "confirmed", "enabled", "active", "oui", "vrai", "actif",
    "inscrit", "inscrite", "abonné", "abonnée", "confirmé",
}  # fmt: skip
MOST_LINES = 10_000
REFUSED = {
    "0", "no", "false", "unsubscribed", "opted out", "opt-out", "blocklisted", "disabled",
    "complained", "non", "faux", "désinscrit", "désinscrite", "désabonné", "désabonnée", "refusé",
}  # fmt: skip


class ImportRefused(ValidationError):
    """The import as a whole cannot be done; the message names what is missing."""


@dataclass(frozen=True)
class Columns:
    """Where in a line each thing stands, counted from 0; None: the file does not say."""

    address: int
    status: int | None = None
    date: int | None = None
    language: int | None = None


@dataclass(frozen=True)
class ImportedRow:
    """One line of the file, and what came of it."""

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
    """Write what a former list says about one topic; out: what came, or would come, of each line.

    In: the lines without their heading; `basis` (ConsentBasis) and `wording`, how consent was
    asked for, are the evidence for every yes; an implied one needs the date column, since it runs
    from there. Lines that cannot be used are reported and left out. Raises PermissionDenied
    without `preferences.change_topic`, ImportRefused naming the field.
    """
    require_staff(actor, "preferences.change_topic")
    if len(lines) > MOST_LINES:
        raise ImportRefused({"file": _("At most %(count)s lines at once.") % {"count": MOST_LINES}})
    topic = Topic.objects.select_for_update().get(pk=topic.pk)
    _require_ground(topic, columns, basis, wording)
    rows = [_read(line, columns, basis) for line in lines]
    rows = _without_repeats(rows)
    readers = _readers({row.address for row in _good(rows)}, lock=not dry_run)
    rows = _judged(rows, topic, readers, basis)
    if dry_run:
        return rows
    try:
        with transaction.atomic():
            _write(rows, topic, readers, actor=actor, basis=basis, wording=wording)
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


def _require_ground(topic: Topic, columns: Columns, basis: str, wording: str) -> None:
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
    """One line as it is meant, or with what is wrong with it."""

    def cell(place: int | None) -> str:
        return line.cells[place] if place is not None and place < len(line.cells) else ""

    row = ImportedRow(line.number, cell(columns.address))
    try:
        row = replace(row, address=normalise_address(row.address))
    except ValidationError:
        return replace(row, outcome=ImportOutcome.BAD_ADDRESS)
    status = cell(columns.status).strip().lower()
    if status not in WANTED | REFUSED:
        return replace(row, outcome=ImportOutcome.BAD_STATUS)
    at = _moment(cell(columns.date))
    wants = status in WANTED
    needs_date = wants and basis != ConsentBasis.EXPRESS
    if (at is None and (cell(columns.date) or needs_date)) or (at and at > timezone.now()):
        return replace(row, outcome=ImportOutcome.BAD_DATE)
    language = cell(columns.language).strip().lower()[:2]
    known = language if language in Language.values else Language.ENGLISH
    return replace(row, wants=wants, at=at, language=known)


def _moment(text: str) -> datetime | None:
    """A date, or a date and time, as ISO 8601 writes them; None for anything else."""
    try:
        if moment := parse_datetime(text):
            return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
        day = parse_date(text)
    except ValueError:  # the 31st of February
        return None
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


def _good(rows: Iterable[ImportedRow]) -> list[ImportedRow]:
    return [row for row in rows if row.outcome == ImportOutcome.ADDED]


def _without_repeats(rows: list[ImportedRow]) -> list[ImportedRow]:
    """An address counts once: its refusal if there is one, else its first line."""
    refused = {row.address for row in _good(rows) if not row.wants}
    seen: set[str] = set()
    judged = []
    for row in rows:
        if row.outcome == ImportOutcome.ADDED:
            passed_over = row.wants and row.address in refused
            if passed_over or row.address in seen:
                row = replace(row, outcome=ImportOutcome.REPEATED)
            else:
                seen.add(row.address)
        judged.append(row)
    return judged


def _readers(addresses: set[str], *, lock: bool) -> dict[str, Recipient]:
    """Address → who has it now; rows locked when something is to be written."""
    rows = Recipient.objects.filter(followed_by=None)
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    subscribers = {str(one.address): one for one in rows.filter(address__in=addresses)}
    people = rows.filter(user__email__in=addresses).select_related("user")
    return subscribers | {one.email: one for one in people}


def _judged(
    rows: list[ImportedRow], topic: Topic, readers: Mapping[str, Recipient], basis: str
) -> list[ImportedRow]:
    """What each good line comes to, against what is known of the person and of the address."""
    choices = {
        choice.recipient_id: choice
        for choice in Choice.objects.select_related("consent").filter(
            topic=topic, recipient__in=[reader.pk for reader in readers.values()]
        )
    }
    refused_at = refused_addresses([row.address for row in _good(rows)], topic)

    def judge(row: ImportedRow) -> ImportOutcome:
        reader = readers.get(row.address)
        choice = choices.get(reader.pk) if reader else None
        if not row.wants:
            known = choice is not None and not choice.wants
            return ImportOutcome.UNCHANGED if known else ImportOutcome.OPTED_OUT
        if row.address in refused_at or (reader and refuses(reader, choice)):
            return ImportOutcome.KEPT_OUT
        if reader is None and not topic.is_public:
            return ImportOutcome.NO_ACCOUNT
        if choice is not None and choice.consent.basis == ConsentBasis.EXPRESS:
            return ImportOutcome.UNCHANGED
        if choice is not None and basis != ConsentBasis.EXPRESS and row.at == choice.consent.at:
            return ImportOutcome.UNCHANGED
        return ImportOutcome.ADDED

    return [
        replace(row, outcome=judge(row)) if row.outcome == ImportOutcome.ADDED else row
        for row in rows
    ]


def _write(
    rows: list[ImportedRow],
    topic: Topic,
    readers: dict[str, Recipient],
    *,
    actor: User,
    basis: str,
    wording: str,
) -> None:
    """The subscribers that are new, then one record for each line that says something new."""
    said = [r for r in rows if r.outcome in (ImportOutcome.ADDED, ImportOutcome.OPTED_OUT)]
    readers |= _subscribe([row for row in said if row.address not in readers], actor=actor)
    ConsentRecord.objects.bulk_create(
        [
            ConsentRecord(
                recipient=readers[row.address],
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
            for row in said
        ]
    )


def _subscribe(rows: Sequence[ImportedRow], *, actor: User) -> dict[str, Recipient]:
    """A new reader for each of these addresses, with what was refused there of other topics."""
    digests = {digest: row.address for row in rows for digest in address_hashes(row.address)}
    evidence = ConsentRecord.objects.filter(address_hash__in=digests).order_by()
    known = {digests[digest] for digest in evidence.values_list("address_hash", flat=True)}
    made = Recipient.objects.bulk_create(
        [
            Recipient(
                address=row.address,
                language=row.language,
                address_hash="" if row.address in known else address_hash(row.address),
            )
            for row in rows
        ]
    )
    for reader in made:
        if reader.address in known:
            follow_address(actor=actor, recipient=reader)
    return {str(reader.address): reader for reader in made}
