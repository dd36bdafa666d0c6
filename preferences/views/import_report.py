"""The report of importing a mailing list: on the page, and as CSV."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.spreadsheets import Line, csv_response, sign_rows, signed_rows
from preferences.choices import ImportOutcome
from preferences.services.import_lines import ImportedRow
from preferences.services.import_reports import advice_on, report_line

MAX_SHOWN = 200  # lines of a report on the page; the download has all of them
REPORT_SALT = "preferences.import.report"


def report_context(rows: Sequence[ImportedRow], lines: Sequence[Line]) -> dict[str, Any]:
    """Return the counts by outcome and the first lines, those left out before the others."""
    reported = [report_line(row, lines) for row in rows]
    counts = Counter(row.outcome for row in rows)
    written = (ImportOutcome.ADDED, ImportOutcome.OPTED_OUT)
    return {
        "counts": [(outcome, counts[outcome]) for outcome in ImportOutcome if counts[outcome]],
        "written": sum(counts[outcome] for outcome in written),
        "total": len(rows),
        "rows": sorted(reported, key=lambda line: line.outcome in written)[:MAX_SHOWN],
        "report": sign_rows(
            [
                [line.number, line.address, line.outcome, line.column, line.value, line.other]
                for line in reported
            ],
            salt=REPORT_SALT,
        ),
    }


@require_POST
def import_report(request: PersonRequest) -> HttpResponseBase:
    """Download the report of a dry run or an import, as CSV."""
    require_staff(request.user, "preferences.change_topic")
    rows = signed_rows(request.POST.get("report", ""), salt=REPORT_SALT)
    heading = [_("Line"), _("Address"), _("Result"), _("Column"), _("Value"), _("Next step")]
    labelled_rows = (
        [
            number,
            address,
            ImportOutcome(outcome).label,
            column,
            value,
            advice_on(ImportOutcome(outcome), other),
        ]
        for number, address, outcome, column, value, other in rows
    )
    return csv_response("import", heading, labelled_rows)
