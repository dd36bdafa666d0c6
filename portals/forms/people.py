"""The people list: its filters and order, and the bulk actions on selected people."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.choices import PeopleOrder, PersonState, Role
from accounts.forms import (
    ConfirmationNameForm,
    JoiningForm,
    SearchForm,
    StrictForm,
    TypeaheadField,
)
from accounts.models import Customer, Team
from accounts.selectors.options import TeamOptions
from accounts.selectors.people_list import PeopleFilter
from portals.selectors.registered import registered_for
from portals.selectors.resources import current_subscriptions

_YES, _NO = "yes", "no"


class PeopleForm(SearchForm):
    """The query string of the people list; every field is optional."""

    role = forms.ChoiceField(
        label=_("Role"), required=False, choices=[("", _("Any role")), *Role.choices]
    )
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Any state")), *PersonState.choices]
    )
    portal = forms.ChoiceField(label=_("Can open"), required=False)
    factor = forms.ChoiceField(
        label=_("Second factor"),
        required=False,
        choices=[
            ("", _("With or without")),
            (_YES, pgettext_lazy("second factor", "On")),
            (_NO, pgettext_lazy("second factor", "Off")),
        ],
    )
    away = forms.ChoiceField(
        label=_("Last sign-in"),
        required=False,
        choices=[("", _("Any time")), (_YES, _("Not in the last 90 days"))],
    )
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=PeopleOrder.choices)

    filters = ("role", "state", "team", "portal", "factor", "away")

    def __init__(self, data: Any, *, customer: Customer) -> None:
        super().__init__(data)
        self.team: Team | None = None
        self.fields["team"] = TypeaheadField(
            label=_("Team"),
            options=TeamOptions(customer),
            placeholder=_("Any team"),
            required=False,
        )
        self.portals = {row.portal.slug: row for row in current_subscriptions(customer)}
        portals = [(slug, str(row.portal)) for slug, row in self.portals.items()]
        choices = [("", _("Any portal")), *portals]
        self.fields["portal"].choices = choices  # type: ignore[attr-defined]

    def clean_team(self) -> str:
        """Return the team as its value in URLs; `team` is the team itself."""
        self.team = self.cleaned_data["team"]
        field: Any = self.fields["team"]
        return field.options.key_of(self.team) if self.team else ""

    def people_filter(self) -> PeopleFilter:
        """Return the filter, for the selectors."""
        data = self.cleaned_data
        also = Q()
        if data["portal"]:
            also = Q(user__in=registered_for(self.portals[data["portal"]]))
        return PeopleFilter(
            search=data["q"],
            role=data["role"],
            state=data["state"],
            team=self.team,
            second_factor={_YES: True, _NO: False}.get(data["factor"]),
            away=bool(data["away"]),
            sort=data["sort"] or PeopleOrder.NAME,
            also=also,
        )

    @property
    def is_narrowed(self) -> bool:
        """Return whether a filter or an order is chosen, or one is invalid."""
        names = (*self.filters, "sort")
        return bool(self.errors or any(self.cleaned_data[name] for name in names))

    def kept(self, *without: str) -> list[tuple[str, str]]:
        """Return the chosen values by name, except those named in `without`."""
        if not self.is_valid():
            return []
        default = ("sort", PeopleOrder.NAME)
        return [
            (name, value)
            for name, value in self.cleaned_data.items()
            if value and (name, value) != default and name not in without
        ]

    def query(self, *without: str) -> str:
        """Return the same values as a query string."""
        return urlencode(self.kept(*without))

    def chips(self) -> list[dict[str, str]]:
        """Return the active filters in words, each with the query string of the list without it."""
        if not self.is_valid():
            return []
        chips = []
        if search := self.cleaned_data["q"]:
            chips.append({"label": f"“{search}”", "without": self.query("q")})
        for name in self.filters:
            if value := self.cleaned_data[name]:
                field: Any = self.fields[name]
                choice = self.team if name == "team" else dict(field.choices)[value]
                label = f"{field.label}: {choice}"
                chips.append({"label": label, "without": self.query(name)})
        return chips


PERSON_NOT_FOUND = _(
    "Someone you selected has left the company, so no change was made. Select again."
)


class _RepeatedHiddenInput(forms.MultipleHiddenInput):
    """Hidden inputs of one name, which StrictForm accepts several times."""

    allow_multiple_selected = True


class SelectionField(forms.Field):
    """The people ticked in the list, by their public ids."""

    widget = _RepeatedHiddenInput
    default_error_messages = {"required": _("Select at least one person first.")}

    def to_python(self, value: Any) -> list[UUID]:
        """Return each id once. Raises: ValidationError, the same as for an unknown person."""
        errors = {"invalid": PERSON_NOT_FOUND, "required": PERSON_NOT_FOUND}
        id_field = forms.UUIDField(error_messages=errors)
        return list(dict.fromkeys(id_field.clean(text) for text in value or []))


class BulkActionForm(StrictForm):
    """The selected people; all that suspending and restoring need."""

    person = SelectionField()


class BulkRemoveForm(BulkActionForm, ConfirmationNameForm):
    """Removing people, with the company's name typed."""


class BulkTeamForm(BulkActionForm, JoiningForm):
    """Adding people to a team."""

    field_order = ["team", "reason"]

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"] = TypeaheadField(
            label=_("Team"), options=TeamOptions(customer), placeholder=_("Team name or part of it")
        )
        self.order_fields(self.field_order)
