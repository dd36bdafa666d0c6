"""Reading uploaded tables: UTF-8, UTF-16 and Windows-1252; commas, semicolons and tabs.

A wrong quotation mark costs its line and not the file. Where one may have joined lines, each of
them is read by itself and taken only if it is complete; every other is kept as a broken line, which
a report shows. So no cell of one line ever becomes another's.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import IO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.spreadsheets.downloads import without_escape
from accounts.spreadsheets.lines import Line, has_address_sign

MAX_BYTES = 1_000_000
MAX_ROWS = 1000
MAX_COLUMNS = 400  # a page asks for each what it holds
LINES_OF_A_CELL = 100  # in quotation marks; more are taken for a mark that is missing
LINES_COMPARED = 20  # to find the separator

_DELIMITERS = "\t;,"  # where lines leave it open, the first of them: text has more commas
_QUOTED = re.compile(r'"[^"]*"')
_VERSION_LINE = re.compile(
    r"version:v[\d.]+"
)  # of Microsoft Entra's templates, ahead of the heading


class BadTable(ValidationError):
    """The file cannot be read as a table; the message says what to do."""


def read_table(
    upload: IO[bytes], *, max_bytes: int = MAX_BYTES, max_rows: int = MAX_ROWS
) -> list[Line]:
    """Return the lines of an uploaded CSV file that are not blank, the heading among them.

    Cells are stripped, and without the apostrophe of escape_formula. Empty cells at the end of a
    line are left off. A line whose quotation marks don't match is marked as broken. Raises BadTable
    for a file that is too big, too wide, empty, not text, or broken in its first line.
    """
    data = upload.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise BadTable(
            _("This file is too big. The limit is %(size)s KB."),
            code="size",
            params={"size": max_bytes // 1000},
        )
    text = _decoded(data)
    delimiter = _delimiter_of(text)
    if text[:4].lower() == "sep=":  # Excel's way to name the separator; kept as an empty line
        end = re.search(r"[\r\n]", text)
        text = text[end.start() :] if end else ""
    lines = _lines_of(text, delimiter, max_rows)
    if lines and _VERSION_LINE.fullmatch(lines[0].cell(0)):
        lines = lines[1:]
    if not lines:
        raise BadTable(_("This file is empty. Choose another."), code="empty")
    if lines[0].is_broken:
        raise BadTable(
            _(
                "The first line of this file (line %(line)s) can't be read. A quotation "
                "mark may be missing. Correct it, then try again."
            ),
            code="broken",
            params={"line": lines[0].number},
        )
    return lines


def read_pasted_cells(text: str, max_rows: int = MAX_ROWS) -> list[Line]:
    """Return the lines of cells that somebody copied from a spreadsheet program: parted by tabs.

    Raises BadTable for too many.
    """
    return _lines_of(text, "\t", max_rows)


def _lines_of(text: str, delimiter: str, max_rows: int) -> list[Line]:
    lines: list[Line] = []
    for line in _rows(list(io.StringIO(text, newline="")), delimiter):
        if len(line.cells) > MAX_COLUMNS:
            raise BadTable(
                _("This file has too many columns. Keep at most %(count)s."),
                code="columns",
                params={"count": MAX_COLUMNS},
            )
        if line.cells and len(lines) == max_rows:
            raise BadTable(
                _("This file has too many lines. Split it into files of at most %(count)s."),
                code="rows",
                params={"count": max_rows},
            )
        if line.cells:
            lines.append(line)
    return lines


def _rows(physical: Sequence[str], delimiter: str) -> Iterator[Line]:
    """Yield a line of the table for each row, blank ones too; `physical` lines keep their ends."""
    at = number = 0
    width = 0  # cells of the first row that has several
    while at < len(physical):
        cells, taken = _parse(physical[at : at + 1], delimiter)
        if cells is None:
            cells, taken = _parse(physical[at : at + LINES_OF_A_CELL], delimiter)
        block = physical[at : at + taken]
        at += taken
        number += 1
        following = physical[at] if at < len(physical) else ""
        is_doubtful = cells is None or (
            _is_doubtful(cells, block, delimiter, width)
            or (len(cells) < width and '"' in block[-1] and _is_rest_of_a_cell(following))
        )
        if cells is not None and not is_doubtful:
            width = width or (len(cells) if len(cells) > 1 else 0)
            yield Line(number, _trimmed(cells))
            continue
        yield _broken(number, block[0])
        for single in block[1:]:
            number += 1
            cells, _taken = _parse([single], delimiter)
            is_complete = cells is not None and _fits(cells, width or 1)
            yield Line(number, _trimmed(cells or [])) if is_complete else _broken(number, single)


def _parse(block: Sequence[str], delimiter: str) -> tuple[list[str] | None, int]:
    """Return the cells of the row at the beginning of a block, and how many lines were looked at.

    None for the cells if its quotation marks don't match.
    """
    reader = csv.reader(block, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return None, max(reader.line_num, 1)


def _is_doubtful(cells: list[str], block: Sequence[str], delimiter: str, width: int) -> bool:
    """Return whether a stray quotation mark may have swallowed a separator or the end of a line."""
    if len(block) == 1:
        has_swallowed = any(delimiter in cell for cell in cells)
        is_short = len(cells) < width <= block[0].count(delimiter) + 1 and has_swallowed
        is_long = 0 < width < len(cells) and '"' in block[0]
        has_odd_mark = block[0].count('"') % 2 == 1
        return is_short or (is_long and (has_odd_mark or not _fits(cells, width)))
    if any(has_address_sign(cell) for cell in cells if "\n" in cell or "\r" in cell):
        return True
    if not width:
        return False
    outside = _QUOTED.sub("", block[0])
    is_complete = outside.count(delimiter) + 1 >= width
    opens_before_the_last = delimiter in outside.rpartition('"')[2]
    address_follows = has_address_sign(block[-1].rpartition('"')[2])
    holds_more = is_complete and opens_before_the_last and not address_follows
    return holds_more or not _fits(cells, width)


def _fits(cells: Sequence[str], width: int) -> bool:
    """Return whether a row has as many cells as the heading; empty ones may follow."""
    return len(cells) >= width >= len(_trimmed(cells))


def _is_rest_of_a_cell(text: str) -> bool:
    """Return whether a line seems to go on with a cell that a quotation mark ended too early."""
    return bool(text.strip()) and (not has_address_sign(text) or text.count('"') % 2 == 1)


def _trimmed(cells: Sequence[str]) -> list[str]:
    """Return cells without what surrounds them, and without the empty ones at the end."""
    trimmed = [without_escape(cell.strip()) for cell in cells]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return trimmed


def _broken(number: int, text: str) -> Line:
    text = text.strip()
    return Line(number, [text], is_broken=True) if text else Line(number, [])


def _decoded(data: bytes) -> str:
    """Decode what a spreadsheet program saves as text. Raises BadTable for anything else."""
    not_text = BadTable(
        _("This is not a CSV file. In your spreadsheet program, save it as CSV and try again."),
        code="not_text",
    )
    has_utf16_mark = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ["utf-16"] if has_utf16_mark else ["utf-8-sig", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise not_text


def _delimiter_of(text: str) -> str:
    """Return the separator that the first line names itself, or else the one that lines agree on.

    The first line that has any tells which it may be; then most lines must have as many as it.
    """
    physical = [line for line in io.StringIO(text, newline="") if line.strip()][:LINES_COMPARED]
    if not physical:
        return ","
    first = physical[0].strip("\r\n")
    if first[:4].lower() == "sep=" and first[4:5] in list(_DELIMITERS):
        return first[4]
    counts = [[_QUOTED.sub("", line).count(sign) for sign in _DELIMITERS] for line in physical]
    heading = next(filter(any, counts), [0] * len(_DELIMITERS))
    scores = [
        (sum(line[place] == count for line in counts) if count else 0, count)
        for place, count in enumerate(heading)
    ]
    return _DELIMITERS[scores.index(max(scores))]
