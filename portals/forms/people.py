"""The people list: how it is narrowed and sorted, and what is done to those selected."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.choices import PeopleOrder, PersonState, Role
from accounts.forms import ConfirmationNameForm, JoiningForm, SearchForm, StrictForm, TeamField
from accounts.models import Customer, Team
from accounts.selectors import teams_of
from accounts.selectors.people_list import PeopleFilter
from portals.forms.grants import GrantForm
from portals.selectors.registered import registered_for
from portals.selectors.resources import subscriptions_of

_YES, _NO = "yes", "no"


class PeopleForm(SearchForm):
    """What the address of the people list says; everything may be left out."""

    role = forms.ChoiceField(
        label=_("Role"), required=False, choices=[("", _("Any role")), *Role.choices]
    )
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Any state")), *PersonState.choices]
    )
    portal = forms.ChoiceField(label=_("May open"), required=False)
    factor = forms.ChoiceField(
        label=_("Second factor"),
        required=False,
        choices=[
            ("", _("With or without")),
            (_YES, pgettext_lazy("second factor", "Has one")),
            (_NO, pgettext_lazy("second factor", "Has none")),
        ],
    )
    away = forms.ChoiceField(
        label=_("Last sign-in"),
        required=False,
        choices=[("", _("Any time")), (_YES, _("None for 90 days"))],
    )
    sort = forms.ChoiceField(label=_("Sort by"), required=False, choices=PeopleOrder.choices)

    filters = ("role", "state", "team", "portal", "factor", "away")

    def __init__(self, data: Any, *, customer: Customer) -> None:
        super().__init__(data)
        self.team: Team | None = None
        self.fields["team"] = TeamField(
            label=_("Team"), teams=teams_of(customer), nothing=_("Any team"), required=False
        )
        self.portals = {row.portal.slug: row for row in subscriptions_of(customer)}
        offered = [(slug, row.portal) for slug, row in self.portals.items()]
        choices = [("", _("Any portal")), *((key, str(resource)) for key, resource in offered)]
        self.fields["portal"].choices = choices  # type: ignore[attr-defined]

    def clean_team(self) -> str:
        """Kept as an address says it; the team itself is `team`."""
        self.team = self.cleaned_data["team"]
        field: Any = self.fields["team"]
        return field.key_of(self.team) if self.team else ""

    def people_filter(self) -> PeopleFilter:
        """The cleaned choice, for the selectors."""
        given = self.cleaned_data
        also = Q()
        if given["portal"]:
            also = Q(user__in=registered_for(self.portals[given["portal"]]))
        return PeopleFilter(
            search=given["q"],
            role=given["role"],
            state=given["state"],
            team=self.team,
            second_factor={_YES: True, _NO: False}.get(given["factor"]),
            away=bool(given["away"]),
            sort=given["sort"] or PeopleOrder.NAME,
            also=also,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether more than the search is chosen, or something chosen is wrong."""
        names = (*self.filters, "sort")
        return bool(self.errors or any(self.cleaned_data[name] for name in names))

    def kept(self, *without: str) -> list[tuple[str, str]]:
        """What was asked, name by name; `without` some of it."""
        if not self.is_valid():
            return []
        people_filter = [(name, value) for name, value in self.cleaned_data.items() if value]
        plain = ("sort", PeopleOrder.NAME)
        return [each for each in people_filter if each != plain and each[0] not in without]

    def query(self, *without: str) -> str:
        """The same, ready for an address."""
        return urlencode(self.kept(*without))

    def chips(self) -> list[dict[str, str]]:
        """What narrows the list, in words, each with the address of the list without it."""
        if not self.is_valid():
            return []
        chips = []
        if search := self.cleaned_data["q"]:
            chips.append({"label": f"“{search}”", "without": self.query("q")})
        for name in self.filters:
            if value := self.cleaned_data[name]:
                field: Any = self.fields[name]
                said = self.team if name == "team" else dict(field.choices)[value]
                words = f"{field.label}: {said}"
                chips.append({"label": words, "without": self.query(name)})
        return chips


SOMEBODY_GONE = _("Somebody you chose is no longer here, so nothing was done. Choose again.")


class _ManyHidden(forms.MultipleHiddenInput):
    """Hidden inputs of one name, which StrictForm lets come several times."""

    allow_multiple_selected = True


class SelectionField(forms.Field):
    """The people ticked in the list, by their public ids."""

    widget = _ManyHidden
    default_error_messages = {"required": _("Select at least one person first.")}

    def to_python(self, value: Any) -> list[UUID]:
        """Each once. Raises ValidationError for what is no id: that is nobody here, either."""
        one = forms.UUIDField(error_messages={"invalid": SOMEBODY_GONE, "required": SOMEBODY_GONE})
        return list(dict.fromkeys(one.clean(each) for each in value or []))


class BulkActionForm(StrictForm):
    """Who is meant, and nothing else: suspend, restore."""

    person = SelectionField()


class BulkRemoveForm(BulkActionForm, ConfirmationNameForm):
    """Removal of several people."""


class BulkTeamForm(BulkActionForm, JoiningForm):
    """Which team they go into."""

    field_order = ["team", "reason"]

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"] = TeamField(
            label=_("Team"), teams=teams_of(customer), nothing=_("Choose a team")
        )
        self.order_fields(self.field_order)


class BulkGrantForm(BulkActionForm, GrantForm):
    """The right they all get; and, where some could not open the portal, the right to do so."""

    let_in = forms.BooleanField(
        label=_("Let them in too: they also get the right to open the portal, with the same dates"),
        required=False,
    )
