"""The options of type-ahead fields: people and teams of a company, found as in its lists."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from accounts.choices import Role
from accounts.domains import readable_address
from accounts.models import Customer, Membership, Team
from accounts.models.search import by_match
from accounts.search import search_key, typed_words
from accounts.selectors.first_rows import alone
from accounts.selectors.paging import page_by_name
from accounts.selectors.people import people_of
from accounts.selectors.teams import teams_of

MAX_SUGGESTIONS = 10
NEWEST = 100


@dataclass(frozen=True)
class Option:
    """One option: `key` is sent by the form, `value` is the object that the form returns.

    Where several options match a text, one of whose `names` it is wins.
    """

    key: str
    label: str
    value: Any
    detail: str = ""
    other_names: tuple[str, ...] = ()

    def is_named(self, text: str) -> bool:
        """Return whether a text is one of the names in full."""
        return search_key(text) in map(search_key, (self.label, *self.other_names))


class Options(ABC):
    """A set of options, too large to show at once. Keys never look like what people type."""

    @abstractmethod
    def search(self, text: str, limit: int = MAX_SUGGESTIONS) -> list[Option]:
        """Return the first options found by the words of a text; the first of all for no text."""

    @abstractmethod
    def by_keys(self, keys: Iterable[str]) -> dict[str, Option]:
        """Return key → option, without keys that name none."""

    @abstractmethod
    def is_key(self, text: str) -> bool:
        """Return whether a text has the form of a key."""

    @abstractmethod
    def key_of(self, value: Any) -> str:
        """Return the key of an object."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The address that suggests from this set."""


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


@dataclass(frozen=True)
class PeopleOptions(Options):
    """The present members of a company; the value is a Membership.

    They can be narrowed to a `role`, and to those `outside` a team, or `but` for one person. The
    three are public ids, because they are in the address of the suggestions.
    """

    customer: Customer
    role: str = ""
    outside: str = ""
    but: str = ""

    narrowing: ClassVar = ("role", "outside", "but")

    @property
    def _narrowed(self) -> Any:
        return self._narrow(people_of(self.customer))

    def _narrow(self, people: Any) -> Any:
        if self.role in Role.values:
            people = people.filter(role=self.role)
        if self.role == Role.SUPER_USER:
            people = people.filter(suspended_at=None, user__is_active=True)
        if _is_uuid(self.outside):
            people = people.exclude(team_memberships__team__uuid=self.outside)
        if _is_uuid(self.but):
            people = people.exclude(user__sub=self.but)
        return people

    def has_any(self) -> bool:
        """Return whether there is any option.

        Outside a team, the newest people are asked first: seldom are all of them in it.
        """
        newest = people_of(self.customer).order_by("-joined_at", "-pk")[:NEWEST]
        if self.outside and self._narrow(alone(newest)).exists():
            return True
        return bool(self._narrowed.exists())

    def search(self, text: str, limit: int = MAX_SUGGESTIONS) -> list[Option]:
        """Return people by name or address."""
        page = page_by_name(
            self._narrowed,
            among=self._narrowed,
            search=text,
            size=limit,
            customer=self.customer,
        )
        return [self.option(membership) for membership in page.rows]

    def by_keys(self, keys: Iterable[str]) -> dict[str, Option]:
        """Return sub → person."""
        rows = self._narrowed.filter(user__sub__in=[key for key in keys if self.is_key(key)])
        return {self.key_of(membership): self.option(membership) for membership in rows}

    def is_key(self, text: str) -> bool:
        """Return whether a text is a sub."""
        return _is_uuid(text)

    def key_of(self, value: Membership) -> str:
        """Return the person's sub."""
        return str(value.user.sub)

    def option(self, membership: Membership) -> Option:
        """Return one person as an option."""
        address = membership.user.email
        readable = readable_address(address)
        names = (address, readable)
        return Option(self.key_of(membership), str(membership), membership, readable, names)

    @property
    def url(self) -> str:
        """The address that suggests people."""
        chosen = {name: value for name in self.narrowing if (value := getattr(self, name))}
        query = f"?{urlencode(chosen)}" if chosen else ""
        return reverse("accounts:people-options", args=[self.customer.slug]) + query


@dataclass(frozen=True)
class TeamOptions(Options):
    """The teams of a company; the value is a Team. `without` leaves out those of one person."""

    customer: Customer
    without: str = ""

    narrowing: ClassVar = ("without",)

    @property
    def _narrowed(self) -> Any:
        teams = teams_of(self.customer)
        if _is_uuid(self.without):
            teams = teams.exclude(
                Q(team_memberships__membership__user__sub=self.without)
                & Q(team_memberships__membership__customer=self.customer)
            )
        return teams

    def search(self, text: str, limit: int = MAX_SUGGESTIONS) -> list[Option]:
        """Return teams by name."""
        teams = self._narrowed
        if typed_words(text):
            teams = by_match(teams, text, customer=self.customer).order_by("match", "match_row")
        return [self.option(team) for team in teams[:limit]]

    def by_keys(self, keys: Iterable[str]) -> dict[str, Option]:
        """Return uuid → team."""
        rows = self._narrowed.filter(uuid__in=[key for key in keys if self.is_key(key)])
        return {self.key_of(team): self.option(team) for team in rows}

    def is_key(self, text: str) -> bool:
        """Return whether a text is a uuid."""
        return _is_uuid(text)

    def key_of(self, value: Team) -> str:
        """Return the team's uuid."""
        return str(value.uuid)

    def option(self, team: Team) -> Option:
        """Return one team as an option."""
        return Option(self.key_of(team), str(team), team)

    @property
    def url(self) -> str:
        """The address that suggests teams."""
        query = f"?{urlencode({'without': self.without})}" if self.without else ""
        return reverse("accounts:team-options", args=[self.customer.slug]) + query
