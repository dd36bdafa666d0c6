"""The register: facts, decision on the risk, holds, reports, companies."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms import EditForm, LineField, StrictForm
from accounts.models import Customer
from accounts.validators import validate_plain_lines
from compliance.choices.breaches import BreachRisk, BreachRole, Need
from compliance.choices.report_fields import FIELD_LABELS, REPORT_FIELDS

MOST_TEXT = 10_000  # characters
DATETIME_FORMAT = "%Y-%m-%dT%H:%M"


def text_field(label: Any, *, rows: int = 3, help_text: Any = "", **more: Any) -> forms.CharField:
    """Return a field of several lines."""
    attrs = more.pop("attrs", {})
    return forms.CharField(
        label=label,
        max_length=MOST_TEXT,
        validators=[validate_plain_lines],
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows, **attrs}),
        **more,
    )


def day_field(label: Any, **more: Any) -> forms.DateField:
    """Return a field for a day."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, **more)


def moment_field(label: Any, **more: Any) -> forms.DateTimeField:
    """Return a field for a day with its time, in the reader's time zone."""
    return forms.DateTimeField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=DATETIME_FORMAT),
        input_formats=[DATETIME_FORMAT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        **more,
    )


def customer_field() -> LineField:
    """Return a field for the short name of a company."""
    return LineField(
        label=_("Company (short name)"),
        max_length=50,
        required=False,
        help_text=_("As in the address of its pages."),
    )


def customer_called(slug: str) -> Customer | None:
    """Return the company with a short name; None for no name. Raises: ValidationError."""
    if not slug:
        return None
    customer = Customer.objects.filter(slug=slug.lower()).first()
    if customer is None:
        raise ValidationError(_("No company has this short name."))
    return customer


class FactsForm(StrictForm):
    """The facts of a breach, as far as they are known."""

    role = forms.ChoiceField(
        label=_("Whose data is it?"), choices=BreachRole.choices, widget=forms.RadioSelect
    )
    aware_at = moment_field(
        _("When did we become aware?"), help_text=_("The clocks of the laws start at this time.")
    )
    first_day = day_field(_("First day of the breach"), required=False)
    last_day = day_field(_("Last day of the breach"), required=False)
    approximate = forms.BooleanField(label=_("These days are approximate"), required=False)
    circumstances = text_field(_("Circumstances"), required=False)
    cause = text_field(_("Cause"), required=False)
    items = text_field(
        _("Personal information concerned"),
        required=False,
        help_text=_("If it isn't known, say why."),
    )

    def values(self) -> dict[str, Any]:
        """Return the facts, for the service."""
        left_out = ("version", "exercise")
        return {name: value for name, value in self.cleaned_data.items() if name not in left_out}


class NewBreachForm(FactsForm):
    """A breach to note, or an exercise."""

    exercise = forms.BooleanField(
        label=_("This is an exercise"),
        required=False,
        help_text=_("An exercise reaches staff only, and no regulator or company."),
    )


class EditBreachForm(EditForm, FactsForm):
    """The facts of a breach that is noted."""


class AssessForm(StrictForm):
    """The decision on the risk of significant harm."""

    risk = forms.ChoiceField(
        label=_("Is there a real risk of significant harm?"),
        choices=[
            (BreachRisk.REAL, _("Yes: people and regulators are told")),
            (BreachRisk.NONE, _("No: the record is kept")),
        ],
        widget=forms.RadioSelect,
    )
    sensitivity = text_field(_("How sensitive is the information?"))
    probability = text_field(_("How probable is its misuse?"))
    reasons = text_field(_("Reasons for the decision"))


class HoldForm(StrictForm):
    """The demand of an authority that people are not told yet."""

    authority = LineField(label=_("Authority"), max_length=200)
    officer = LineField(label=_("Officer"), max_length=200)
    legal_reference = LineField(label=_("File number or order"), max_length=200)
    reason = text_field(_("Why the notice has to wait"))
    until = moment_field(
        _("Until"), help_text=_("At most 30 days. The hold ends by itself at this time.")
    )


class DecideReportForm(StrictForm):
    """Whether a regulator has to be told."""

    needed = forms.ChoiceField(
        label=_("Is a report needed?"),
        choices=[(Need.NEEDED, _("Yes")), (Need.NOT_NEEDED, _("No"))],
        widget=forms.RadioSelect,
    )
    why = text_field(_("Why"))


class FileReportForm(StrictForm):
    """A report as it was sent, in the fields of its regulator."""

    demanded_at_times = ("late_reason",)
    sent_at = moment_field(_("Sent"))
    reference = LineField(label=_("Number at the regulator"), max_length=100, required=False)
    late_reason = text_field(_("Why it is late"), rows=2, required=False)

    def __init__(self, *args: Any, regulator: str, supplement: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._names = REPORT_FIELDS[regulator]
        own = {
            name: text_field(FIELD_LABELS[name], rows=2, required=not supplement)
            for name in self._names
        }
        if supplement:
            del self.fields["late_reason"]
        self.fields = {**own, **self.fields}

    def values(self) -> dict[str, Any]:
        """Return what was reported and when, for the service."""
        cleaned = dict(self.cleaned_data)
        contents = {name: cleaned.pop(name) for name in self._names}
        return {"contents": contents, **cleaned}


class CompanyNoticeForm(StrictForm):
    """The notice to a company whose data we process."""

    customer = customer_field()
    body_en = text_field(
        _("Text in English"), rows=8, help_text=_("Name no other company."), attrs={"lang": "en"}
    )
    body_fr = text_field(_("Text in French"), rows=8, attrs={"lang": "fr"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].required = True

    def clean_customer(self) -> Customer | None:
        """Return the company. Raises: ValidationError for an unknown one."""
        return customer_called(self.cleaned_data["customer"])
