"""Downloads of tables: commas, UTF-8 with the byte order mark by which Excel knows it.

`csv_response` streams, so its rows may be a generator over any number of them. Text that a
spreadsheet would run as a formula gets an apostrophe; numbers are left alone.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.core import signing
from django.core.exceptions import BadRequest
from django.http import StreamingHttpResponse

SIGNED_ROWS_MAX_AGE = 24 * 60 * 60  # seconds
ROWS_AT_ONCE = 200  # sent together, because a packet for each row would be slow

# A sign begins a formula at the beginning of a cell. A program that splits at other separators than
# ours sees more cells, which may also begin with our quotation mark.
_SIGN = r"[=+\-@＝＋－＠]"
_BEGINS_FORMULA = re.compile(
    rf"^(?=[\t\r\n])|^(?=[ \u00a0]*{_SIGN})|(?<=[;\t\r\n])(?=[ \u00a0\"]*{_SIGN})"
)
_ESCAPED = re.compile(rf"^'(?=[ \u00a0]*{_SIGN})")


def escape_formula(value: Any) -> Any:
    """Return a cell that no spreadsheet runs: an apostrophe goes before text like a formula.

    Anything but text is returned as it is. (OWASP, CSV injection.)
    """
    return _BEGINS_FORMULA.sub("'", value) if isinstance(value, str) else value


def without_escape(cell: str) -> str:
    """Return a cell without the apostrophe of `escape_formula`."""
    return _ESCAPED.sub("", cell)


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
