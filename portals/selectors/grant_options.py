"""The options of the type-ahead fields that give access: people, teams and resources."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Customer
from accounts.search import found_by, typed_words
from accounts.selectors.options import (
    MAX_SUGGESTIONS,
    Option,
    Options,
    PeopleOptions,
    TeamOptions,
)
from portals.selectors.effective_access import Grantee
from portals.selectors.grantees import KEY as GRANTEE_KEY
from portals.selectors.grantees import grantee_key, grantees_by_key
from portals.selectors.options import ResourceOptions
from portals.selectors.roots import active_roots
from portals.selectors.targets import KEY as TARGET_KEY
from portals.selectors.targets import Target, targets_by_key, wide_targets


@dataclass(frozen=True)
class GranteeOptions(Options):
    """The present members and the teams of a company."""

    customer: Customer

    def search(self, text: str, limit: int = MAX_SUGGESTIONS) -> list[Option]:
        """Return people by name or address, then teams by name."""
        people = PeopleOptions(self.customer).search(text, limit)
        teams = TeamOptions(self.customer).search(text, limit)
        found = [_grantee_option(option.value, option) for option in [*people, *teams]]
        return found[:limit]

    def by_keys(self, keys: Iterable[str]) -> dict[str, Option]:
        """Return key → person or team."""
        found = grantees_by_key(self.customer, keys)
        return {key: _grantee_option(grantee) for key, grantee in found.items()}

    def is_key(self, text: str) -> bool:
        """Return whether a text is `person:` or `team:` and a number."""
        return GRANTEE_KEY.fullmatch(text) is not None

    def key_of(self, value: Grantee) -> str:
        """Return the key of a person or team."""
        return grantee_key(value)

    @property
    def url(self) -> str:
        """The address that suggests people and teams."""
        return reverse("portals:grantee-options", args=[self.customer.slug])


def _grantee_option(grantee: Grantee, like: Option | None = None) -> Option:
    detail = (like.detail if like else "") or ("" if like is None else _("Team"))
    names = like.other_names if like else ()
    return Option(grantee_key(grantee), str(grantee), grantee, detail, names)


@dataclass(frozen=True)
class TargetOptions(Options):
    """The resources of a company, its portals, and all resources of a type inside one."""

    customer: Customer

    def search(self, text: str, limit: int = MAX_SUGGESTIONS) -> list[Option]:
        """Return resources by name or id, and whole types by name, also for the word “all”."""
        found = ResourceOptions(self.customer).search(text, limit)
        resources = [option.value for option in found]
        roots = list(active_roots().filter(subscription__customer=self.customer))
        wide = [
            target
            for target in wide_targets(self.customer, roots)
            if found_by(text, f"{target} {target.resource_type.portal} {_('all')}")
        ]
        if typed_words(text):
            wide += wide_targets(self.customer, [row for row in resources if row.parent_id])
        room = max(limit - len(wide), limit // 2)  # for single resources
        options = [_narrow_option(option) for option in found[:room]]
        return [*options, *map(_option, wide)][:limit]

    def by_keys(self, keys: Iterable[str]) -> dict[str, Option]:
        """Return key → target."""
        found = targets_by_key(self.customer, keys)
        return {key: _option(target) for key, target in found.items()}

    def is_key(self, text: str) -> bool:
        """Return whether a text has the form of a target's key."""
        return TARGET_KEY.fullmatch(text) is not None

    def key_of(self, value: Target) -> str:
        """Return the key of a target."""
        return value.key

    @property
    def url(self) -> str:
        """The address that suggests targets."""
        return reverse("portals:target-options", args=[self.customer.slug])


def _narrow_option(option: Option) -> Option:
    """Return the option of a resource as one of a target."""
    target = Target(option.value, option.value.resource_type)
    return Option(target.key, target.title, target, option.detail, option.other_names)


def _option(target: Target) -> Option:
    return Option(target.key, target.title, target, target.note)
