"""Data of people: what they enter themselves, and what their company enters."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language, Role
from accounts.forms.edit import EditForm
from accounts.forms.strict import LineField, StrictForm
from accounts.forms.time_zones import TimeZoneField
from accounts.validators import NAME_LENGTH

PASSWORD_LENGTH = 256


class AcceptForm(StrictForm):
    """The second step of an invitation, for someone without an account."""

    name = LineField(
        label=_("Your name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Choose a password"),
        max_length=PASSWORD_LENGTH,
        strip=False,
        help_text=_("At least 12 characters. Three or four unrelated words are easy to remember."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class ProfileForm(EditForm):
    """A person's own name, language, time zone and search shortcut."""

    name = LineField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=_("Language"),
        choices=Language.choices,
        help_text=_("For these pages and your emails."),
    )
    time_zone = TimeZoneField(
        help_text=_("For your own pages and emails. A company's pages use its time zone."),
    )
    search_shortcut = forms.BooleanField(
        label=_("Press / to search"),
        required=False,
        help_text=_("Turn it off if you dictate or press keys by accident. Ctrl K always works."),
    )


class WorkDetailsForm(EditForm):
    """The name and phone number a company has for a person."""

    work_name = LineField(label=_("Work name"), max_length=NAME_LENGTH)
    work_phone = LineField(
        label=_("Work phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )


class RoleForm(StrictForm):
    """The new role of a person."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
