"""The forms of a company's own sign-in and its email domains."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import DomainMailbox
from accounts.forms.strict import LineField, StrictForm
from accounts.services.company_sign_in.connecting import CLIENT_ID_LENGTH, SECRET_LENGTH
from accounts.validators import ADDRESS_LENGTH

_OFF = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ClientForm(StrictForm):
    """The client that the hub is at the provider."""

    client_id = LineField(
        label=_("Client ID"), max_length=CLIENT_ID_LENGTH, widget=forms.TextInput(attrs=_OFF)
    )
    client_secret = LineField(
        label=_("Client secret"),
        max_length=SECRET_LENGTH,
        help_text=_("We keep it encrypted and never show it again."),
        widget=forms.PasswordInput(attrs={**_OFF, "autocomplete": "new-password"}),
    )
    strong_acr = forms.CharField(
        label=_("acr values for a second factor"),
        required=False,
        max_length=1100,
        help_text=_("One per line. Most companies leave this empty, because we also read amr."),
        widget=forms.Textarea(attrs={**_OFF, "rows": 2}),
    )

    def values(self) -> dict[str, object]:
        """Return what the services take."""
        cleaned = self.cleaned_data
        return {**cleaned, "strong_acr": cleaned["strong_acr"].splitlines()}


class ConnectForm(ClientForm):
    """The address of a provider, and the client there."""

    issuer = LineField(
        label=_("Discovery address"),
        max_length=600,
        help_text=_(
            "The issuer's address (https://…), or the address that ends in openid-configuration."
        ),
        widget=forms.URLInput(attrs=_OFF),
    )
    field_order = ["issuer", "client_id", "client_secret", "strong_acr"]

    def values(self) -> dict[str, object]:
        """Return what the services take; the provider itself is asked first."""
        values = super().values()
        del values["issuer"]
        return values


class DomainForm(StrictForm):
    """An email domain."""

    domain = LineField(
        label=_("Email domain"),
        max_length=ADDRESS_LENGTH,
        help_text=_("The part after @ in your members' addresses."),
        widget=forms.TextInput(attrs=_OFF),
    )


class MailboxForm(StrictForm):
    """The mailbox of a domain to which a link is sent."""

    mailbox = forms.ChoiceField(label=_("Mailbox"), choices=DomainMailbox.choices)


class UnlinkForm(StrictForm):
    """The address of a person whose account at the provider was made anew."""

    address = LineField(
        label=_("Their email address"),
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
