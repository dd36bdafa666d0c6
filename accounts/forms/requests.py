"""Requests to a Super User, and the answers."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import RequestKind
from accounts.forms.strict import LineField, StrictForm
from accounts.models.requests import TEXT_LENGTH
from accounts.validators import ADDRESS_LENGTH, NAME_LENGTH, validate_plain_lines


class LinesField(forms.CharField):
    """A few lines of plain text."""

    widget = forms.Textarea(attrs={"rows": 3})
    default_validators = [validate_plain_lines]


class AskForm(StrictForm):
    """The reason for a request; some kinds have nothing else."""

    text = LinesField(
        label=_("Reason"),
        required=False,
        max_length=TEXT_LENGTH,
        help_text=_("One or two sentences for your Super User."),
    )

    def new_values(self) -> dict[str, str]:
        """Return the requested new value under the name of its field."""
        return {name: value for name, value in self.cleaned_data.items() if name != "text"}


class NameForm(AskForm):
    """A request for another name at work."""

    work_name = LineField(label=_("Work name"), max_length=NAME_LENGTH)
    field_order = ["work_name", "text"]


class PhoneForm(AskForm):
    """A request for another phone number at work."""

    work_phone = LineField(
        label=_("Work phone"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    field_order = ["work_phone", "text"]


class AddressForm(AskForm):
    """A request for another email address; the service checks it."""

    address = forms.CharField(
        label=_("New email address"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["address", "text"]


class OtherForm(AskForm):
    """A request for anything else, in words."""

    text = LinesField(
        label=_("What do you need?"),
        max_length=TEXT_LENGTH,
        help_text=_("One or two sentences for your Super User."),
    )


# Kind of request → form. The form for access is in portals, as grants are.
ASK_FORMS: dict[str, type[AskForm]] = {
    RequestKind.NAME: NameForm,
    RequestKind.PHONE: PhoneForm,
    RequestKind.ADDRESS: AddressForm,
    RequestKind.LEAVE: AskForm,
    RequestKind.OTHER: OtherForm,
}


class AnswerForm(StrictForm):
    """An approval, with an optional note."""

    answer = LinesField(
        label=_("Message"),
        required=False,
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class RefuseForm(StrictForm):
    """A refusal with its reason."""

    reason = LinesField(
        label=_("Reason"),
        max_length=TEXT_LENGTH,
        help_text=_("The person who asked will read it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
