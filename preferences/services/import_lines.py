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
from accounts.spreadsheets import Line
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

    @property
    def deciding(self) -> list[int]:
        """The columns whose values are shown with what they mean."""
        dated = {self.date} if self.date is not None and self.blank_dates else set()
        return sorted({*self.statuses, *self.opted_out, *self.confirmed, *dated})


@dataclass(frozen=True)
class Reading:
    """How the lines of a file are read."""

    columns: Columns
    basis: str
    default_date: date | None = None  # of an express yes without a date
    answers: Answers = field(default_factory=dict)
    day_first: bool = True  # in a date such as 03/04/2026


@dataclass(frozen=True)
class ImportedRow:
    """A line of the file and its outcome."""

    number: int
    address: str
    wants: bool = False
    at: datetime | None = None
    language: str = Language.ENGLISH
    outcome: ImportOutcome = ImportOutcome.ADDED


def read_line(line: Line, reading: Reading) -> ImportedRow:
    """Parse one line, or return it with what is wrong with it as its outcome."""
    columns = reading.columns
    address = line.cell(columns.address)
    named = _NAMED_ADDRESS.fullmatch(address)
    row = ImportedRow(line.number, named[1].strip() if named else address)
    meaning = _meaning_of(line, reading)
    row = replace(row, wants=meaning == Meaning.WANTS)
    try:
        row = replace(row, address=normalise_address(row.address))
    except ValidationError:
        return replace(row, outcome=ImportOutcome.BAD_ADDRESS)
    language = line.cell(columns.language).strip().lower()[:2]
    row = replace(row, language=language if language in Language.values else Language.ENGLISH)
    if meaning == Meaning.REFUSES:
        return replace(row, at=_refused_at(line, reading))
    if meaning == Meaning.UNKNOWN:
        return replace(row, outcome=ImportOutcome.BAD_STATUS)
    if meaning == Meaning.LEAVE_OUT:
        return replace(row, outcome=ImportOutcome.NOT_CONFIRMED)
    text = line.cell(columns.date)
    at = parse_moment(text, day_first=reading.day_first)
    if not text and reading.basis == ConsentBasis.EXPRESS:
        if reading.default_date is None:
            return replace(row, outcome=ImportOutcome.NO_DATE)
        at = beginning_of(reading.default_date)
    if at is None or at > timezone.now():
        return replace(row, outcome=ImportOutcome.BAD_DATE)
    return replace(row, at=at)


def require_short_cells(lines: Sequence[Line], columns: Columns) -> None:
    """Raise ValidationError if a cell that decides about a line is too long to be compared."""
    for line in lines:
        for column in (columns.address, columns.date, columns.language, *columns.deciding):
            if len(line.cell(column)) > MAX_CELL:
                message = _("Line %(line)s has a cell of more than %(count)s characters.")
                raise ValidationError(message % {"line": line.number, "count": MAX_CELL})


def _meaning_of(line: Line, reading: Reading) -> Meaning:
    columns = reading.columns
    meanings = [meaning_in(column, line.cell(column), reading) for column in columns.deciding]
    if any(tells_refusal(line.cell(column)) for column in (columns.date, columns.language)):
        return Meaning.REFUSES
    for meaning in (Meaning.REFUSES, Meaning.UNKNOWN, Meaning.LEAVE_OUT):
        if meaning in meanings:
            return meaning
    # the name beside an address may tell: DO NOT EMAIL <gina@company.example>
    others = (columns.address, columns.date, columns.language)
    in_doubt = any(may_tell_refusal(line.cell(column)) for column in others)
    return Meaning.LEAVE_OUT if in_doubt else Meaning.WANTS


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
    for column in columns.deciding:
        counts: Counter[tuple[str, bool]] = Counter()
        for line in lines:
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
