"""What people ask of their Super User, and what these answer."""

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
    """Why; for some kinds, that is all there is to say."""

    text = LinesField(
        label=_("Why"),
        required=False,
        max_length=TEXT_LENGTH,
        help_text=_("One or two sentences. Your Super User reads them."),
    )

    def wanted(self) -> dict[str, str]:
        """The new value asked for, by its field."""
        return {name: value for name, value in self.cleaned_data.items() if name != "text"}


class NameForm(AskForm):
    """Another name at work."""

    work_name = LineField(label=_("Name at work"), max_length=NAME_LENGTH)
    field_order = ["work_name", "text"]


class PhoneForm(AskForm):
    """Another phone at work."""

    work_phone = LineField(
        label=_("Phone at work"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    field_order = ["work_phone", "text"]


class AddressForm(AskForm):
    """Another e-mail address; whether it is one, the service says."""

    address = forms.CharField(
        label=_("New e-mail address"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["address", "text"]


class OtherForm(AskForm):
    """Anything else, in words."""

    text = LinesField(
        label=_("What do you need?"),
        max_length=TEXT_LENGTH,
        help_text=_("One or two sentences. Your Super User reads them."),
    )


# kind → its form; access has one where the rights are (portals).
ASK_FORMS: dict[str, type[AskForm]] = {
    RequestKind.NAME: NameForm,
    RequestKind.PHONE: PhoneForm,
    RequestKind.ADDRESS: AddressForm,
    RequestKind.LEAVE: AskForm,
    RequestKind.OTHER: OtherForm,
}


class AnswerForm(StrictForm):
    """A yes, with a word if one likes."""

    answer = LinesField(
        label=_("A word to go with it"),
        required=False,
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class RefuseForm(StrictForm):
    """A no, and why."""

    reason = LinesField(
        label=_("Reason"),
        max_length=TEXT_LENGTH,
        help_text=_("The person reads it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
