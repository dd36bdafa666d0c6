"""The options of type-ahead fields: the resources of a company, found as in its list."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.addresses import number_in
from accounts.models import Customer
from accounts.models.search import by_match
from accounts.search import found_by, typed_words
from accounts.selectors.options import MAX_SUGGESTIONS, Option, Options
from portals.choices import ROOT_TYPE
from portals.models import Resource
from portals.selectors.resources import current_subscriptions, subscriptions_of

_PREFIX = "resource:"


@dataclass(frozen=True)
class ResourceOptions(Options):
    """The resources of a company; the value is a Resource.

    A portal itself is called "Domains portal" and is left out with `portals=""`. `type` narrows to
    one type, as `portal.type`.
    """

    customer: Customer
    portals: str = "yes"
    type: str = ""

    narrowing: ClassVar = ("portals", "type")

    @property
    def _below_portals(self) -> Any:
        rows = Resource.objects.filter(parent__isnull=False).select_related("resource_type__portal")
        if self.type:
            portal, _dot, code = self.type.partition(".")
            rows = rows.filter(resource_type__portal__slug=portal, resource_type__code=code)
        return rows

    def search(self, text: str, limit: int = MAX_SUGGESTIONS) -> list[Option]:
        """Return resources by name or id, after portals by name."""
        subscriptions = current_subscriptions(self.customer)
        found = self._portals(text, [row.pk for row in subscriptions])[:limit]
        rows = self._below_portals
        if typed_words(text):
            matches = by_match(rows, text, customer=self.customer)
            matches = matches.filter(subscription__in=[row.pk for row in subscriptions])
            found += map(self.option, matches.order_by("match", "match_row")[:limit])
            return found[:limit]
        for subscription in subscriptions:  # each is one range of an index
            if len(found) >= limit:
                break
            first = rows.filter(subscription=subscription.pk).order_by(
                "subscription_id", "resource_type_id", "name", "pk"
            )
            found += map(self.option, first[: limit - len(found)])
        return found

    def _portals(self, text: str, subscriptions: list[int]) -> list[Option]:
        if not self.portals or self.type or not typed_words(text):
            return []
        roots = Resource.objects.filter(subscription__in=subscriptions, parent=None).select_related(
            "resource_type__portal"
        )
        options = map(self.option, roots.order_by("resource_type__portal__slug"))
        return [option for option in options if found_by(text, option.label)]

    def by_keys(self, keys: Iterable[str]) -> dict[str, Option]:
        """Return key → resource."""
        numbers = [int(key.removeprefix(_PREFIX)) for key in keys if self.is_key(key)]
        rows = Resource.objects.filter(
            pk__in=numbers, subscription__in=subscriptions_of(self.customer)
        )
        if not self.portals:
            rows = rows.filter(parent__isnull=False)
        if self.type:
            rows = rows.filter(pk__in=self._below_portals.values("pk"))
        rows = rows.select_related("resource_type__portal")
        return {self.key_of(resource): self.option(resource) for resource in rows}

    def is_key(self, text: str) -> bool:
        """Return whether a text is `resource:` and a number."""
        number = number_in(text.removeprefix(_PREFIX))
        return text.startswith(_PREFIX) and number is not None

    def key_of(self, value: Resource) -> str:
        """Return the key of a resource."""
        return f"{_PREFIX}{value.pk}"

    def option(self, resource: Resource) -> Option:
        """Return one resource as an option."""
        kind = resource.resource_type
        if kind.code == ROOT_TYPE:
            label = _("%(portal)s portal") % {"portal": kind.portal}
            return Option(self.key_of(resource), label, resource, _("Portal access"))
        detail = f"{kind} · {kind.portal}"
        names = (resource.external_id,)
        return Option(self.key_of(resource), resource.name, resource, detail, names)

    @property
    def url(self) -> str:
        """The address that suggests resources."""
        chosen = {"portals": self.portals, "type": self.type}
        return (
            f"{reverse('portals:resource-options', args=[self.customer.slug])}?{urlencode(chosen)}"
        )
