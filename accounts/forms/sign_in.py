"""The forms at the sign-in."""

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm, ResetPasswordForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from django.http import HttpRequest
from django.utils.translation import get_language

from accounts.http import count_email, count_guess
from accounts.tasks import send_reset_email
from accounts.validators import address_as_stored, normalise_address


class SignInForm(LoginForm):
    """An address and a password; the address may be written as people write it."""

    def clean_login(self) -> str:
        """Return the address in the form that the hub stores (`straße` is `xn--strae-oqa`)."""
        return address_as_stored(super().clean_login())


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
    """A second factor's code; whoever knows the password can't use up its person's tries."""

    def clean_code(self) -> str:
        """Return a right code. Raises ValidationError for a wrong one, or one too many."""
        usage = count_guess(context.request, f"code of {self.user.pk}", self.user)
        if usage is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        code = str(super().clean_code())
        usage.rollback()
        return code


class CodeForm(LimitedCodeForm, AuthenticateForm):
    """The code at the sign-in."""


class CodeAgainForm(LimitedCodeForm, ReauthenticateForm):
    """The code before an act that wants a fresh sign-in."""
