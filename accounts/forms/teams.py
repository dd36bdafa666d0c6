"""Naming a team, choosing one, and adding people to it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.edit import EditForm
from accounts.forms.strict import LineField, StrictForm, UuidsField
from accounts.forms.typeahead import TypeaheadField
from accounts.models import Customer, Team
from accounts.selectors.options import PeopleOptions, TeamOptions

TEAM_NAME_LENGTH = 100


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

    demanded_at_times = (
        "reason",
    )  # so it is never called optional: templates/django/forms/field.html

    reason = LineField(
        label=_("Reason"),
        max_length=500,
        required=False,
        help_text=_("Required if the team has a sensitive permission."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ChoosePersonForm(JoiningForm):
    """A person of the company, chosen on a team's page."""

    field_order = ["person", "reason"]

    def __init__(self, *args: Any, people: PeopleOptions, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"] = TypeaheadField(
            label=_("Add a person"),
            options=people,
            placeholder=_("Name or address"),
            error_messages={"required": _("Choose a person.")},
        )
        self.order_fields(self.field_order)


class ChooseTeamForm(JoiningForm):
    """A team of the company, chosen on a person's page."""

    field_order = ["team", "reason"]

    def __init__(self, *args: Any, teams: TeamOptions, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"] = TypeaheadField(
            label=_("Add to a team"),
            options=teams,
            placeholder=_("Team name or part of it"),
            error_messages={"required": _("Choose a team.")},
        )
        self.order_fields(self.field_order)


class ChooseTeamsForm(StrictForm):
    """Teams of a company, ticked in the list."""

    team = UuidsField(
        queryset=Team.objects.none(),
        to_field_name="uuid",
        error_messages={
            "required": _("Select at least one team first."),
            "invalid_choice": _("A team that you selected was deleted. Select again."),
        },
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = customer.teams.select_related("customer", "group")
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
