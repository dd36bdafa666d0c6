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
from portals.selectors.plans import (
    AGAIN,
    JOIN,
    PLAIN,
    Draft,
    holders_by_key,
    moment,
)
from portals.selectors.resources import resources_of
from portals.selectors.sheets import Spot
from portals.services.changes import MOST_CHANGES, Change, Give, Join, Leave, Take, stale
from portals.services.grants import Terms

AS_IT_IS = "given"  # a level's value: whatever is there, nothing pending


class ManyField(forms.Field):
    """Values of one name, each parsed the same way."""

    widget = forms.SelectMultiple

    def __init__(self, parse: Callable[[str], Any], most: int = 2 * MOST_CHANGES) -> None:
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


def spot_of(text: str) -> Spot:
    """`p12/345/6` as a Spot. Raises ValueError."""
    holder, resource, resource_type = text.split("/")
    if holder[:1] not in ("p", "t"):
        raise ValueError(holder)
    number(holder[1:])
    return Spot(holder, number(resource), number(resource_type))


def _choice(text: str) -> tuple[Spot, int | None]:
    """`p12/345/6=7`: a spot and a privilege; 0 is none of them, AS_IT_IS is no change."""
    spot, _equals, privilege = text.partition("=")
    return spot_of(spot), None if privilege == AS_IT_IS else number(privilege)


class DraftForm(StrictForm):
    """What is chosen on a sheet: a level in each row, or single rights where one is unfolded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"] = ManyField(_choice)
        self.fields["spot"] = ManyField(spot_of)  # unfolded: what is not ticked is not wanted
        self.fields["single"] = ManyField(_choice)
        self.fields["again"] = ManyField(_choice, most=1)
        self.fields["review"] = forms.Field(required=False)

    def add_to(self, draft: Draft, given: Mapping[Spot, frozenset[int]]) -> None:
        """Write what was chosen into the draft; `given` is what the unfolded spots have now."""
        for spot, privilege in self.cleaned_data["level"]:
            draft.wants.pop(spot, None)
            if privilege is not None:
                draft.wants[spot] = dict.fromkeys({privilege} - {0}, PLAIN)
        ticked: dict[Spot, set[int]] = {spot: set() for spot in self.cleaned_data["spot"]}
        for spot, privilege in self.cleaned_data["single"]:
            ticked.setdefault(spot, set()).add(privilege or 0)
        for spot, wanted in ticked.items():
            former = draft.wants.pop(spot, {})
            marks = {pk: former.get(pk, PLAIN) for pk in wanted}
            if wanted != given.get(spot) or any(marks.values()):
                draft.wants[spot] = marks
        for spot, privilege in self.cleaned_data["again"]:
            draft.wants.setdefault(spot, dict.fromkeys(given.get(spot, ()), PLAIN))
            draft.wants[spot][privilege or 0] = AGAIN

    def levelled(self) -> list[Spot]:
        """The spots whose level was chosen."""
        return [spot for spot, _privilege in self.cleaned_data.get("level", [])]

    def unfolded(self) -> set[Spot]:
        """The spots whose single rights are named."""
        named = [*self.cleaned_data["single"], *self.cleaned_data["again"]]
        return {spot for spot, _privilege in named} | set(self.cleaned_data["spot"])


class ReviewForm(TermsForm):
    """The changes as they were reviewed, and the terms of what is given."""

    field_order = ["change", "expires_at", "starts_at", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["change"] = ManyField(lambda text: text.split("."), most=MOST_CHANGES)

    def changes(self, customer: Customer) -> list[Change]:
        """What to apply. Raises ChangesRefused (stale) for what is not, or no longer, there."""
        tokens = self.cleaned_data["change"]
        try:
            return self._changes(customer, tokens)
        except (KeyError, ValueError, IndexError, OverflowError, OSError) as error:
            raise stale() from error

    def _changes(self, customer: Customer, tokens: list[list[str]]) -> list[Change]:
        takes = [one for one in tokens if one[0] == "take"]
        others = [one for one in tokens if one[0] != "take"]
        holders = holders_by_key(customer, [one[1] for one in others])
        gives = [one for one in others if one[0] == "give"]
        moves = [one for one in others if one[0] != "give"]
        things = {
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
            Give(
                holders[who],
                rights[right],
                things[thing],
                self._terms(starts, ends),
                number(replaces) if replaces else None,
            )
            for _act, who, thing, right, replaces, starts, ends in gives
        ]
        for act, who, team in moves:
            membership = holders[who]
            if not isinstance(membership, Membership):
                raise ValueError(who)
            if act == JOIN:
                changes.append(Join(membership, teams[int(team)], self.cleaned_data["reason"]))
            else:
                changes.append(Leave(membership, teams[int(team)]))
        return changes + _takes(customer, takes)

    def _terms(self, starts: str, ends: str) -> Terms:
        """The terms of one right: its own dates where it has some, else those of the form."""
        common = self.terms()
        if not starts and not ends:
            return common
        return Terms(moment(starts), moment(ends), common.reason)


def _takes(customer: Customer, tokens: list[list[str]]) -> list[Change]:
    found: dict[tuple[str, int], Any] = {}
    for kind, model in (("p", PersonGrant), ("t", TeamGrant)):
        pks = [number(one[2]) for one in tokens if one[1] == kind]
        rows = model._default_manager.filter(
            pk__in=pks, content_object__subscription__customer=customer
        ).select_related("permission__privilege__portal", "content_object__subscription__customer")
        found |= {(kind, row.pk): row for row in rows}
    return [Take(found[kind, int(pk)]) for _act, kind, pk in tokens]
