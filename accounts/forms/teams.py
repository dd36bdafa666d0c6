"""What a team is called, and who goes into which."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.forms.strict import LineField, StrictForm
from accounts.models import Team
from accounts.validators import search_key

TEAM_NAME_LENGTH = 100
LISTED = 200  # teams a plain select still serves; where there are more, the name is typed
NAMED = 5  # teams that a typed beginning could mean, in its refusal


class TeamField(LineField):
    """One of these teams: chosen from a list, or typed where a list would be too long.

    Its value is a team's public id, or the beginning of a name that only one team has.
    """

    default_error_messages = {
        "required": _("Choose a team."),
        "invalid_choice": _("Choose one of the teams."),
        "unknown": _("There is no team whose name begins like this."),
        "several": _("Several teams begin like this: %(names)s."),
    }

    def __init__(self, *, teams: QuerySet[Team], nothing: Any, **kwargs: Any) -> None:
        self.teams = teams
        listed = list(teams[: LISTED + 1])
        self.is_typed = len(listed) > LISTED
        widget: forms.Widget = forms.Select(
            choices=[("", nothing), *((self.key_of(team), str(team)) for team in listed)]
        )
        if self.is_typed:
            widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
            kwargs["help_text"] = _("Type the beginning of its name.")
        super().__init__(max_length=TEAM_NAME_LENGTH, widget=widget, **kwargs)

    def key_of(self, team: Team) -> str:
        """The team as this field's value."""
        return team.name if self.is_typed else str(team.uuid)

    def clean(self, value: Any) -> Team | None:
        """Raises ValidationError for what is no team here, or could be several."""
        text: str = super().clean(value)
        if not text:
            return None
        try:
            team = self.teams.filter(uuid=UUID(text)).first()
        except ValueError:
            team = None
        if team is None and not self.is_typed:
            raise forms.ValidationError(
                self.error_messages["invalid_choice"], code="invalid_choice"
            )
        return team or self._named(search_key(text))

    def _named(self, beginning: str) -> Team:
        found = [team for team in self.teams if search_key(team.name).startswith(beginning)]
        whole = [team for team in found if search_key(team.name) == beginning]
        if not found:
            raise forms.ValidationError(self.error_messages["unknown"], code="unknown")
        if len(found) > 1 and len(whole) != 1:
            names = [str(team) for team in found[:NAMED]] + ["…"] * (len(found) > NAMED)
            raise forms.ValidationError(
                self.error_messages["several"],
                code="several",
                params={"names": ", ".join(names)},
            )
        return (whole or found)[0]


class TeamForm(StrictForm):
    """The name of a team."""

    name = LineField(
        label=_("Team name"),
        max_length=TEAM_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class JoiningForm(StrictForm):
    """Why somebody joins a team; one that holds a sensitive right wants to know."""

    reason = LineField(
        label=_("Reason"),
        max_length=500,
        required=False,
        help_text=_("Needed when the team holds a sensitive right."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ChoosePersonForm(JoiningForm):
    """One person of the company, chosen on a team's page."""

    person = forms.UUIDField(error_messages={"required": _("Choose a person.")})


class ChooseTeamForm(JoiningForm):
    """One team of the company, chosen on a person's page."""

    field_order = ["team", "reason"]

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"] = TeamField(
            label=_("Add to a team"), teams=teams, nothing=_("Choose a team")
        )
        self.order_fields(self.field_order)
