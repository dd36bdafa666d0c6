"""The time zones that a type-ahead field suggests, found by city or continent."""

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.search import found_by
from accounts.selectors.options import MAX_SUGGESTIONS, Option, Options
from accounts.timezones import zone_names

_CONTINENTS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic Ocean"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}


class ZoneOptions(Options):
    """The time zones; the value is the name: America/Toronto."""

    def _found(self, text: str) -> Iterator[Option]:
        """Yield the matching zones, without America/Louisville: it is Kentucky/Louisville."""
        long_names = [name.split("/") for name in zone_names() if name.count("/") == 2]
        old_names = {f"{continent}/{city}" for continent, _region, city in long_names}
        for name in zone_names():
            if name in old_names:
                continue
            option = self._option(name)
            if found_by(text, option.label, option.detail):
                yield option

    def search(self, text: str, limit: int = MAX_SUGGESTIONS) -> list[Option]:
        """Return zones by city, state and continent; those whose city is the text come first."""
        found = sorted(self._found(text), key=lambda option: not option.is_named(text))
        return found[:limit]

    def by_keys(self, keys: Iterable[str]) -> dict[str, Option]:
        """Return name → zone."""
        return {key: self._option(key) for key in keys if self.is_key(key)}

    def is_key(self, text: str) -> bool:
        """Return whether a text is the name of a zone that is offered."""
        return text in zone_names()

    def key_of(self, value: str) -> str:
        """Return the name."""
        return value

    def _option(self, name: str) -> Option:
        """Return one zone as an option: Toronto, in America."""
        continent, _slash, place = name.replace("_", " ").partition("/")
        parts = place.split("/")  # Argentina/Buenos Aires
        region = ", ".join([*reversed(parts[:-1]), str(_CONTINENTS.get(continent, ""))])
        return Option(name, parts[-1] or name, name, region, (name, place))

    @property
    def url(self) -> str:
        """The address that suggests time zones."""
        return reverse("accounts:time-zone-options")
