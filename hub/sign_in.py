"""The forms of the sign-in and of second factors, and how factors work, as allauth reads them."""

from typing import Any

from hub.environment import has_name

ACCOUNT_FORMS = {
    "add_email": "accounts.forms.sign_in.AddressForm",
    "login": "accounts.forms.sign_in.SignInForm",
    "reset_password": "accounts.forms.sign_in.ResetForm",
}
MFA_FORMS = {
    "authenticate": "accounts.forms.sign_in.CodeForm",
    "reauthenticate": "accounts.forms.sign_in.CodeAgainForm",
    "activate_totp": "accounts.forms.factors.SetUpAppForm",
    "deactivate_totp": "accounts.forms.factors.RemoveFactorForm",
    "add_webauthn": "accounts.forms.factors.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.factors.RenamePasskeyForm",
    "login_webauthn": "accounts.forms.factors.SignInPasskeyForm",
    "authenticate_webauthn": "accounts.forms.factors.PasskeyForm",
    "reauthenticate_webauthn": "accounts.forms.factors.PasskeyAgainForm",
}
MFA_ADAPTER = "accounts.adapters.FactorAdapter"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # so that a passkey stands for both factors
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1  # periods of 30 seconds; clocks of phones differ
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an address change that waits ends with a change of factors
# An office shares one address, and nobody can guess a passkey.
MFA_RATE_LIMITS: Any = {"webauthn_login": "60/m/ip"}


def supported_factors(host: str) -> list[str]:
    """Return the types of factors on a host: browsers refuse passkeys for an IP address."""
    types = ["totp", "recovery_codes"]
    return [*types, "webauthn"] if has_name(host) else types
