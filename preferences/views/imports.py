"""Importing a mailing list: a file, its columns, a dry run, the import, a report."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.spreadsheets import (
    Line,
    columns_to_name,
    csv_response,
    has_heading,
    read_table,
    sign_rows,
    signed_rows,
)
from preferences.choices import ConsentBasis, ImportOutcome
from preferences.forms.imports import (
    COLUMN_LABELS,
    HEADINGS,
    ImportForm,
    LinesField,
    columns_of,
    positions_of,
)
from preferences.services.imports import (
    MAX_LINES,
    ImportedRow,
    ImportRefused,
    import_consents,
)

MAX_SHOWN = 200  # lines of a report on the page; the download has all of them
MAX_FILE_BYTES = 2_000_000
CARRIED_FIELDS = ("topic", "basis", "wording")
REPORT_SALT = "preferences.import.report"


@require_http_methods(["GET", "HEAD", "POST"])
def topics_import(request: PersonRequest) -> HttpResponse:
    """Import a mailing list into a topic.

    The steps are buttons of one form: `check` the result of each line, `columns` of the file,
    `change` something, `import`. Nothing is stored before `import`.
    """
    require_staff(request.user, "preferences.change_topic")
    if request.method != "POST" or request.POST.get("act") == "change":
        return _edit(request, ImportForm(initial=request.POST.dict()))
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _edit(request, form)
    lines, columns = form.cleaned_data["table"], request.POST.getlist("column")
    try:
        if form.cleaned_data["file"]:
            lines, columns = _read(form), []
        columns = columns or columns_of(lines)
        if not columns or form.cleaned_data["act"] == "columns":
            return _name_columns(request, lines, columns)
        return _examine(request, form, lines, columns)
    except ValidationError as refusal:
        form.refuse(refusal)
        return _edit(request, form)


def _edit(request: PersonRequest, form: ImportForm) -> HttpResponse:
    table = request.POST.get("table", "")
    try:
        kept = len(LinesField(required=False).clean(table))
    except ValidationError:
        table, kept = "", 0
    carried = [("column", value) for value in request.POST.getlist("column")]
    context = {
        "form": form,
        "kept": kept,
        "carried": [("table", table), *carried] if kept else [],
        "most": MAX_LINES,
    }
    return render(request, "preferences/import.html", context)


def _read(form: ImportForm) -> list[Line]:
    try:
        return read_table(
            form.cleaned_data["file"], max_bytes=MAX_FILE_BYTES, max_rows=MAX_LINES + 1
        )
    except ValidationError as error:
        raise ValidationError({"file": error}) from error


def _name_columns(
    request: PersonRequest, lines: list[Line], columns: list[str], refusal: str = ""
) -> HttpResponse:
    """Return the page that asks what each column holds."""
    context = {
        "columns": columns_to_name(lines, columns),
        "choices": COLUMN_LABELS.items(),
        "refusal": refusal,
        "carried": [*_carried_fields(request), ("table", LinesField.serialize(lines))],
    }
    return render(request, "preferences/import_columns.html", context)


def _examine(
    request: PersonRequest, form: ImportForm, lines: list[Line], columns: list[str]
) -> HttpResponse:
    """Return the report of the dry run, or of the import itself, line by line."""
    try:
        positions = positions_of(columns)
    except ValidationError as refusal:
        return _name_columns(request, lines, columns, refusal.messages[0])
    is_import = form.cleaned_data["act"] == "import"
    try:
        rows = import_consents(
            actor=request.user,
            topic=form.cleaned_data["topic"],
            lines=lines[has_heading(lines) :],
            columns=positions,
            basis=form.cleaned_data["basis"],
            wording=form.cleaned_data["wording"],
            dry_run=not is_import,
        )
    except ImportRefused as refusal:
        if "date" not in refusal.message_dict:
            raise
        return _name_columns(request, lines, columns, refusal.messages[0])
    context = {
        "topic": form.cleaned_data["topic"],
        "basis": ConsentBasis(form.cleaned_data["basis"]).label,
        "wording": form.cleaned_data["wording"],
        "columns": [
            (name, lines[0].start_of(columns.index(name)) if has_heading(lines) else "")
            for name in HEADINGS
            if name in columns
        ],
        "imported": is_import,
        "carried": [
            *_carried_fields(request),
            *(("column", value) for value in columns),
            ("table", LinesField.serialize(lines)),
        ],
        **_report_context(rows),
    }
    return render(request, "preferences/import_check.html", context)


def _report_context(rows: Sequence[ImportedRow]) -> dict[str, Any]:
    """Return the counts by outcome and the first lines, those left out before the others."""
    counts = Counter(row.outcome for row in rows)
    written = (ImportOutcome.ADDED, ImportOutcome.OPTED_OUT)
    return {
        "counts": [(outcome, counts[outcome]) for outcome in ImportOutcome if counts[outcome]],
        "written": sum(counts[outcome] for outcome in written),
        "total": len(rows),
        "rows": sorted(rows, key=lambda row: row.outcome in written)[:MAX_SHOWN],
        "report": sign_rows(
            [[row.number, row.address, row.outcome] for row in rows], salt=REPORT_SALT
        ),
    }


def _carried_fields(request: PersonRequest) -> list[tuple[str, str]]:
    """Return the values that the next step sends again in hidden fields."""
    return [(name, request.POST.get(name, "")) for name in CARRIED_FIELDS]


@require_POST
def import_report(request: PersonRequest) -> HttpResponseBase:
    """Download the report of a dry run or an import, as CSV."""
    require_staff(request.user, "preferences.change_topic")
    rows = signed_rows(request.POST.get("report", ""), salt=REPORT_SALT)
    heading = [_("Line"), _("Address"), _("Result")]
    labelled_rows = (
        [number, address, ImportOutcome(outcome).label] for number, address, outcome in rows
    )
    return csv_response("import", heading, labelled_rows)
