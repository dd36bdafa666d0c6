"""Naming a team, choosing one, and adding people to it."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.forms.edit import EditForm
from accounts.forms.strict import LineField, StrictForm
from accounts.models import Team
from accounts.search import search_key

TEAM_NAME_LENGTH = 100
MAX_OPTIONS = 200  # teams in a select; where there are more, the name is typed
MAX_MATCHES = 5  # teams that the refusal of an ambiguous name lists


class TeamField(LineField):
    """A team, chosen from a list, or typed where a list would be too long.

    Its value is the team's public id, or the beginning of its name where no other begins like it.
    """

    default_error_messages = {
        "required": _("Choose a team."),
        "invalid_choice": _("Choose one of the teams."),
        "unknown": _("There is no team whose name begins like this."),
        "several": _("Several teams begin like this: %(names)s."),
    }

    def __init__(self, *, teams: QuerySet[Team], empty_label: Any, **kwargs: Any) -> None:
        self.teams = teams
        options = list(teams[: MAX_OPTIONS + 1])
        self.is_typed = len(options) > MAX_OPTIONS
        widget: forms.Widget = forms.Select(
            choices=[("", empty_label), *((self.key_of(team), str(team)) for team in options)]
        )
        if self.is_typed:
            widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
            kwargs["help_text"] = _("Type the beginning of its name.")
        super().__init__(max_length=TEAM_NAME_LENGTH, widget=widget, **kwargs)

    def key_of(self, team: Team) -> str:
        """Return the team as this field's value."""
        return team.name if self.is_typed else str(team.uuid)

    def clean(self, value: Any) -> Team | None:
        """Return the team. Raises: ValidationError for an unknown or ambiguous name."""
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
        return team or self._team_named(search_key(text))

    def _team_named(self, prefix: str) -> Team:
        matches = [team for team in self.teams if search_key(team.name).startswith(prefix)]
        exact = [team for team in matches if search_key(team.name) == prefix]
        if not matches:
            raise forms.ValidationError(self.error_messages["unknown"], code="unknown")
        if len(matches) > 1 and len(exact) != 1:
            names = [str(team) for team in matches[:MAX_MATCHES]]
            names += ["…"] * (len(matches) > MAX_MATCHES)
            raise forms.ValidationError(
                self.error_messages["several"],
                code="several",
                params={"names": ", ".join(names)},
            )
        return (exact or matches)[0]


class TeamForm(StrictForm):
    """The name of a team."""

    name = LineField(
        label=_("Team name"),
        max_length=TEAM_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class RenameForm(EditForm, TeamForm):
    """The new name of a team."""


class JoiningForm(StrictForm):
    """Why somebody joins a team; required where the team has a sensitive grant."""

    reason = LineField(
        label=_("Reason"),
        max_length=500,
        required=False,
        help_text=_("Needed when the team holds a sensitive right."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ChoosePersonForm(JoiningForm):
    """A person of the company, chosen on a team's page."""

    person = forms.UUIDField(error_messages={"required": _("Choose a person.")})


class ChooseTeamForm(JoiningForm):
    """A team of the company, chosen on a person's page."""

    field_order = ["team", "reason"]

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"] = TeamField(
            label=_("Add to a team"), teams=teams, empty_label=_("Choose a team")
        )
        self.order_fields(self.field_order)
