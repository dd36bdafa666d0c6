"""Reading one line of a list to import: whether the address wants mail, since when, in what words.

A line is a refusal if any of its columns says so; it is a yes only if every column agrees.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.spreadsheets import Line, readable
from accounts.validators import normalise_address
from preferences.choices import ConsentBasis, ImportOutcome
from preferences.services.import_dates import beginning_of, parse_moment
from preferences.services.import_words import (
    MAX_CELL,
    Meaning,
    confirmed_meaning,
    is_date,
    may_tell_refusal,
    normalise,
    opted_out_meaning,
    status_meaning,
    tells_refusal,
)

Answers = Mapping[tuple[int, str], str]  # (column, normalised value) → Meaning

_NAMED_ADDRESS = re.compile(r"[^<>]*<([^<>]*)>\s*")  # Gina Roy <gina@company.example>


@dataclass(frozen=True)
class Columns:
    """The position of each column, counted from 0; None or empty where the file has none."""

    address: int
    statuses: tuple[int, ...] = ()
    opted_out: tuple[int, ...] = ()  # yes, a date or any text means refused
    confirmed: tuple[int, ...] = ()  # no means that the address never subscribed
    date: int | None = None
    language: int | None = None
    blank_dates: bool = False  # a blank among the dates may be a no, and is asked about


@dataclass(frozen=True)
class Reading:
    """How the lines of a file are read."""

    columns: Columns
    basis: str
    default_date: date | None = None  # of an express yes without a date
    answers: Answers = field(default_factory=dict)
    day_first: bool = True  # in a date such as 03/04/2026

    @property
    def deciding(self) -> list[int]:
        """The columns whose values are shown with what they mean.

        The dates are among them where a blank may be a no, and where the default date would fill
        it: no line is dated unless somebody said so.
        """
        columns = self.columns
        fills_in = self.basis == ConsentBasis.EXPRESS and self.default_date is not None
        deciding = {*columns.statuses, *columns.opted_out, *columns.confirmed}
        if columns.date is not None and (columns.blank_dates or fills_in):
            deciding.add(columns.date)
        return sorted(deciding)


@dataclass(frozen=True)
class ImportedRow:
    """A line of the file and its outcome."""

    number: int
    address: str
    wants: bool = False
    at: datetime | None = None
    language: str = Language.ENGLISH
    outcome: ImportOutcome = ImportOutcome.ADDED
    column: int | None = None  # of the cell that decided its outcome
    value: str = ""  # of that cell; the whole text of a line that can't be read
    other: int | None = None  # the number of the other line with this address that decided


def read_line(line: Line, reading: Reading) -> ImportedRow:
    """Parse one line, or return it with what is wrong with it as its outcome."""
    columns = reading.columns
    if line.is_broken:
        text = line.cell(0)
        return ImportedRow(line.number, "", outcome=ImportOutcome.UNREADABLE, value=text)
    address = line.cell(columns.address)
    named = _NAMED_ADDRESS.fullmatch(address)
    row = ImportedRow(line.number, named[1].strip() if named else address)
    meaning, column = _meaning_of(line, reading)
    row = replace(row, wants=meaning == Meaning.WANTS, column=columns.address, value=address)
    try:
        row = replace(row, address=normalise_address(row.address))
    except ValidationError:
        return replace(row, outcome=ImportOutcome.BAD_ADDRESS)
    language = line.cell(columns.language).strip().lower()[:2]
    row = replace(row, language=language if language in Language.values else Language.ENGLISH)
    if column is not None:
        row = replace(row, column=column, value=line.cell(column))
    if meaning == Meaning.REFUSES:
        return replace(row, at=_refused_at(line, reading))
    if meaning == Meaning.UNKNOWN:
        return replace(row, outcome=ImportOutcome.BAD_STATUS)
    if meaning == Meaning.LEAVE_OUT:
        return replace(row, outcome=ImportOutcome.NOT_CONFIRMED)
    text = line.cell(columns.date)
    if columns.date is not None:
        row = replace(row, column=columns.date, value=text)
    at = parse_moment(text, day_first=reading.day_first)
    if not text and reading.basis == ConsentBasis.EXPRESS:
        if reading.default_date is None:
            return replace(row, outcome=ImportOutcome.NO_DATE)
        at = beginning_of(reading.default_date)
    if at is None or at > timezone.now():
        return replace(row, outcome=ImportOutcome.BAD_DATE)
    return replace(row, at=at, column=columns.address, value=address)


def require_short_cells(lines: Sequence[Line], columns: Columns) -> None:
    """Raise ValidationError if a cell that decides about a line is too long to be compared."""
    deciding = (*columns.statuses, *columns.opted_out, *columns.confirmed)
    for line in readable(lines):
        for column in (columns.address, columns.date, columns.language, *deciding):
            if len(line.cell(column)) > MAX_CELL:
                message = _(
                    "Line %(line)s, column %(column)s has a cell of more than %(count)s characters:"
                    " “%(value)s…”. Shorten it and import the file again."
                )
                values = {
                    "line": line.number,
                    "column": (column or 0) + 1,
                    "count": MAX_CELL,
                    "value": line.cell(column)[:40],
                }
                raise ValidationError(message % values)


def _meaning_of(line: Line, reading: Reading) -> tuple[Meaning, int | None]:
    """Return what a line says, and the column that says so; none for a yes."""
    columns = reading.columns
    for column in (columns.date, columns.language):
        if tells_refusal(line.cell(column)):
            return Meaning.REFUSES, column
    found = {
        meaning_in(column, line.cell(column), reading): column
        for column in reversed(reading.deciding)
    }
    for meaning in (Meaning.REFUSES, Meaning.UNKNOWN, Meaning.LEAVE_OUT):
        if meaning in found:
            return meaning, found[meaning]
    # the name beside an address may tell: DO NOT EMAIL <gina@company.example>
    for column in (columns.address, columns.date, columns.language):
        if may_tell_refusal(line.cell(column)):
            return Meaning.LEAVE_OUT, column
    return Meaning.WANTS, None


def meaning_in(column: int, value: str, reading: Reading) -> Meaning:
    """Return what a value of a column means, by the words known or else by the answers given."""
    columns = reading.columns
    if column in columns.opted_out:
        meaning = opted_out_meaning(value)
    elif column in columns.statuses:
        meaning = status_meaning(value)
    elif column in columns.confirmed:
        meaning = confirmed_meaning(value)
    elif tells_refusal(value):
        meaning = Meaning.REFUSES
    else:  # a date; one that can't be read is left out
        meaning = Meaning.WANTS if value.strip() else Meaning.UNKNOWN
    if meaning != Meaning.UNKNOWN:
        return meaning
    answer = Meaning(reading.answers.get((column, normalise(value)), Meaning.UNKNOWN))
    is_no_refusal = answer == Meaning.WANTS and column in columns.opted_out
    return Meaning.NOT_REFUSED if is_no_refusal else answer


def _refused_at(line: Line, reading: Reading) -> datetime | None:
    """Return when a line was refused; None if that is not known, so the import's time stands."""
    columns = reading.columns
    cells = [
        cell
        for column in columns.opted_out
        if meaning_in(column, cell := line.cell(column), reading) == Meaning.REFUSES
    ]
    if not cells:
        cells = [line.cell(columns.date)]  # the only date beside a status is the status's
    moments = [parse_moment(cell, day_first=reading.day_first) for cell in cells]
    return min((at for at in moments if at and at <= timezone.now()), default=None)


