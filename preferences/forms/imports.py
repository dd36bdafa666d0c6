"""Importing a mailing list: one form for every step of the page."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms.strict import StrictForm
from accounts.services.invitations.parsing import COLUMNS as INVITATION_COLUMNS
from accounts.spreadsheets import Line, has_heading
from accounts.validators import search_key
from portals.forms.invite import TableField
from preferences.choices import ConsentBasis
from preferences.models import Topic
from preferences.services.imports import MAX_LINES, Columns

# Column → the headings that name it, as search_key spells them.
HEADINGS = {
    "address": INVITATION_COLUMNS["address"] | {"subscriber", "abonne", "abonnee"},
    "status": {"status", "state", "subscription status", "subscribed", "statut", "etat", "inscrit"},
    "date": {
        "date", "consent date", "date of consent", "subscribed at", "subscribed on",
        "subscription date", "opt-in date", "opt in date", "optin time", "confirm time",
        "date de consentement", "date du consentement", "date d'inscription", "inscrit le",
        "abonne le",
    },
    "language": {"language", "lang", "locale", "langue"},
}  # fmt: skip

COLUMN_LABELS = {
    "address": _("E-mail address"),
    "status": _("Subscribed or not"),
    "date": _("Date of consent"),
    "language": _("Language"),
}


def columns_of(lines: Sequence[Line]) -> list[str]:
    """Return for each column a key of HEADINGS, or "" where its heading is unknown.

    The list is empty where no heading names the addresses.
    """
    if not has_heading(lines):
        return []
    columns: list[str] = []
    for cell in lines[0].cells:
        heading = search_key(cell.replace("_", " "))
        name = next((key for key, headings in HEADINGS.items() if heading in headings), "")
        columns.append("" if name in columns else name)
    return columns if "address" in columns else []


def positions_of(columns: Sequence[str]) -> Columns:
    """Return the position of each named column.

    Raises: ValidationError without a column of addresses, or where two columns have one name.
    """
    names = [name for name in columns if name]
    if "address" not in names:
        raise ValidationError(_("Say which column holds the e-mail addresses."))
    if len(set(names)) < len(names) or not set(names) <= HEADINGS.keys():
        raise ValidationError(_("Two columns cannot hold the same."))
    return Columns(**{name: columns.index(name) for name in names})


class LinesField(TableField):
    """The lines of a mailing list, with its heading."""

    most = MAX_LINES + 1


class ImportForm(StrictForm):
    """A mailing list, the topic it is for, and the evidence of consent."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_(
            "A CSV file with the addresses and, if it has them, whether each is subscribed, since"
            " when (2026-05-31), and the language (en or fr)."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    topic = forms.ModelChoiceField(
        label=_("Topic"),
        queryset=Topic.objects.filter(active=True),
        to_field_name="slug",
        empty_label=_("Choose a topic"),
    )
    basis = forms.ChoiceField(
        label=_("On what basis may they be written to?"),
        choices=[("", _("Choose a basis")), *ConsentBasis.choices],
        help_text=_("It counts for every line that is subscribed, and is kept as evidence."),
    )
    wording = forms.CharField(
        label=_("How were they asked?"),
        max_length=2000,
        help_text=_("The words they answered and where, or what the basis follows from."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    act = forms.CharField(required=False)
    table = LinesField(required=False)
    column = forms.Field(required=False, widget=forms.SelectMultiple)

    def clean(self) -> dict[str, Any]:
        """Require a file, or the lines that an earlier step read from one."""
        cleaned = super().clean()
        if not cleaned.get("file") and not cleaned.get("table") and "table" not in self.errors:
            self.add_error("file", _("Choose the file to import."))
        return cleaned
