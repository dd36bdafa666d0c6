"""A field that chooses a time zone while somebody types a city."""

from typing import Any

from django.conf import settings
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms.typeahead import TypeaheadField
from accounts.selectors.time_zones import ZoneOptions
from accounts.timezones import zone_called, zone_label


def _default() -> str:
    return _("Same as %(provider)s (%(zone)s)") % {
        "provider": settings.HUB_BRAND_NAME,
        "zone": zone_label(zone_called("")),
    }


class TimeZoneField(TypeaheadField):
    """A time zone by its name; empty for the provider's own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=gettext_lazy("Time zone"),
            options=ZoneOptions(),
            placeholder=lazy(_default, str)(),
            required=False,
            **kwargs,
        )

    def clean(self, value: Any) -> str:
        """Return the name of the zone. Raises: ValidationError where a text means none, or many."""
        return super().clean(value) or ""
