"""Tables that leave as CSV and come in as CSV, safe to open in a spreadsheet program.

Out: `csv_response(name, heading, rows)` streams a download, so `rows` may be a generator over any
number of rows. Comma, UTF-8 with the mark Excel knows it by; text that a spreadsheet would run as
a formula is escape_formula with an apostrophe, numbers are left alone.

In: `read_table(upload)` gives the lines of an uploaded file as `Line(number, cells)`, a heading (if
there is one) among them; the number is the one a spreadsheet program shows. It copes with UTF-8,
UTF-16 and Windows text, with commas, semicolons and tabs. Blank lines are left out; cells come
stripped and without that apostrophe. Raises BadTable, a ValidationError that says what to do.
Where the heading does not tell what the columns hold, a page asks for it: `columns_to_name`.
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
MAX_COLUMNS = 40  # that a page asks about
SAMPLE = 3  # lines shown while columns are named
SIGNED_ROWS_MAX_AGE = 24 * 60 * 60  # seconds a signed table is good for
ROWS_AT_ONCE = 200  # sent together: a packet for each row would be slow

# A sign that begins a formula, at the beginning of a cell or of what another separator makes one:
# there quotation marks begin the cell too, as whoever reads it so does not see ours around it.
_SIGN = r"[=+\-@＝＋－＠]"
_BEGINS_FORMULA = re.compile(
    rf"^(?=[\t\r\n])|^(?=[ \u00a0]*{_SIGN})|(?<=[;\t\r\n])(?=[ \u00a0\"]*{_SIGN})"
)
_DISARMED = re.compile(rf"^'(?=[ \u00a0]*{_SIGN})")
_DELIMITERS = ",;\t"


class BadTable(ValidationError):
    """The file cannot be read as a table; the message says what to do."""


@dataclass(frozen=True)
class Line:
    """One line of a table, and its number in the file."""

    number: int
    cells: list[str]

    def start_of(self, column: int) -> str:
        """How a cell begins; empty where the line has none."""
        return self.cells[column][:80] if column < len(self.cells) else ""


def escape_formula(value: Any) -> Any:
    """A cell no spreadsheet runs: text that begins like a formula gets an apostrophe before it.

    In: anything a cell holds; only text is changed. (OWASP, CSV injection.)
    """
    return _BEGINS_FORMULA.sub("'", value) if isinstance(value, str) else value


class _Line:
    """A file for the csv module that hands each line back."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Rows as the lines of a CSV file, each cell escape_formula."""
    writer = csv.writer(_Line())
    for row in rows:
        yield str(writer.writerow([escape_formula(cell) for cell in row]))


def csv_response(
    name: str, heading: Sequence[Any], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """A download of a table, sent while it is read.

    In: the file's name (letters, digits, hyphens; no ending), the heading, the rows.
    """

    def sent() -> Iterator[str]:
        together = "\ufeff" + "".join(csv_lines([[str(cell) for cell in heading]]))
        for number, line in enumerate(csv_lines(rows), start=1):
            together += line
            if number % ROWS_AT_ONCE == 0:
                yield together
                together = ""
        yield together

    return StreamingHttpResponse(
        sent(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def read_table(
    upload: IO[bytes], *, max_bytes: int = MAX_BYTES, max_rows: int = MAX_ROWS
) -> list[Line]:
    """The lines of an uploaded CSV file that hold anything; the heading counts as one of them.

    Raises BadTable for a file that is too big, empty, no text, or broken at some line.
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
    if text[:4].lower() == "sep=":  # Excel's own way of saying which; kept as an empty line
        text = text.partition("\n")[1] + text.partition("\n")[2]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[Line] = []
    row = 0
    try:
        for row, values in enumerate(reader, start=1):
            cells = [_DISARMED.sub("", value.strip()) for value in values]
            if not any(cells):
                continue
            if len(found) == max_rows:
                raise BadTable(
                    _("This file has too many lines: at most %(count)s. Split it, please."),
                    code="rows",
                    params={"count": max_rows},
                )
            found.append(Line(row, cells))
    except csv.Error as error:
        raise BadTable(
            _("Line %(line)s of this file is broken: perhaps a quotation mark is missing."),
            code="broken",
            params={"line": row + 1},
        ) from error
    if not found:
        raise BadTable(_("This file is empty."), code="empty")
    return found


def has_heading(lines: Sequence[Line]) -> bool:
    """Whether a table of addresses begins with a heading: a line without any address."""
    return bool(lines) and not any("@" in cell for cell in lines[0].cells)


def columns_to_name(lines: Sequence[Line], chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Each column with its number, its heading, a few of its cells, and what was said it holds."""
    named = has_heading(lines)
    sample = lines[named : named + SAMPLE]
    width = min(max(len(line.cells) for line in lines), MAX_COLUMNS)
    return [
        {
            "number": column + 1,
            "heading": lines[0].start_of(column) if named else "",
            "sample": [cell for line in sample if (cell := line.start_of(column))],
            "chosen": chosen[column] if column < len(chosen) else "",
        }
        for column in range(width)
    ]


def sign_rows(rows: Sequence[Sequence[Any]], *, salt: str) -> str:
    """A small table that a page keeps for a later download, as nobody can change it."""
    return signing.dumps(rows, salt=salt, compress=True)


def signed_rows(text: str, *, salt: str) -> list[list[Any]]:
    """The same back, within a day. Raises BadRequest for anything else."""
    try:
        rows: list[list[Any]] = signing.loads(text, salt=salt, max_age=SIGNED_ROWS_MAX_AGE)
    except signing.BadSignature as error:
        raise BadRequest("the table is forged or too old") from error
    return rows


def _decoded(data: bytes) -> str:
    """Text in whatever a spreadsheet program saves."""
    not_text = BadTable(
        _("This is not a CSV file. In your spreadsheet program, save it as CSV and try again."),
        code="not_text",
    )
    unicode_marked = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ["utf-16"] if unicode_marked else ["utf-8-sig", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise not_text


def _delimiter_of(text: str) -> str:
    """The separator the first line uses most; it may say so itself."""
    first = text.lstrip().partition("\n")[0].strip("\r")
    if first[:4].lower() == "sep=" and first[4:5] in list(_DELIMITERS):
        return first[4]
    unquoted = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=unquoted.count)
