"""The report of an import, line by line: its column, its value, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.spreadsheets import Line, has_heading
from preferences.choices import ImportOutcome
from preferences.services.import_lines import ImportedRow

MAX_VALUE = 200  # characters of a value that a report shows

_ADVICE = {
    ImportOutcome.KEPT_OUT: gettext_lazy("Nothing to do: only this person can subscribe again."),
    ImportOutcome.NO_ACCOUNT: gettext_lazy(
        "Invite this person first, or choose a topic that is open to everybody."
    ),
    ImportOutcome.REPEATED: gettext_lazy("Nothing to do: line %(line)s is used instead."),
    ImportOutcome.BAD_ADDRESS: gettext_lazy("Correct the address and import this line again."),
    ImportOutcome.BAD_STATUS: gettext_lazy(
        "Say what this value means, or correct it and import this line again."
    ),
    ImportOutcome.NOT_CONFIRMED: gettext_lazy("Nothing to do, unless this person subscribes."),
    ImportOutcome.BAD_DATE: gettext_lazy(
        "Enter a date in the past, such as 2026-05-31, and import this line again."
    ),
    ImportOutcome.NO_DATE: gettext_lazy(
        "Fill in the date, or give a date of consent for lines without a date."
    ),
    ImportOutcome.UNREADABLE: gettext_lazy(
        "Correct its quotation marks and import this line again."
    ),
    ImportOutcome.IN_DOUBT: gettext_lazy(
        "Correct line %(line)s, which has this address too, and import both again."
    ),
}
_WRONG = (
    ImportOutcome.BAD_ADDRESS,
    ImportOutcome.BAD_DATE,
    ImportOutcome.NO_DATE,
    ImportOutcome.UNREADABLE,
    ImportOutcome.IN_DOUBT,
)


@dataclass(frozen=True)
class ReportLine:
    """A line of a report."""

    number: int
    address: str
    outcome: ImportOutcome
    column: str  # its heading, or else its number; empty where the whole line decided
    value: str
    other: int | None  # the number of another line that decided
    at: datetime | None = None  # the date of consent, or of the refusal

    @property
    def wants_correction(self) -> bool:
        """Whether the line was left out because something in it is wrong."""
        return self.outcome in _WRONG

    @property
    def advice(self) -> str:
        """The advice about the line; empty where it was taken over or known already."""
        return advice_on(self.outcome, self.other)


def report_line(row: ImportedRow, lines: Sequence[Line]) -> ReportLine:
    """Return what the report says of a row; `lines` are those of the file, with its heading."""
    is_plain = row.outcome in (ImportOutcome.ADDED, ImportOutcome.UNCHANGED)
    column = "" if row.column is None or is_plain else heading_of(lines, row.column)
    value = "" if is_plain else row.value[:MAX_VALUE]
    return ReportLine(row.number, row.address, row.outcome, column, value, row.other, row.at)


def advice_on(outcome: ImportOutcome, other: int | None) -> str:
    """Return what to do about a line, of which `other` is the line that decided."""
    return str(_ADVICE.get(outcome, "")) % {"line": other}


def heading_of(lines: Sequence[Line], column: int) -> str:
    """Return how a column is called on the page: its heading, or else its number."""
    heading = lines[0].start_of(column) if has_heading(lines) else ""
    return heading or _("Column %(number)s") % {"number": column + 1}
