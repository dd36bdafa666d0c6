"""Grant changes: collected in a draft, then reviewed."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.forms import StrictForm
from accounts.models import Customer, Membership, Team
from portals.forms.grants import TermsForm
from portals.models import PersonGrant, Privilege, TeamGrant
from portals.selectors.grant_changes import (
    AGAIN,
    JOIN,
    PLAIN,
    Draft,
    grantees_by_key,
    moment,
)
from portals.selectors.permission_matrix import Cell
from portals.selectors.resources import resources_of
from portals.services.grant_changes import (
    MAX_CHANGES,
    AddGrant,
    Change,
    JoinTeam,
    LeaveTeam,
    RemoveGrant,
    outdated_review,
)
from portals.services.grants import GrantTerms

UNCHANGED = "given"  # value of a level that leaves the present grants as they are


class ListField(forms.Field):
    """A list of values under one name, each read by `parse`."""

    widget = forms.SelectMultiple

    def __init__(self, parse: Callable[[str], Any], most: int = 2 * MAX_CHANGES) -> None:
        super().__init__(required=False)
        self.parse, self.most = parse, most

    def clean(self, value: Any) -> list[Any]:
        """Return the parsed values. Raises: ValidationError for one the page does not offer."""
        values = value or []
        try:
            if len(values) > self.most:
                raise ValueError("too many")
            return [self.parse(text) for text in values]
        except (ValueError, OverflowError) as error:
            raise ValidationError(_("Choose from what is on this page.")) from error


def parse_key(text: str) -> int:
    """Return a primary key. Raises: ValueError."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise ValueError(text)
    return int(text)


def parse_cell(text: str) -> Cell:
    """Return the cell that `p12/345/6` names. Raises: ValueError."""
    grantee, resource, resource_type = text.split("/")
    if grantee[:1] not in ("p", "t"):
        raise ValueError(grantee)
    parse_key(grantee[1:])
    return Cell(grantee, parse_key(resource), parse_key(resource_type))


def _parse_choice(text: str) -> tuple[Cell, int | None]:
    """Return the cell and the privilege of `p12/345/6=7`; 0 is no privilege, UNCHANGED is None."""
    cell, _equals, privilege = text.partition("=")
    return parse_cell(cell), None if privilege == UNCHANGED else parse_key(privilege)


class DraftForm(StrictForm):
    """The choices on a permission matrix: levels, and custom permissions of opened cells."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"] = ListField(_parse_choice)
        self.fields["cell"] = ListField(parse_cell)  # opened: what is not ticked is removed
        self.fields["single"] = ListField(_parse_choice)
        self.fields["again"] = ListField(_parse_choice, most=1)
        self.fields["review"] = forms.Field(required=False)

    def add_to(self, draft: Draft, given: Mapping[Cell, frozenset[int]]) -> None:
        """Write the choices into the draft; `given` has the present privileges of opened cells."""
        for cell, privilege in self.cleaned_data["level"]:
            draft.wants.pop(cell, None)
            if privilege is not None:
                draft.wants[cell] = dict.fromkeys({privilege} - {0}, PLAIN)
        ticked: dict[Cell, set[int]] = {cell: set() for cell in self.cleaned_data["cell"]}
        for cell, privilege in self.cleaned_data["single"]:
            ticked.setdefault(cell, set()).add(privilege or 0)
        for cell, privileges in ticked.items():
            former = draft.wants.pop(cell, {})
            marks = {pk: former.get(pk, PLAIN) for pk in privileges}
            if privileges != given.get(cell) or any(marks.values()):
                draft.wants[cell] = marks
        for cell, privilege in self.cleaned_data["again"]:
            draft.wants.setdefault(cell, dict.fromkeys(given.get(cell, ()), PLAIN))
            draft.wants[cell][privilege or 0] = AGAIN

    def level_cells(self) -> list[Cell]:
        """Return the cells whose level was chosen."""
        return [cell for cell, _privilege in self.cleaned_data.get("level", [])]

    def custom_cells(self) -> set[Cell]:
        """Return the cells whose custom permissions were sent."""
        named = [*self.cleaned_data["single"], *self.cleaned_data["again"]]
        return {cell for cell, _privilege in named} | set(self.cleaned_data["cell"])


class ReviewForm(TermsForm):
    """The changes as they were reviewed, and the terms of new grants."""

    field_order = ["change", "expires_at", "starts_at", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["change"] = ListField(lambda text: text.split("."), most=MAX_CHANGES)

    def changes(self, customer: Customer) -> list[Change]:
        """Return the changes to apply. Raises: ChangesRefused (stale) where one no longer fits."""
        tokens = self.cleaned_data["change"]
        try:
            return self._changes(customer, tokens)
        except (KeyError, ValueError, IndexError, OverflowError, OSError) as error:
            raise outdated_review() from error

    def _changes(self, customer: Customer, tokens: list[list[str]]) -> list[Change]:
        removals = [token for token in tokens if token[0] == "take"]
        additions = [token for token in tokens if token[0] == "give"]
        team_moves = [token for token in tokens if token[0] not in ("take", "give")]
        grantees = grantees_by_key(customer, [token[1] for token in additions + team_moves])
        resources = resources_of(customer).in_bulk([parse_key(token[2]) for token in additions])
        privileges = Privilege.objects.select_related("portal", "resource_type").in_bulk(
            [parse_key(token[3]) for token in additions]
        )
        teams = Team.objects.filter(customer=customer).in_bulk(
            [parse_key(token[2]) for token in team_moves]
        )
        changes: list[Change] = [
            AddGrant(
                grantees[grantee],
                privileges[int(privilege)],
                resources[int(resource)],
                self._terms(starts_at, expires_at),
                parse_key(replaces) if replaces else None,
            )
            for _act, grantee, resource, privilege, replaces, starts_at, expires_at in additions
        ]
        for act, grantee, team in team_moves:
            membership = grantees[grantee]
            if not isinstance(membership, Membership):
                raise ValueError(grantee)
            if act == JOIN:
                changes.append(JoinTeam(membership, teams[int(team)], self.cleaned_data["reason"]))
            else:
                changes.append(LeaveTeam(membership, teams[int(team)]))
        return changes + _removals(customer, removals)

    def _terms(self, starts_at: str, expires_at: str) -> GrantTerms:
        """Return the terms of one grant: its own dates where it has some, else the form's."""
        common = self.terms()
        if not starts_at and not expires_at:
            return common
        return GrantTerms(moment(starts_at), moment(expires_at), common.reason)


def _removals(customer: Customer, tokens: list[list[str]]) -> list[Change]:
    grants: dict[tuple[str, int], Any] = {}
    for kind, model in (("p", PersonGrant), ("t", TeamGrant)):
        pks = [parse_key(token[2]) for token in tokens if token[1] == kind]
        rows = model._default_manager.filter(
            pk__in=pks, content_object__subscription__customer=customer
        ).select_related("permission__privilege__portal", "content_object__subscription__customer")
        grants |= {(kind, row.pk): row for row in rows}
    return [RemoveGrant(grants[kind, int(pk)]) for _act, kind, pk in tokens]
