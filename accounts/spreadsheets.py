"""Tables as CSV files, downloaded and uploaded, that are safe in a spreadsheet program.

`csv_response` streams a download, so its rows may be a generator over any number of them. It writes
commas and UTF-8 with the byte order mark by which Excel knows it. Text that a spreadsheet would run
as a formula gets an apostrophe; numbers are left alone.

`read_table` returns the lines of an uploaded file, with the heading if there is one. It reads
UTF-8, UTF-16 and Windows-1252, and commas, semicolons and tabs. Where the heading does not tell
what the columns hold, a page asks for it with `columns_to_name`.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from django.core import signing
from django.core.exceptions import BadRequest, ValidationError
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

MAX_BYTES = 1_000_000
MAX_ROWS = 1000
MAX_COLUMNS = 400  # a page asks for each what it holds
SAMPLE_SIZE = 3  # lines shown on that page
SIGNED_ROWS_MAX_AGE = 24 * 60 * 60  # seconds
ROWS_AT_ONCE = 200  # sent together, because a packet for each row would be slow

# A sign begins a formula at the beginning of a cell. A program that splits at other separators than
# ours sees more cells, which may also begin with our quotation mark.
_SIGN = r"[=+\-@＝＋－＠]"
_BEGINS_FORMULA = re.compile(
    rf"^(?=[\t\r\n])|^(?=[ \u00a0]*{_SIGN})|(?<=[;\t\r\n])(?=[ \u00a0\"]*{_SIGN})"
)
_ESCAPED = re.compile(rf"^'(?=[ \u00a0]*{_SIGN})")
_ADDRESS_SIGN = re.compile(r"[^\s(\[@]@[^\s)\]@]")  # not the sign alone: Courriel (@)
_DELIMITERS = ",;\t"


class BadTable(ValidationError):
    """The file cannot be read as a table; the message says what to do."""


@dataclass(frozen=True)
class Line:
    """One line of a table, with the number that a spreadsheet program shows for it."""

    number: int
    cells: list[str]

    def cell(self, column: int | None) -> str:
        """Return a cell; empty where the line has no such cell."""
        has_cell = column is not None and column < len(self.cells)
        return self.cells[column] if column is not None and has_cell else ""

    def start_of(self, column: int) -> str:
        """Return the beginning of a cell, to show it."""
        return self.cell(column)[:80]


def escape_formula(value: Any) -> Any:
    """Return a cell that no spreadsheet runs: an apostrophe goes before text like a formula.

    Anything but text is returned as it is. (OWASP, CSV injection.)
    """
    return _BEGINS_FORMULA.sub("'", value) if isinstance(value, str) else value


class _Echo:
    """A file for the csv module that returns each line instead of writing it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield rows as the lines of a CSV file, with each cell safe from formulas."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield str(writer.writerow([escape_formula(cell) for cell in row]))


def csv_response(
    name: str, heading: Sequence[Any], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """Return a download of a table that is sent while `rows` is read.

    `name` is the file's name without its ending, in letters, digits and hyphens.
    """

    def stream() -> Iterator[str]:
        chunk = "\ufeff" + "".join(csv_lines([[str(cell) for cell in heading]]))
        for number, line in enumerate(csv_lines(rows), start=1):
            chunk += line
            if number % ROWS_AT_ONCE == 0:
                yield chunk
                chunk = ""
        yield chunk

    return StreamingHttpResponse(
        stream(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def read_table(
    upload: IO[bytes], *, max_bytes: int = MAX_BYTES, max_rows: int = MAX_ROWS
) -> list[Line]:
    """Return the lines of an uploaded CSV file that are not blank, the heading among them.

    Cells are stripped, and without the apostrophe of escape_formula. Empty cells at the end of a
    line are left off. Raises BadTable for a file that is too big, too wide, empty, not text, or
    broken at some line.
    """
    data = upload.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise BadTable(
            _("This file is too big: at most %(size)s KB."),
            code="size",
            params={"size": max_bytes // 1000},
        )
    text = _decoded(data)
    delimiter = _delimiter_of(text)
    if text[:4].lower() == "sep=":  # Excel's way to name the separator; kept as an empty line
        text = text.partition("\n")[1] + text.partition("\n")[2]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[Line] = []
    row = 0
    try:
        for row, values in enumerate(reader, start=1):
            cells = [_ESCAPED.sub("", value.strip()) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                continue
            if len(cells) > MAX_COLUMNS:
                raise BadTable(
                    _("This file has too many columns: at most %(count)s. Remove some, please."),
                    code="columns",
                    params={"count": MAX_COLUMNS},
                )
            if len(lines) == max_rows:
                raise BadTable(
                    _("This file has too many lines: at most %(count)s. Split it, please."),
                    code="rows",
                    params={"count": max_rows},
                )
            lines.append(Line(row, cells))
    except csv.Error as error:
        raise BadTable(
            _("Line %(line)s of this file is broken: perhaps a quotation mark is missing."),
            code="broken",
            params={"line": row + 1},
        ) from error
    if not lines:
        raise BadTable(_("This file is empty."), code="empty")
    return lines


def has_heading(lines: Sequence[Line]) -> bool:
    """Return whether a table of addresses begins with a heading: a line without any address."""
    return bool(lines) and not any(map(_ADDRESS_SIGN.search, lines[0].cells))


def columns_to_name(lines: Sequence[Line], chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Return for each column its number, heading, a sample of its cells, and its `chosen` key."""
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


def sign_rows(rows: Sequence[Sequence[Any]], *, salt: str) -> str:
    """Return a small table as signed text, which a page keeps for a later download."""
    return signing.dumps(rows, salt=salt, compress=True)


def signed_rows(text: str, *, salt: str) -> list[list[Any]]:
    """Return the table of a signed text. Raises BadRequest if it is forged or a day old."""
    try:
        rows: list[list[Any]] = signing.loads(text, salt=salt, max_age=SIGNED_ROWS_MAX_AGE)
    except signing.BadSignature as error:
        raise BadRequest("the table is forged or too old") from error
    return rows


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
    """Return the separator that the first line names itself, or else has most of."""
    first = text.lstrip().partition("\n")[0].strip("\r")
    if first[:4].lower() == "sep=" and first[4:5] in list(_DELIMITERS):
        return first[4]
    unquoted = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=unquoted.count)
