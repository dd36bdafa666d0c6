"""The import of subscribers from another mailing list tool, with the basis of their consent.

It never undoes an opt-out, neither the person's nor one known for the address (R44).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.spreadsheets import Line, addresses_in, readable
from preferences.choices import (
    IMPORTED_BASES,
    ConsentBasis,
    ConsentSource,
    ImportOutcome,
    TopicBasis,
)
from preferences.models import Choice, ConsentRecord, Recipient, Topic
from preferences.models.consent import address_hash, address_hashes, wording_hash
from preferences.selectors.refusals import refused_addresses, refuses
from preferences.services.import_dates import YEARS, day_is_first
from preferences.services.import_lines import (
    Answers,
    Columns,
    ImportedRow,
    Reading,
    read_line,
    require_short_cells,
)
from preferences.services.recipients import follow_address

MAX_LINES = 10_000


class ImportRefused(ValidationError):
    """The import cannot be done at all; the message says why."""


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
    default_date: date | None = None,
    answers: Answers | None = None,
    day_first: bool | None = None,
) -> list[ImportedRow]:
    """Import subscriptions and opt-outs of one topic. Return the outcome of each line.

    `lines` come without the heading. `basis` (ConsentBasis) and `wording` (the text people agreed
    to) are the evidence for every yes; opt-outs alone need neither. An implied basis needs the date
    column, because it runs from that date. `default_date` is that of an express yes without a date.
    `answers` gives the Meaning of unknown values, by column. `day_first` is needed where no date of
    the file tells whether its day or its month comes first. Unusable lines are reported and left
    out. A dry run writes nothing. Raises PermissionDenied without `preferences.change_topic`,
    ImportRefused naming the field.
    """
    require_staff(actor, "preferences.change_topic")
    if len(lines) > MAX_LINES:
        raise ImportRefused({"file": _("At most %(count)s lines at once.") % {"count": MAX_LINES}})
    topic = Topic.objects.select_for_update().get(pk=topic.pk)
    if default_date and default_date > timezone.localdate():
        raise ImportRefused(
            {"default_date": _("This date is in the future. Choose today or an earlier date.")}
        )
    if default_date and default_date.year not in YEARS:
        raise ImportRefused({"default_date": _("This date is too long ago.")})
    try:
        require_short_cells(lines, columns)
    except ValidationError as error:
        raise ImportRefused({"file": error}) from error
    order = _order_of_dates(lines, columns, day_first)
    reading = Reading(columns, basis, default_date, answers or {}, order)
    rows = _without_doubtful([read_line(line, reading) for line in lines])
    if any(row.wants for row in rows) or not _usable(rows):
        _require_basis(topic, reading, wording)
    wording = wording.strip() or _("Imported list of opt-outs.")
    rows = _without_repeats(rows)
    recipients = _recipients({row.address for row in _usable(rows)}, lock=not dry_run)
    rows = _with_outcomes(rows, topic, recipients, basis)
    if dry_run:
        return rows
    try:
        with transaction.atomic():
            _write(rows, topic, recipients, actor=actor, basis=basis, wording=wording)
    except IntegrityError as error:
        raise ImportRefused(
            _("A person in this file has just changed their choice. Please try again.")
        ) from error
    record_event(
        kind="topic.imported",
        actor=actor,
        topic=topic.names,
        added=sum(row.outcome == ImportOutcome.ADDED for row in rows),
        refused=sum(row.outcome == ImportOutcome.OPTED_OUT for row in rows),
    )
    return rows


def _order_of_dates(lines: Sequence[Line], columns: Columns, chosen: bool | None) -> bool:
    """Return whether the day comes first in the dates of a file."""
    positions = [columns.date, *columns.opted_out]
    lines = readable(lines)
    found = day_is_first(line.cell(position) for line in lines for position in positions)
    if found is not None:
        return found
    if chosen is None:
        message = _(
            "The dates of this file don't show their order. Choose whether the day comes first."
        )
        raise ImportRefused({"date_order": message})
    return chosen


def _require_basis(topic: Topic, reading: Reading, wording: str) -> None:
    if reading.basis not in IMPORTED_BASES:
        raise ImportRefused({"basis": _("Choose the basis of consent.")})
    if not wording.strip():
        raise ImportRefused({"wording": _("Say how consent was given.")})
    if reading.basis == ConsentBasis.EXPRESS:
        return
    if topic.basis == TopicBasis.EXPRESS:
        raise ImportRefused(
            {"basis": _("This topic goes only to people who subscribed. Choose “Express consent”.")}
        )
    if reading.default_date:
        message = _("Implied consent starts on the date of each line. Leave this date empty.")
        raise ImportRefused({"default_date": message})
    if reading.columns.date is None:
        raise ImportRefused({"date": _("Implied consent needs a start date: choose its column.")})


def _usable(rows: Iterable[ImportedRow]) -> list[ImportedRow]:
    return [row for row in rows if row.outcome == ImportOutcome.ADDED]


def _without_doubtful(rows: list[ImportedRow]) -> list[ImportedRow]:
    """Leave out each yes of an address that a line also has which can't be read: it may refuse.

    So may a line that says no and whose cell of the address holds two, or a quotation mark.
    """
    doubtful = {
        address: row.number
        for row in rows
        if row.outcome == ImportOutcome.UNREADABLE
        or (row.outcome == ImportOutcome.BAD_ADDRESS and not row.wants)
        for text in (row.value, row.value.replace('"', ""))
        for address in addresses_in(text)
    }
    return [
        replace(row, outcome=ImportOutcome.IN_DOUBT, other=doubtful[row.address])
        if row.outcome == ImportOutcome.ADDED and row.wants and row.address in doubtful
        else row
        for row in rows
    ]


def _without_repeats(rows: list[ImportedRow]) -> list[ImportedRow]:
    """Keep one line of each address: its opt-out if there is one, else the first."""
    kept: dict[str, ImportedRow] = {}
    for row in _usable(rows):
        if row.address not in kept or (kept[row.address].wants and not row.wants):
            kept[row.address] = row
    return [
        replace(row, outcome=ImportOutcome.REPEATED, other=kept[row.address].number)
        if row.outcome == ImportOutcome.ADDED and kept[row.address] is not row
        else row
        for row in rows
    ]


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