@dataclass(frozen=True)
class FoundValue:
    """A value of a column that decides, what it means, and how many lines have it."""

    column: int
    value: str  # "" also for an empty cell
    meaning: Meaning
    count: int
    is_date: bool = False  # dates are counted together


def values_found(lines: Sequence[Line], reading: Reading) -> list[FoundValue]:
    """Return each value of the columns that decide, the most frequent first in each column."""
    columns = reading.columns
    found: list[FoundValue] = []
    for column in reading.deciding:
        counts: Counter[tuple[str, bool]] = Counter()
        for line in readable(lines):
            value = line.cell(column)
            dated = column not in columns.statuses and is_date(value)
            counts["" if dated else value, dated] += 1
        for (value, dated), count in counts.most_common():
            meaning = meaning_in(column, "2000-01-01" if dated else value, reading)
            found.append(FoundValue(column, value, meaning, count, dated))
    return found


def unknown_values(lines: Sequence[Line], reading: Reading) -> list[FoundValue]:
    """Return the values that neither the hub knows nor an answer explains, once in each column."""
    unknown: dict[tuple[int, str], FoundValue] = {}
    for found in values_found(lines, reading):
        if found.meaning == Meaning.UNKNOWN:
            key = (found.column, normalise(found.value))
            before = unknown.get(key)
            count = found.count + (before.count if before else 0)
            unknown[key] = replace(before or found, count=count)
    return list(unknown.values())
