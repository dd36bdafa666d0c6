"""An answer to a version: on our pages, or as staff record it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import Language
from accounts.forms import LineField, StrictForm
from accounts.models import Customer, User
from accounts.validators import ADDRESS_LENGTH, normalise_address
from compliance.choices import ANSWERS, RECORDED_WAYS, AskedOf, PolicyKind, Verb
from compliance.forms.breaches import customer_called, customer_field, day_field
from compliance.models import Policy
from compliance.models.answers import REFERENCE_LENGTH


class AnswerForm(StrictForm):
    """The hidden facts of the text that was shown, and the button that was pressed."""

    policy = forms.SlugField(max_length=40, widget=forms.HiddenInput)
    number = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
    customer = forms.SlugField(required=False, widget=forms.HiddenInput)
    sha256 = forms.RegexField("^[0-9a-f]{64}$", widget=forms.HiddenInput)
    language = forms.ChoiceField(choices=Language.choices, widget=forms.HiddenInput)
    next = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    verb = forms.ChoiceField(choices=Verb.choices, widget=forms.HiddenInput)

    def facts(self) -> dict[str, Any]:
        """Return what the service takes of a valid form."""
        return {name: self.cleaned_data[name] for name in ("sha256", "language", "verb")}


class RecordAnswerForm(StrictForm):
    """An answer that came on paper or by email, as staff record it."""

    customer = customer_field()
    person = forms.CharField(
        label=gettext_lazy("Email address of the person who answered"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput,
    )
    verb = forms.ChoiceField(label=gettext_lazy("Answer"), widget=forms.RadioSelect)
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the text"), choices=Language.choices
    )
    way = forms.ChoiceField(
        label=gettext_lazy("How it came"),
        choices=[(way.value, way.label) for way in RECORDED_WAYS],
        widget=forms.RadioSelect,
    )
    given_on = day_field(gettext_lazy("Day of the answer"))
    reference = LineField(
        label=gettext_lazy("Reference"),
        max_length=REFERENCE_LENGTH,
        help_text=gettext_lazy("Where the paper or email is filed."),
    )

    def __init__(self, *args: Any, policy: Policy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        verbs = ANSWERS[PolicyKind(policy.kind)]
        self.fields["verb"].choices = [(verb.value, verb.label) for verb in verbs]  # type: ignore[attr-defined]
        if policy.asked_of == AskedOf.COMPANY:
            self.fields["customer"].required = True
        else:
            del self.fields["customer"]

    def clean_customer(self) -> Customer | None:
        """Return the company. Raises: ValidationError for an unknown one."""
        return customer_called(self.cleaned_data["customer"])

    def clean_person(self) -> User:
        """Return the person with this address. Raises: ValidationError."""
        person = User.objects.filter(email=normalise_address(self.cleaned_data["person"])).first()
        if person is None:
            raise forms.ValidationError(_("Nobody has an account with this address."))
        return person
