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

from accounts.choices import Language
from accounts.spreadsheets import Line
from accounts.validators import normalise_address
from preferences.choices import ConsentBasis, ImportOutcome
from preferences.services.import_dates import beginning_of, parse_moment
from preferences.services.import_layouts import (
    FALSE_WORDS,
    Meaning,
    is_date_like,
    is_opted_out,
    normalise,
    status_meaning,
)

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


@dataclass(frozen=True)
class Reading:
    """How the lines of a file are read."""

    columns: Columns
    basis: str
    default_date: date | None = None  # of an express yes without a date
    answers: Mapping[str, str] = field(default_factory=dict)  # normalised status → Meaning
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


def _meaning_of(line: Line, reading: Reading) -> Meaning:
    columns = reading.columns
    meanings = [
        value_meaning(line.cell(column), reading.answers) for column in columns.statuses
    ] + [_confirmed_meaning(line.cell(column)) for column in columns.confirmed]
    if any(is_opted_out(line.cell(column)) for column in columns.opted_out):
        return Meaning.REFUSES
    for meaning in (Meaning.REFUSES, Meaning.LEAVE_OUT, Meaning.UNKNOWN):
        if meaning in meanings:
            return meaning
    return Meaning.WANTS


def value_meaning(value: str, answers: Mapping[str, str]) -> Meaning:
    """Return what a status means, by the words known or else by the answers given by hand."""
    meaning = status_meaning(value)
    if meaning != Meaning.UNKNOWN:
        return meaning
    return Meaning(answers.get(normalise(value), Meaning.UNKNOWN))


def _confirmed_meaning(value: str) -> Meaning:
    if normalise(value) in FALSE_WORDS:
        return Meaning.LEAVE_OUT
    if is_date_like(value):
        return Meaning.WANTS
    meaning = status_meaning(value)
    return Meaning.LEAVE_OUT if meaning == Meaning.UNKNOWN else meaning


def _refused_at(line: Line, reading: Reading) -> datetime | None:
    """Return when a line was refused; None if that is not known, so the import's time stands."""
    columns = reading.columns
    cells = [line.cell(column) for column in columns.opted_out]
    if not any(is_opted_out(cell) for cell in cells):
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
    for column in sorted({*columns.statuses, *columns.opted_out, *columns.confirmed}):
        counts: Counter[tuple[str, bool]] = Counter()
        for line in lines:
            value = line.cell(column)
            is_date = column not in columns.statuses and is_date_like(value)
            counts["" if is_date else value, is_date] += 1
        for (value, is_date), count in counts.most_common():
            sample = "2000-01-01" if is_date else value
            if column in columns.opted_out:
                refused = is_opted_out(sample)
                meaning = Meaning.REFUSES if refused else Meaning.NOT_REFUSED
            elif column in columns.statuses:
                meaning = value_meaning(sample, reading.answers)
            else:
                meaning = _confirmed_meaning(sample)
            found.append(FoundValue(column, value, meaning, count, is_date))
    return found


def unknown_values(lines: Sequence[Line], reading: Reading) -> list[FoundValue]:
    """Return the status words that neither the hub knows nor an answer explains, each once."""
    unknown: dict[str, FoundValue] = {}
    for found in values_found(lines, reading):
        if found.meaning == Meaning.UNKNOWN:
            key = normalise(found.value)
            before = unknown.get(key)
            count = found.count + (before.count if before else 0)
            unknown[key] = replace(before or found, count=count)
    return list(unknown.values())
