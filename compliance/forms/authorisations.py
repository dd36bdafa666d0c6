"""Forms about authorisations on file."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import LineField, StrictForm
from accounts.forms.offboarding import LastDayField
from accounts.timezones import in_current_zone
from accounts.validators import NAME_LENGTH
from compliance.choices.authorisations import ManagedAct


class AuthorisationForm(StrictForm):
    """The profile, what the provider may do with it, and until when."""

    platform = LineField(
        label=_("Platform"), max_length=NAME_LENGTH, help_text=_("For example the network's name.")
    )
    profile = LineField(
        label=_("Profile"), max_length=NAME_LENGTH, help_text=_("Its name there. Never a password.")
    )
    may = forms.MultipleChoiceField(
        label=_("The provider may"),
        choices=ManagedAct.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    until = LastDayField(
        label=_("Last day"), help_text=in_current_zone(_("Up to two years from today."))
    )


class GiveForm(StrictForm):
    """The text that the representative read, by its hash."""

    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
