"""Writing, publishing, announcing and withdrawing a version."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.forms import EditForm, LineField, StrictForm, VersionedForm
from accounts.validators import NAME_LENGTH, validate_plain_lines
from compliance.choices import AskedOf, PolicyKind

MOST_TEXT = 100_000  # characters
MATERIAL = {"yes": True, "no": False, "": None}


def _title(label: Any, language: str) -> LineField:
    return LineField(
        label=label,
        max_length=NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"lang": language, "autocomplete": "off"}),
    )


def _text(
    label: Any, language: str, *, rows: int, most: int, help_text: Any = ""
) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=most,
        required=False,
        validators=[validate_plain_lines],
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows, "lang": language}),
    )


class VersionForm(StrictForm):
    """The text of a version in both languages, and what its change means."""

    demanded_at_times = (  # before it is published
        *("title_en", "title_fr", "summary_en", "summary_fr", "body_en", "body_fr"),
        *("material", "effective_on"),
    )
    title_en = _title(_("Title in English"), "en")
    title_fr = _title(_("Title in French"), "fr")
    summary_en = _text(
        _("Summary of the changes, in English"),
        "en",
        rows=4,
        most=2000,
        help_text=_("Everybody gets it by email. Say in a few sentences what changes for them."),
    )
    summary_fr = _text(_("Summary of the changes, in French"), "fr", rows=4, most=2000)
    body_en = _text(
        _("Text in English"),
        "en",
        rows=18,
        most=MOST_TEXT,
        help_text=_(
            "Markdown: **bold**, *italic*, # heading, - list, [label](https://…). An empty line"
            " begins a paragraph. HTML and images are not allowed."
        ),
    )
    body_fr = _text(_("Text in French"), "fr", rows=18, most=MOST_TEXT)
    material = forms.ChoiceField(
        label=_("Is this a material change?"),
        choices=[
            ("yes", _("Yes: everybody is told by email, and answers again")),
            ("no", _("No: nobody is told or asked, for example about a typing error")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    effective_on = forms.DateField(
        label=_("Takes effect on"),
        required=False,
        help_text=_("At the beginning of this day."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def values(self) -> dict[str, Any]:
        """Return the fields of the version, for the service."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        day = values.pop("effective_on")
        zone = timezone.get_default_timezone()
        values["effective_at"] = datetime.combine(day, time.min, zone) if day else None
        values["material"] = MATERIAL[values["material"]]
        return values


class NewPolicyForm(VersionForm):
    """A policy, and the draft of its first version."""

    slug = forms.SlugField(
        label=_("Short name"),
        max_length=40,
        help_text=_("Part of its public address: lower-case letters, digits and hyphens."),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            (PolicyKind.AGREEMENT, _("Agreement: people accept it or decline")),
            (PolicyKind.NOTICE, _("Notice: people acknowledge that they know it")),
        ],
        widget=forms.RadioSelect,
    )
    asked_of = forms.ChoiceField(
        label=_("Answered by"), choices=AskedOf.choices, widget=forms.RadioSelect
    )
    field_order = ["slug", "kind", "asked_of"]


class EditVersionForm(EditForm, VersionForm):
    """A draft that exists."""

    field_names = {"effective_at": "effective_on"}

    @classmethod
    def initial_of(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the initial values of the fields for a draft."""
        initial = dict(values)
        moment = initial.pop("effective_at")
        zone = timezone.get_default_timezone()
        initial["effective_on"] = timezone.localtime(moment, zone).date() if moment else None
        initial["material"] = next(
            key for key, value in MATERIAL.items() if value is initial["material"]
        )
        return initial

    def values(self) -> dict[str, Any]:
        """Return the fields of the version, for the service."""
        return VersionForm.values(self)


class PublishForm(VersionedForm):
    """The last step before a text is fixed for good."""

    final = forms.BooleanField(
        label=_("The text is final"),
        help_text=_("Nobody can change or delete a published version, not even an operator."),
    )


def _reason(label: Any, language: str, *, help_text: Any = "", required: bool = False) -> Any:
    return forms.CharField(
        label=label,
        max_length=1000,
        required=required,
        validators=[validate_plain_lines],
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 2, "lang": language}),
    )


class AnnounceForm(StrictForm):
    """Telling everybody: the reasons that some announcements need."""

    demanded_at_times = ("early_reason_en", "early_reason_fr", "alone_reason")
    early_reason_en = _reason(_("Why with less notice, in English"), "en")
    early_reason_fr = _reason(_("Why with less notice, in French"), "fr")
    alone_reason = forms.CharField(
        label=_("Why you announce it alone"),
        max_length=1000,
        required=False,
        validators=[validate_plain_lines],
        help_text=_("Usually, a colleague who didn't write the text announces it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, early: bool, alone: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not early:
            del self.fields["early_reason_en"], self.fields["early_reason_fr"]
        if not alone:
            del self.fields["alone_reason"]


class WithdrawForm(StrictForm):
    """Withdrawing a version, with the reason that people read."""

    reason_en = _reason(_("Why, in English"), "en", required=True)
    reason_fr = _reason(_("Why, in French"), "fr", required=True)
