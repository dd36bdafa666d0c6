"""The presets of a customer, and which of their lines can be applied."""

from django.db.models import Prefetch

from accounts.models import Customer
from portals.choices import ROOT_TYPE
from portals.models import Preset, PresetLine
from portals.selectors.resources import subscriptions_of


def presets_of(customer: Customer) -> list[Preset]:
    """Return a customer's presets by name, with their lines."""
    lines = PresetLine.objects.select_related(
        "privilege__portal", "privilege__resource_type__portal"
    )
    presets = Preset.objects.filter(customer=customer).prefetch_related(Prefetch("lines", lines))
    return sorted(presets, key=lambda preset: preset.name.casefold())


def usable_lines(preset: Preset) -> list[PresetLine]:
    """Return the lines whose portal the customer still uses."""
    portals = set(subscriptions_of(preset.customer).values_list("portal", flat=True))
    return [line for line in preset.lines.all() if line.privilege.portal_id in portals]


def needs_resource_choice(line: PresetLine) -> bool:
    """Return whether applying a line asks for resources; a portal has only one root."""
    return not line.everywhere and line.privilege.resource_type.code != ROOT_TYPE
