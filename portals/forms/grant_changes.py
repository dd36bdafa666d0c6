"""Changes of rights, gathered and reviewed."""

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

AS_IT_IS = "given"  # a level's value: whatever is there, nothing pending


class ManyField(forms.Field):
    """Values of one name, each parsed the same way."""

    widget = forms.SelectMultiple

    def __init__(self, parse: Callable[[str], Any], most: int = 2 * MAX_CHANGES) -> None:
        super().__init__(required=False)
        self.parse, self.most = parse, most

    def clean(self, value: Any) -> list[Any]:
        """Raises ValidationError for a value the page does not offer."""
        values = value or []
        try:
            if len(values) > self.most:
                raise ValueError("too many")
            return [self.parse(one) for one in values]
        except (ValueError, OverflowError) as error:
            raise ValidationError(_("Choose from what is on this page.")) from error


def number(text: str) -> int:
    """A key. Raises ValueError for what is none."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise ValueError(text)
    return int(text)


def cell_of(text: str) -> Cell:
    """`p12/345/6` as a Spot. Raises ValueError."""
    grantee, resource, resource_type = text.split("/")
    if grantee[:1] not in ("p", "t"):
        raise ValueError(grantee)
    number(grantee[1:])
    return Cell(grantee, number(resource), number(resource_type))


def _choice(text: str) -> tuple[Cell, int | None]:
    """`p12/345/6=7`: a spot and a privilege; 0 is none of them, AS_IT_IS is no change."""
    cell, _equals, privilege = text.partition("=")
    return cell_of(cell), None if privilege == AS_IT_IS else number(privilege)


class DraftForm(StrictForm):
    """What is chosen on a sheet: a level in each row, or single rights where one is unfolded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"] = ManyField(_choice)
        self.fields["cell"] = ManyField(cell_of)  # unfolded: what is not ticked is not wanted
        self.fields["single"] = ManyField(_choice)
        self.fields["again"] = ManyField(_choice, most=1)
        self.fields["review"] = forms.Field(required=False)

    def add_to(self, draft: Draft, given: Mapping[Cell, frozenset[int]]) -> None:
        """Write what was chosen into the draft; `given` is what the unfolded spots have now."""
        for cell, privilege in self.cleaned_data["level"]:
            draft.wants.pop(cell, None)
            if privilege is not None:
                draft.wants[cell] = dict.fromkeys({privilege} - {0}, PLAIN)
        ticked: dict[Cell, set[int]] = {cell: set() for cell in self.cleaned_data["cell"]}
        for cell, privilege in self.cleaned_data["single"]:
            ticked.setdefault(cell, set()).add(privilege or 0)
        for cell, wanted in ticked.items():
            former = draft.wants.pop(cell, {})
            marks = {pk: former.get(pk, PLAIN) for pk in wanted}
            if wanted != given.get(cell) or any(marks.values()):
                draft.wants[cell] = marks
        for cell, privilege in self.cleaned_data["again"]:
            draft.wants.setdefault(cell, dict.fromkeys(given.get(cell, ()), PLAIN))
            draft.wants[cell][privilege or 0] = AGAIN

    def levelled(self) -> list[Cell]:
        """The spots whose level was chosen."""
        return [cell for cell, _privilege in self.cleaned_data.get("level", [])]

    def unfolded(self) -> set[Cell]:
        """The spots whose single rights are named."""
        named = [*self.cleaned_data["single"], *self.cleaned_data["again"]]
        return {cell for cell, _privilege in named} | set(self.cleaned_data["cell"])


class ReviewForm(TermsForm):
    """The changes as they were reviewed, and the terms of what is given."""

    field_order = ["change", "expires_at", "starts_at", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["change"] = ManyField(lambda text: text.split("."), most=MAX_CHANGES)

    def changes(self, customer: Customer) -> list[Change]:
        """What to apply. Raises ChangesRefused (stale) for what is not, or no longer, there."""
        tokens = self.cleaned_data["change"]
        try:
            return self._changes(customer, tokens)
        except (KeyError, ValueError, IndexError, OverflowError, OSError) as error:
            raise outdated_review() from error

    def _changes(self, customer: Customer, tokens: list[list[str]]) -> list[Change]:
        takes = [one for one in tokens if one[0] == "take"]
        others = [one for one in tokens if one[0] != "take"]
        grantees = grantees_by_key(customer, [one[1] for one in others])
        gives = [one for one in others if one[0] == "give"]
        moves = [one for one in others if one[0] != "give"]
        resources = {
            str(one.pk): one
            for one in resources_of(customer).filter(pk__in=[number(one[2]) for one in gives])
        }
        rights = {
            str(one.pk): one
            for one in Privilege.objects.filter(
                pk__in=[number(one[3]) for one in gives]
            ).select_related("portal", "resource_type")
        }
        teams = Team.objects.filter(customer=customer).in_bulk([number(one[2]) for one in moves])
        changes: list[Change] = [
            AddGrant(
                grantees[who],
                rights[right],
                resources[resource],
                self._terms(starts, ends),
                number(replaces) if replaces else None,
            )
            for _act, who, resource, right, replaces, starts, ends in gives
        ]
        for act, who, team in moves:
            membership = grantees[who]
            if not isinstance(membership, Membership):
                raise ValueError(who)
            if act == JOIN:
                changes.append(JoinTeam(membership, teams[int(team)], self.cleaned_data["reason"]))
            else:
                changes.append(LeaveTeam(membership, teams[int(team)]))
        return changes + _takes(customer, takes)

    def _terms(self, starts: str, ends: str) -> GrantTerms:
        """The terms of one right: its own dates where it has some, else those of the form."""
        common = self.terms()
        if not starts and not ends:
            return common
        return GrantTerms(moment(starts), moment(ends), common.reason)


def _takes(customer: Customer, tokens: list[list[str]]) -> list[Change]:
    found: dict[tuple[str, int], Any] = {}
    for kind, model in (("p", PersonGrant), ("t", TeamGrant)):
        pks = [number(one[2]) for one in tokens if one[1] == kind]
        rows = model._default_manager.filter(
            pk__in=pks, content_object__subscription__customer=customer
        ).select_related("permission__privilege__portal", "content_object__subscription__customer")
        found |= {(kind, row.pk): row for row in rows}
    return [RemoveGrant(found[kind, int(pk)]) for _act, kind, pk in tokens]
