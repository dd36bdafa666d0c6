"""Asking about personal data without an account, and the answer of staff."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language
from accounts.choices.erasures import NAMED_GROUNDS
from accounts.forms import StrictForm, VersionedForm
from accounts.forms.strict import LineField
from accounts.forms.time_zones import TimeZoneField
from accounts.validators import ADDRESS_LENGTH, NAME_LENGTH, normalise_address
from compliance.choices.privacy_requests import (
    ENTERED_SOURCES,
    PrivacyLaw,
    PrivacyRequestKind,
    PrivacyRequestState,
)
from compliance.models.notes import NOTE_LENGTH
from compliance.models.privacy_requests import ANSWER_LENGTH, LONGEST_EXTENSION, REASON_LENGTH
from compliance.registry import item_choices


class PrivacyRequestForm(StrictForm):
    """The request, and the address that has to prove it."""

    kind = forms.ChoiceField(
        label=_("What do you ask for?"),
        choices=PrivacyRequestKind.choices,
        widget=forms.RadioSelect,
    )
    address = forms.CharField(
        label=_("Your email address"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    language = forms.ChoiceField(label=_("Language of the email"), choices=Language.choices)

    def clean_address(self) -> str:
        """Return the address as the hub stores it. Raises: ValidationError for no address."""
        return normalise_address(self.cleaned_data["address"])


class EnterRequestForm(PrivacyRequestForm):
    """A request that came by phone, email or post."""

    field_order = ["kind", "source", "received_on", "law", "address", "language", "details"]

    source = forms.ChoiceField(
        label=_("Received by"),
        choices=[(source.value, source.label) for source in ENTERED_SOURCES],
    )
    received_on = forms.DateField(
        label=_("Day it was received"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The time to answer runs from this day, whenever you enter it."),
    )
    law = forms.ChoiceField(label=_("Law"), choices=PrivacyLaw.choices)
    details = LineField(label=_("In the person's words"), required=False, max_length=ANSWER_LENGTH)


class SettleForm(StrictForm):
    """The answer to a request."""

    demanded_at_times = ("answer", "ground", "kept_items", "kept_until")
    outcome = forms.ChoiceField(
        label=_("Result"),
        choices=[
            (state.value, state.label)
            for state in PrivacyRequestState
            if state != PrivacyRequestState.OPEN
        ],
        widget=forms.RadioSelect,
    )
    answer = LineField(
        label=_("Answer"),
        required=False,
        max_length=ANSWER_LENGTH,
        help_text=_("The person reads it in an email. A refusal needs the reason."),
    )
    ground = forms.ChoiceField(
        label=_("Ground, for a refusal or an answer in part"),
        required=False,
        choices=[("", _("None")), *((each.value, each.label) for each in NAMED_GROUNDS)],
    )
    kept_items = forms.MultipleChoiceField(
        label=_("Data that is refused or kept"),
        required=False,
        choices=item_choices,
        widget=forms.CheckboxSelectMultiple,
    )
    kept_until = forms.DateField(
        label=_("Kept until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Somebody can complain for six months. Keep what they asked for until then."),
    )


class ExtendForm(StrictForm):
    """More time to answer, once."""

    days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=LONGEST_EXTENSION, initial=LONGEST_EXTENSION
    )
    reason = LineField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        help_text=_("The person reads it in an email."),
    )


class CorrectForm(VersionedForm):
    """The data of an account as the person wants it."""

    name = LineField(label=_("Name"), max_length=NAME_LENGTH)
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    time_zone = TimeZoneField()

    def values(self) -> dict[str, Any]:
        """Return the values of a valid form, for the service."""
        return {name: self.cleaned_data[name] for name in ("name", "language", "time_zone")}


class NoteForm(StrictForm):
    """A person's words beside data that is not corrected."""

    item = forms.ChoiceField(label=_("Data"), choices=item_choices)
    text = LineField(
        label=_("Note"),
        max_length=NOTE_LENGTH,
        help_text=_("The person sees it beside the data, and so does whoever gets a copy."),
    )
