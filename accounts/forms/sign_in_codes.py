"""The forms of the sign-in by an emailed code."""

from uuid import UUID

from django import forms
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.forms.strict import LineField
from accounts.http import count_email
from accounts.services.sign_in_codes import make_sign_in_code
from accounts.tasks import send_sign_in_code
from accounts.validators import ADDRESS_LENGTH, normalise_address


class SignInCodeForm(forms.Form):
    """The address of somebody who wants a code.

    The request does the same for every address, known or not (as ResetForm).
    """

    email = LineField(
        label=_("Email"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self) -> str:
        """Return the address in the form that the hub stores; nobody is looked up."""
        return normalise_address(self.cleaned_data["email"])

    def save(self, request: HttpRequest) -> UUID:
        """Make a code and queue its email, unless enough of them went to this address."""
        address: str = self.cleaned_data["email"]
        is_sent = count_email(request, "code", address)
        code_row, sealed = make_sign_in_code(actor=None, address=address, is_sent=is_sent)
        if is_sent:
            send_sign_in_code.enqueue(address, get_language() or "en", sealed)
        return code_row


class EnterCodeForm(forms.Form):
    """The code from the email."""

    code = LineField(
        label=_("Code from the email"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}
        ),
    )
