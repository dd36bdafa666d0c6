"""The forms of passkeys, the authenticator app and the recovery codes."""

from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm, DeactivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from fido2.utils import websafe_encode

from accounts.forms.strict import LineField
from accounts.http import count_guess
from accounts.permissions import refuse_last_factor
from accounts.selectors.factors import second_factors
from accounts.services.factors import lock_factors, rename_passkey, spend_passkey_answer

PASSKEY_NAME_LENGTH = 60
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)  # what fido2 raises for nonsense


def _name_field() -> forms.CharField:
    return LineField(
        label=_("Name of this passkey"),
        max_length=PASSKEY_NAME_LENGTH,
        required=False,
        help_text=_("For example “Work laptop”."),
    )


def _require_our_origin(client_data: Any) -> None:
    """Raise ValidationError unless the hub's own page asked the passkey.

    The passkey of a domain also answers pages of its subdomains, where portals are.
    """
    base = urlsplit(settings.HUB_BASE_URL)
    if client_data.origin != f"{base.scheme}://{base.netloc}":
        raise get_adapter().validation_error("incorrect_code")


class AddPasskeyForm(AddWebAuthnForm):
    """A new passkey; each is one that signs in alone."""

    passwordless = None  # allauth's checkbox
    name = _name_field()

    def clean(self) -> dict[str, Any]:
        """Check the browser's answer. Raises ValidationError for any other."""
        credential = self.cleaned_data.get("credential")
        if credential is None:
            raise ValidationError(_("Your browser didn't create a passkey. Try again."))
        try:
            response = auth.parse_registration_response(credential)
            _require_our_origin(response.response.client_data)
            cleaned: dict[str, Any] = super().clean()
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error
        return cleaned


class RenamePasskeyForm(EditWebAuthnForm):
    """A passkey's name."""

    name = _name_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True

    def save(self) -> Authenticator:
        """Give it this name."""
        factor: Authenticator = self.instance
        rename_passkey(actor=factor.user, factor=factor, name=self.cleaned_data["name"])
        return factor


class RemoveFactorForm(DeactivateTOTPForm):
    """The removal of a passkey or an app."""

    def clean(self) -> dict[str, Any]:
        """Refuse it for the last one, where somebody demands a second factor."""
        factor = self.authenticator
        others = second_factors().filter(user_id=factor.user_id).exclude(pk=factor.pk)
        refuse_last_factor(factor.user, others.count())
        return super().clean() or {}


class PasskeyForm(AuthenticateWebAuthnForm):
    """A passkey's answer, which works once: at the sign-in of somebody whose password was right."""

    def clean_credential(self) -> Authenticator:
        """Return the passkey that answered. Raises ValidationError for a wrong or a used answer."""
        try:
            response = auth.parse_authentication_response(self.cleaned_data["credential"]).response
            _require_our_origin(response.client_data)
            factor: Authenticator = super().clean_credential()
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error
        with transaction.atomic():
            locked = {row.pk: row for row in lock_factors(factor.user)}
            is_first = factor.pk in locked and spend_passkey_answer(
                locked[factor.pk],
                challenge=websafe_encode(response.client_data.challenge),
                counter=response.authenticator_data.counter,
            )
        if not is_first:
            raise get_adapter().validation_error("incorrect_code")
        return factor


class PasskeyAgainForm(PasskeyForm):
    """A passkey's answer before an act that wants a fresh sign-in."""

    reauthenticated = True


class SignInPasskeyForm(PasskeyForm, LoginWebAuthnForm):
    """A passkey's answer that signs in alone."""

    passwordless = True


class SetUpAppForm(ActivateTOTPForm):
    """The first code of an authenticator app; until then its key waits in the session, encrypted.

    A new key comes with each new page, so whoever guesses gets five tries by our own limits.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        session, adapter = context.request.session, get_adapter()
        if sealed := session.get(SECRET_SESSION_KEY):
            session[SECRET_SESSION_KEY] = adapter.decrypt(sealed)
        super().__init__(*args, **kwargs)
        session[SECRET_SESSION_KEY] = adapter.encrypt(self.secret)
        self.fields["code"].label = _("Code from the app")
        self.fields["code"].widget.attrs = {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
        }

    def clean_code(self) -> str:
        """Return a right code. Raises ValidationError for a wrong one, or one too many."""
        usage = count_guess(context.request, f"set-up of {self.user.pk}", self.user)
        if usage is None:
            raise get_adapter().validation_error("incorrect_code")
        code = str(super().clean_code())
        usage.rollback()
        return code
