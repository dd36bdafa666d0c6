"""The notice about a breach: who is affected, its six parts, release, letters, ends."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from accounts.choices import Language
from accounts.forms import EditForm, LineField, StrictForm, VersionedForm
from accounts.forms.rows import RowField
from accounts.models import Customer
from accounts.validators import (
    ADDRESS_LENGTH,
    NAME_LENGTH,
    normalise_address,
    validate_plain_lines,
)
from compliance.choices.breaches import Ground, Outcome
from compliance.forms.breaches import customer_called, customer_field, day_field, text_field
from compliance.models import Wave
from compliance.models.affected import POST_LENGTH
from compliance.selectors.affected import Filter
from portals.models import Portal

MOST_IMPORTED = 2_000_000  # characters of a list of addresses


class OutcomeForm(forms.Form):
    """The people whose notice has one status; all without any."""

    outcome = forms.ChoiceField(
        label=_("Status"),
        choices=[("", pgettext_lazy("outcomes", "All")), *Outcome.choices],
        required=False,
    )
    notice = forms.IntegerField(
        required=False, min_value=1, max_value=10**6, widget=forms.HiddenInput
    )

    @property
    def shown(self) -> str:
        """The status to show; empty for all, and for what is none."""
        return str(self.cleaned_data["outcome"]) if self.is_valid() else ""

    @property
    def number(self) -> int | None:
        """The number of the correction whose people are shown; None for the first notices."""
        return self.cleaned_data["notice"] if self.is_valid() else None


def _why() -> LineField:
    return LineField(
        label=_("Why they are affected"),
        max_length=300,
        required=False,
        help_text=_("Only staff who see the register read it."),
    )


def _confirm() -> forms.BooleanField:
    return forms.BooleanField(required=False, widget=forms.HiddenInput)


def _language() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Language of new addresses"), choices=Language.choices, initial=Language.ENGLISH
    )


class AddByFilterForm(StrictForm):
    """The filter of affected people."""

    everybody = forms.BooleanField(label=_("Everybody, with or without an account"), required=False)
    customer = customer_field()
    portal = RowField(label=_("Portal"), queryset=Portal.objects.order_by("slug"), required=False)
    resource = LineField(
        label=_("Resource (its number at the portal)"), max_length=255, required=False
    )
    since = day_field(_("Members from"), required=False)
    until = day_field(_("Members to"), required=False)
    former = forms.BooleanField(label=_("Former members too"), required=False, initial=True)
    why = _why()
    confirm = _confirm()

    def clean_customer(self) -> Customer | None:
        """Return the company. Raises: ValidationError for an unknown one."""
        return customer_called(self.cleaned_data["customer"])

    def clean(self) -> dict[str, Any]:
        """Refuse a time that ends before it begins. Raises: ValidationError."""
        cleaned = super().clean()
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day can't be before the first."))
        return cleaned

    @property
    def wanted(self) -> Filter:
        """The filter of a valid form: whole days, in the provider's time zone."""
        cleaned, zone = self.cleaned_data, timezone.get_default_timezone()
        since, until = cleaned["since"], cleaned["until"]
        return Filter(
            everybody=cleaned["everybody"],
            customer=cleaned["customer"],
            portal=cleaned["portal"],
            resource=cleaned["resource"],
            since=datetime.combine(since, time.min, zone) if since else None,
            until=datetime.combine(until + timedelta(1), time.min, zone) if until else None,
            former=cleaned["former"],
        )


