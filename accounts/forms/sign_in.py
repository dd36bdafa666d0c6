"""The forms at the sign-in."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import AddEmailForm, LoginForm, ResetPasswordForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.http import count_email, count_guess
from accounts.models import CompanySignIn
from accounts.selectors.company_sign_in import (
    proven_domains,
    sign_in_for_address,
    sign_in_of_person,
)
from accounts.services.factors import lock_factors, spend_app_code
from accounts.tasks import send_reset_email
from accounts.validators import address_as_stored, normalise_address


class SignInForm(LoginForm):
    """An address and a password; the address may be written as people write it.

    Whoever signs in through their company writes the address alone. `company` is then that
    company's sign-in: the domain decides, so the answer is the same for a right password, a wrong
    one and an address that nobody has.
    """

    company: CompanySignIn | None = None
    demanded_at_times = ("password",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Browsers offer passkeys among the suggestions of this field.
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"
        self.fields["password"].required = False  # asked below, of those who have one

    def clean_login(self) -> str:
        """Return the address in the form that the hub stores (`straße` is `xn--strae-oqa`)."""
        return address_as_stored(super().clean_login())

    def clean(self) -> dict[str, Any]:
        """Check the password, where one signs in with it. Raises ValidationError."""
        if "login" in self.errors:
            return self.cleaned_data
        self.company = sign_in_for_address(self.cleaned_data["login"])
        if not self.cleaned_data.get("password"):
            message = self.fields["password"].error_messages["required"]
            raise ValidationError({"password": message}, code="required")
        cleaned: dict[str, Any] = super().clean()
        return cleaned


class AddressForm(AddEmailForm):
    """The new address of a person; whoever signs in through their company stays at its domains."""

    def clean_email(self) -> str:
        """Return the address. Raises ValidationError for one by which they would sign in here."""
        address: str = super().clean_email()
        own = sign_in_of_person(self.user)
        if own is not None and address.rpartition("@")[2] not in proven_domains(own.customer):
            raise ValidationError(
                _("You sign in through %(company)s. Use an address at one of its domains."),
                code="company_sign_in",
                params={"company": own.customer},
            )
        return address


class ResetForm(ResetPasswordForm):
    """The address of somebody who forgot their password.

    The request does the same for every address, known or not: it queues a job, which looks up who
    that is. So neither the answer nor the time it takes tells who has an account.
    """

    def clean_email(self) -> str:
        """Return the address in the form that the hub stores; nobody is looked up."""
        return normalise_address(self.cleaned_data["email"])

    def save(self, request: HttpRequest, **kwargs: object) -> str:
        """Queue the email, unless enough of them went to this address."""
        address: str = self.cleaned_data["email"]
        if count_email(request, "reset", address):
            send_reset_email.enqueue(address, get_language() or "en")
        return address


class LimitedCodeForm(BaseAuthenticateForm):
    """A second factor's code, which works once; a stranger can't use up its person's tries."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code")
        self.fields["code"].widget.attrs = {"autocomplete": "one-time-code"}

    def clean_code(self) -> str:
        """Return a right code. Raises ValidationError for a wrong one, or one too many."""
        usage = count_guess(context.request, f"code of {self.user.pk}", self.user)
        if usage is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        refusal: ValidationError | None = None
        code = ""
        with transaction.atomic():  # others wait for the lock, and then find the code used
            lock_factors(self.user)
            try:
                code = str(super().clean_code())
            except ValidationError as error:  # raised below: what was counted stays counted
                refusal = error
            else:
                self.authenticator.refresh_from_db()
                self.authenticator.user = self.user
                is_app = self.authenticator.type == Authenticator.Type.TOTP
                if is_app and not spend_app_code(self.authenticator, code):
                    refusal = get_mfa_adapter().validation_error("incorrect_code")
        if refusal is not None:
            raise refusal
        usage.rollback()
        return code


class CodeForm(LimitedCodeForm, AuthenticateForm):
    """The code at the sign-in."""


class CodeAgainForm(LimitedCodeForm, ReauthenticateForm):
    """The code before an act that wants a fresh sign-in."""
