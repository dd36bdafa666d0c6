"""Importing a mailing list: a file, its columns, a dry run, the import, a report."""

import json
from collections import Counter
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.spreadsheets import (
    Line,
    columns_to_name,
    has_heading,
    read_table,
)
from preferences.choices import ConsentBasis
from preferences.forms.imports import (
    ANSWERS,
    COLUMN_LABELS,
    MEANING_LABELS,
    ImportForm,
    LinesField,
    positions_of,
)
from preferences.services.import_layouts import ADDRESS, DATE, UNRELATED, classify_columns
from preferences.services.import_lines import (
    FoundValue,
    Reading,
    unknown_values,
    values_found,
)
from preferences.services.import_reports import heading_of
from preferences.services.imports import MAX_LINES, ImportRefused, import_consents
from preferences.views.import_report import report_context

MAX_VALUES = 50  # different status words that are asked about, and values shown
MAX_FILE_BYTES = 2_000_000
CARRIED_FIELDS = ("topic", "basis", "wording", "default_date", "date_order")
CHECK_SALT = "preferences.import.check"


@require_http_methods(["GET", "HEAD", "POST"])
def topics_import(request: PersonRequest) -> HttpResponse:
    """Import a mailing list into a topic.

    The steps are buttons of one form: `check` the result of each line, `columns` of the file,
    `change` something, `import`. Nothing is stored before `import`, and `import` takes only what
    was checked: the same lines, columns and answers.
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
        columns = columns or classify_columns(lines)
        if not request.POST.getlist("column") and ADDRESS not in columns:
            return _name_columns(request, lines, columns)
        if form.cleaned_data["act"] == "columns":
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
    carried = [*_repeated(request, "column"), *_answers(request)]
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


def _ask_values(
    request: PersonRequest,
    form: ImportForm,
    lines: list[Line],
    columns: list[str],
    unknown: list[FoundValue],
) -> HttpResponse:
    """Return the page that asks what status words mean, or for the column if it is no status."""
    if len(unknown) > MAX_VALUES:
        refusal = _("“%(column)s” has %(count)s different values, so it is not a status.")
        values = {"column": heading_of(lines, unknown[0].column), "count": len(unknown)}
        return _name_columns(request, lines, columns, refusal % values)
    data = form.cleaned_data
    filled_in = data["default_date"] if data["basis"] == ConsentBasis.EXPRESS else None
    dates = columns.index(DATE) if DATE in columns else None
    context = {
        "values": [
            (
                heading_of(lines, found.column),
                found,
                filled_in if found.column == dates and not found.value else None,
            )
            for found in unknown
        ],
        "choices": ANSWERS.items(),
        "carried": [
            *_carried_fields(request),
            *(("column", value) for value in columns),
            *_answers(request),
            ("table", LinesField.serialize(lines)),
        ],
    }
    return render(request, "preferences/import_values.html", context)


def _examine(
    request: PersonRequest, form: ImportForm, lines: list[Line], columns: list[str]
) -> HttpResponse:
    """Return the report of the dry run, or of the import itself, line by line."""
    try:
        positions = positions_of(columns, lines)
    except ValidationError as refusal:
        return _name_columns(request, lines, columns, refusal.messages[0])
    data, body = form.cleaned_data, lines[has_heading(lines) :]
    reading = Reading(positions, data["basis"], data["default_date"], form.answers())
    if unknown := unknown_values(body, reading):
        return _ask_values(request, form, lines, columns, unknown)
    digest = _digest(form, lines, columns)
    is_asked = data["act"] == "import"
    is_import = is_asked and constant_time_compare(data["checked"], digest)
    try:
        rows = import_consents(
            actor=request.user,
            topic=data["topic"],
            lines=body,
            columns=positions,
            basis=data["basis"],
            wording=data["wording"],
            dry_run=not is_import,
            default_date=data["default_date"],
            answers=reading.answers,
            day_first=form.day_first(),
        )
    except ImportRefused as refusal:
        if "date" not in getattr(refusal, "error_dict", {}):
            raise
        return _name_columns(request, lines, columns, refusal.messages[0])
    context = {
        "topic": data["topic"],
        "basis": ConsentBasis(data["basis"]).label if data["basis"] else "—",
        "wording": data["wording"],
        "columns": [
            (label, heading_of(lines, number))
            for name, label in COLUMN_LABELS.items()
            for number, column in enumerate(columns)
            if column == name != UNRELATED
        ],
        "values": _values_shown(lines, body, reading),
        "imported": is_import,
        "changed": is_asked and not is_import,
        "carried": [
            *_carried_fields(request),
            *(("column", value) for value in columns),
            *_answers(request),
            ("table", LinesField.serialize(lines)),
            ("checked", digest),
        ],
        **report_context(rows, lines),
    }
    return render(request, "preferences/import_check.html", context)


def _digest(form: ImportForm, lines: list[Line], columns: list[str]) -> str:
    """Return a keyed hash of everything that decides what an import writes."""
    data = form.cleaned_data
    what = [
        [[line.number, line.cells, line.is_broken] for line in lines],
        columns,
        sorted(form.answers().items()),
        [data["topic"].pk, data["basis"], data["wording"], str(data["default_date"])],
        data["date_order"],
    ]
    return salted_hmac(CHECK_SALT, json.dumps(what), algorithm="sha256").hexdigest()


def _values_shown(
    lines: list[Line], body: list[Line], reading: Reading
) -> list[tuple[str, str, Any, int]]:
    """Return the column, value, meaning and count of lines of the first values that decide."""

    def text(found: FoundValue) -> str:
        return _("a date") if found.is_date else found.value[:80] or _("empty")

    found_values = values_found(body, reading)
    shown = [
        (heading_of(lines, found.column), text(found), MEANING_LABELS[found.meaning], found.count)
        for found in found_values[:MAX_VALUES]
    ]
    rest: Counter[tuple[int, Any]] = Counter()
    for found in found_values[MAX_VALUES:]:
        rest[found.column, MEANING_LABELS[found.meaning]] += found.count
    others = _("other values")
    return shown + [
        (heading_of(lines, column), others, meaning, count)
        for (column, meaning), count in rest.items()
    ]


def _carried_fields(request: PersonRequest) -> list[tuple[str, str]]:
    """Return the values that the next step sends again in hidden fields."""
    return [(name, request.POST.get(name, "")) for name in CARRIED_FIELDS]


def _answers(request: PersonRequest) -> list[tuple[str, str]]:
    """Return the answers given about values, unless a new file takes the place of theirs."""
    names = () if request.FILES.get("file") else ("value", "value_column", "meaning")
    return _repeated(request, *names)


def _repeated(request: PersonRequest, *names: str) -> list[tuple[str, str]]:
    """Return the values of fields that a page has many of."""
    return [(name, value) for name in names for value in request.POST.getlist(name)]
