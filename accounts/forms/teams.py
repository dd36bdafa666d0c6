"""What a team is called, and who goes into which."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.strict import LineField, StrictForm

TEAM_NAME_LENGTH = 100


class TeamForm(StrictForm):
    """The name of a team."""

    name = LineField(
        label=_("Team name"),
        max_length=TEAM_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ChoosePersonForm(StrictForm):
    """One person of the company, chosen on a team's page."""

    person = forms.UUIDField(error_messages={"required": _("Choose a person.")})


class ChooseTeamForm(StrictForm):
    """One team of the company, chosen on a person's page."""

    team = forms.UUIDField(error_messages={"required": _("Choose a team.")})
