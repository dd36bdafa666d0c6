"""Importing a mailing list: one form for every step of the page."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.forms.rows import RowField
from accounts.forms.strict import StrictForm
from accounts.spreadsheets import Line, has_heading
from portals.forms.invite import TableField
from preferences.choices import IMPORTED_BASES
from preferences.models import Topic
from preferences.services.import_layouts import (
    ADDRESS,
    CONFIRMED,
    DATE,
    LANGUAGE,
    OPTED_OUT,
    SINGLE,
    STATUS,
    SUSPICIOUS,
    UNRELATED,
    blank_may_refuse,
    classify_columns,
    names_refusal,
)
from preferences.services.import_lines import Columns, require_short_cells
from preferences.services.import_reports import heading_of
from preferences.services.import_words import Meaning, normalise
from preferences.services.imports import MAX_LINES

COLUMN_LABELS = {
    ADDRESS: _("Email address"),
    STATUS: _("Subscribed (yes or no), or a status"),
    OPTED_OUT: _("Unsubscribed (yes or no)"),
    CONFIRMED: _("Confirmed (yes or no)"),
    DATE: _("Date of consent"),
    LANGUAGE: _("Language"),
    UNRELATED: _("Nothing about unsubscribing: leave it out"),
}
MEANING_LABELS = {
    Meaning.WANTS: _("Subscribed"),
    Meaning.REFUSES: pgettext_lazy("choice", "Unsubscribed"),
    Meaning.NOT_REFUSED: _("Not unsubscribed"),
    Meaning.LEAVE_OUT: _("Left out"),
    Meaning.UNKNOWN: _("Unknown"),
}
ANSWERS = {
    Meaning.WANTS: _("Subscribed"),
    Meaning.REFUSES: pgettext_lazy("choice", "Unsubscribed"),
    Meaning.LEAVE_OUT: _("Leave these lines out"),
}
# The names a person may give a column by hand, by what its heading and values say.
_ALLOWED = {
    OPTED_OUT: {OPTED_OUT, UNRELATED},
    SUSPICIOUS: COLUMN_LABELS.keys(),
    STATUS: {STATUS, OPTED_OUT, CONFIRMED, UNRELATED},
    CONFIRMED: {STATUS, OPTED_OUT, CONFIRMED, UNRELATED},
}


def positions_of(columns: Sequence[str], lines: Sequence[Line]) -> Columns:
    """Return the position of each named column.

    Raises: ValidationError without a column of addresses, where two columns have one name that only
    one can have, and for a column that may tell of refusals and was not said to, or not to.
    """
    if ADDRESS not in columns:
        raise ValidationError(_("Choose the column with the email addresses."))
    names = [name for name in columns if name and name != SUSPICIOUS]
    if any(names.count(name) > 1 for name in SINGLE) or not set(names) <= COLUMN_LABELS.keys():
        raise ValidationError(_("Two columns can't have the same content."))
    guesses = classify_columns(lines)
    chosen = [*columns, *[""] * (len(guesses) - len(columns))]
    unclear = [
        heading_of(lines, number)
        for number, guess in enumerate(guesses)
        if (guess in _ALLOWED and chosen[number] not in _ALLOWED[guess])
        or (chosen[number] in SINGLE and names_refusal(heading_of(lines, number)))
    ]
    if unclear:
        message = _(
            "These columns may say who unsubscribed. Choose what they contain: %(columns)s."
        )
        raise ValidationError(message, params={"columns": ", ".join(unclear)})

    def positions(name: str) -> tuple[int, ...]:
        return tuple(number for number, column in enumerate(columns) if column == name)

    dates = positions(DATE)
    found = Columns(
        address=columns.index(ADDRESS),
        statuses=positions(STATUS),
        opted_out=positions(OPTED_OUT),
        confirmed=positions(CONFIRMED),
        date=next(iter(dates), None),
        language=next(iter(positions(LANGUAGE)), None),
        blank_dates=has_heading(lines)
        and any(blank_may_refuse(lines[0].cell(number)) for number in dates),
    )
    require_short_cells(lines, found)
    return found


class LinesField(TableField):
    """The lines of a mailing list, with its heading."""

    most = MAX_LINES + 1


class ImportForm(StrictForm):
    """A mailing list, the topic it is for, and the evidence of consent."""

    # Not by a later step, which sends no file, or for a list of opt-outs, which needs no consent.
    demanded_at_times = ("file", "basis", "wording", "date_order")

    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_(
            "A CSV file with addresses, exported from another tool. It may also say who is"
            " subscribed, since when (2026-05-31), and the language (en or fr)."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    topic = RowField(
        label=_("Topic"),
        queryset=Topic.objects.filter(active=True),
        to_field_name="slug",
        empty_label=_("Choose a topic"),
    )
    basis = forms.ChoiceField(
        label=_("Basis of consent"),
        choices=[
            ("", _("Choose a basis")),
            *((basis.value, basis.label) for basis in IMPORTED_BASES),
        ],
        required=False,
        help_text=_("Applies to every subscribed line and is kept as evidence."),
    )
    wording = forms.CharField(
        label=_("How was consent given?"),
        max_length=2000,
        required=False,
        help_text=_(
            "The text people agreed to and where, or the reason for implied consent. Not needed"
            " for a list of opt-outs only."
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    default_date = forms.DateField(
        label=_("Date of consent for lines without a date"),
        required=False,
        help_text=_("Only for express consent. Without it, lines without a date are left out."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    date_order = forms.ChoiceField(
        label=_("Order of dates such as 03/04/2026"),
        choices=[
            ("", _("As the file shows")),
            ("day", _("Day first: 3 April")),
            ("month", _("Month first: 4 March")),
        ],
        required=False,
    )
    act = forms.CharField(required=False)
    table = LinesField(required=False)
    column = forms.Field(required=False, widget=forms.SelectMultiple)
    value = forms.Field(required=False, widget=forms.SelectMultiple)  # an unknown one; in parallel
    value_column = forms.Field(required=False, widget=forms.SelectMultiple)  # its column, and
    meaning = forms.Field(required=False, widget=forms.SelectMultiple)  # what it means
    checked = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        """Require a file, or the lines that an earlier step read from one."""
        cleaned = super().clean()
        if not cleaned.get("file") and not cleaned.get("table") and "table" not in self.errors:
            self.add_error("file", _("Choose the file to import."))
        return cleaned

    def day_first(self) -> bool | None:
        """Return the order of dates that was chosen; None if none was."""
        return {"day": True, "month": False}.get(self.cleaned_data["date_order"])

    def answers(self) -> dict[tuple[int, str], str]:
        """Return what each value means that was explained by hand, by its column and its words.

        A new file has none: they were of the file before.
        """
        if not isinstance(self.data, MultiValueDict) or self.cleaned_data["file"]:
            return {}
        names = ("value_column", "value", "meaning")
        answers = zip(*(self.data.getlist(name) for name in names), strict=False)
        return {
            (int(column), normalise(value)): meaning
            for column, value, meaning in answers
            if meaning in ANSWERS and column.isdecimal() and len(column) <= 3
        }