class AddByImportForm(StrictForm):
    """A list of addresses."""

    text = forms.CharField(
        label=_("Email addresses"),
        max_length=MOST_IMPORTED,
        validators=[validate_plain_lines],
        help_text=_("One on each line, or separated by commas or semicolons."),
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    unknown = forms.BooleanField(
        label=_("Tell the addresses that the hub doesn't know too"), required=False, initial=True
    )
    language = _language()
    why = _why()
    confirm = _confirm()


class AddByHandForm(StrictForm):
    """One person: by email address, or an outsider by name and postal address."""

    demanded_at_times = ("address", "name", "post")
    address = forms.CharField(
        label=_("Email address"), max_length=ADDRESS_LENGTH, required=False, widget=forms.EmailInput
    )
    language = _language()
    name = LineField(
        label=_("Or the name of somebody without an email address"),
        max_length=NAME_LENGTH,
        required=False,
    )
    post = forms.CharField(
        label=_("Postal address"),
        max_length=POST_LENGTH,
        required=False,
        validators=[validate_plain_lines],
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    why = _why()

    def clean_address(self) -> str:
        """Return the address as the hub stores it. Raises: ValidationError for no address."""
        address = self.cleaned_data["address"]
        return normalise_address(address) if address else ""


def _part(label: Any, language: str) -> forms.CharField:
    return text_field(label, rows=4, required=False, attrs={"lang": language})


def _correction_label(notice: Wave) -> str:
    text = ngettext(
        "A correction of notice %(number)s, to the %(people)s person whom it told",
        "A correction of notice %(number)s, to the %(people)s people whom it told",
        notice.list_count,
    )
    return text % {"number": notice.number, "people": notice.list_count}


class WaveForm(EditForm):
    """The six parts of the notice, in both languages, and the notice that it corrects."""

    corrects = forms.ChoiceField(
        label=_("Recipients"), required=False, widget=forms.RadioSelect, choices=()
    )
    circumstances_en = _part(_("What happened, in English"), "en")
    circumstances_fr = _part(_("What happened, in French"), "fr")
    period_en = _part(_("When it happened, in English"), "en")
    period_fr = _part(_("When it happened, in French"), "fr")
    items_en = _part(_("What information was involved, in English"), "en")
    items_fr = _part(_("What information was involved, in French"), "fr")
    measures_en = _part(_("What we are doing, in English"), "en")
    measures_fr = _part(_("What we are doing, in French"), "fr")
    advice_en = _part(_("What people can do, in English"), "en")
    advice_fr = _part(_("What people can do, in French"), "fr")
    contact_en = _part(_("Contact, in English"), "en")
    contact_fr = _part(_("Contact, in French"), "fr")

    def __init__(self, *args: Any, notices: Iterable[Wave], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[tuple[str, Any]] = [("", _("Affected people who were not told yet"))]
        choices += [(str(notice.number), _correction_label(notice)) for notice in notices]
        self.fields["corrects"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            del self.fields["corrects"]
        self.demanded_at_times = tuple(self.fields)  # before the release

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """The fields of each part, in English and in French."""
        names = [name for name in self.fields if name.endswith("_en")]
        return [(self[name], self[f"{name.removesuffix('en')}fr"]) for name in names]


class ReleaseForm(VersionedForm):
    """The last step before people are told."""

    demanded_at_times = ("alone_reason",)
    final = forms.BooleanField(
        label=_("The text and the list are final"),
        help_text=_("Nobody can change or stop them after the release; only a hold delays them."),
    )
    alone_reason = text_field(
        _("Why you release it alone"),
        rows=2,
        required=False,
        help_text=_("Usually, a colleague who didn't write the text releases it."),
    )

    def __init__(self, *args: Any, alone: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not alone:
            del self.fields["alone_reason"]


class LetterForm(StrictForm):
    """The address of a letter."""

    name = LineField(label=_("Name"), max_length=NAME_LENGTH)
    post = forms.CharField(
        label=_("Postal address"),
        max_length=POST_LENGTH,
        validators=[validate_plain_lines],
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class DayForm(StrictForm):
    """The day on which a letter was posted or returned."""

    day = day_field(_("Day"))


class EndForm(StrictForm):
    """How the attempts to reach people end."""

    demanded_at_times = ("ground",)
    outcome = forms.ChoiceField(
        label=_("How do the attempts end?"),
        choices=[
            (Outcome.EXHAUSTED, _("Exhausted: every address was tried")),
            (Outcome.INDIRECT, _("Told publicly")),
        ],
        widget=forms.RadioSelect,
    )
    ground = forms.ChoiceField(
        label=_("Ground of a public notice"),
        choices=[("", _("None")), *Ground.choices],
        required=False,
    )
    reason = text_field(_("Attempts to reach them"), rows=2)

    def clean_reason(self) -> str:
        """Return the reason, which the register keeps short. Raises: ValidationError."""
        reason: str = self.cleaned_data["reason"]
        if len(reason) > 500:
            raise forms.ValidationError(_("Use at most 500 characters."))
        return reason
