"""The lines of an uploaded table, its heading, and the page that asks what its columns hold."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from accounts.validators import normalise_address

SAMPLE_SIZE = 3  # lines shown on that page

_ADDRESS_SIGN = re.compile(r"[^\s(\[@]@[^\s)\]@]")  # not the sign alone: Courriel (@)
_BETWEEN_WORDS = re.compile(r"[\s,;:<>()\[\]\"'|]+")


@dataclass(frozen=True)
class Line:
    """One line of a table, with the number that a spreadsheet program shows for it."""

    number: int
    cells: list[str]
    is_broken: bool = False  # its quotation marks don't match: its only cell is its text

    def cell(self, column: int | None) -> str:
        """Return a cell; empty where the line has no such cell."""
        has_cell = column is not None and column < len(self.cells)
        return self.cells[column] if column is not None and has_cell else ""

    def start_of(self, column: int) -> str:
        """Return the beginning of a cell, to show it."""
        return self.cell(column)[:80]


def has_address_sign(text: str) -> bool:
    """Return whether a text may hold an email address."""
    return bool(_ADDRESS_SIGN.search(text))


def addresses_in(text: str) -> set[str]:
    """Return the addresses that a text may hold, as the hub stores them.

    What stands beside a quotation mark or an apostrophe is taken without it.
    """
    found = set()
    for word in filter(has_address_sign, _BETWEEN_WORDS.split(text)):
        try:
            found.add(normalise_address(word.strip(".")))
        except ValidationError:
            continue
    return found


def readable(lines: Iterable[Line]) -> list[Line]:
    """Return the lines whose cells are known."""
    return [line for line in lines if not line.is_broken]


def has_heading(lines: Sequence[Line]) -> bool:
    """Return whether a table of addresses begins with a heading: a line without any address."""
    return bool(lines) and not any(map(has_address_sign, lines[0].cells))


def columns_to_name(lines: Sequence[Line], chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Return for each column its number, heading, a sample of its cells, and its `chosen` key."""
    lines = readable(lines)
    first = int(has_heading(lines))
    sample = lines[first : first + SAMPLE_SIZE]
    width = max(len(line.cells) for line in lines)
    return [
        {
            "number": column + 1,
            "heading": lines[0].start_of(column) if first else "",
            "sample": [cell for line in sample if (cell := line.start_of(column))],
            "chosen": chosen[column] if column < len(chosen) else "",
        }
        for column in range(width)
    ]
