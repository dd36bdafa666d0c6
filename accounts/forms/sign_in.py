"""The form at the sign-in."""

from allauth.account.forms import LoginForm

from accounts.validators import address_as_stored


class SignInForm(LoginForm):
    """An address and a password; the address may be written as people write it."""

    def clean_login(self) -> str:
        """Return the address in the form that the hub stores (`straße` is `xn--strae-oqa`)."""
        return address_as_stored(super().clean_login())
