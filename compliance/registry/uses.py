"""Uses of data that code must ask for before it begins them (L18).

A new purpose in the registry shows as drift until a notice states it, and begins person by person:
`compliance.selectors.uses` says for whom. A use is declared here, with the data item and the
purpose that a notice has to state. Its code asks `require_use` or filters by `people_for`.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from compliance.registry.items import Purpose, Text


@dataclass(frozen=True)
class Use:
    """A use of one data item for one purpose; some need the person's own consent as well."""

    code: str
    label: Text
    item: str
    purpose: Purpose
    needs_consent: bool = False  # a yes to a topic for resellers, which is express (R29)


REFERRALS = Use(
    "referrals",
    _("your name, in the one email to somebody you refer"),
    "account",
    Purpose.PROGRAMMES,
)
RESELLER_ALERTS = Use(
    "reseller_alerts",
    _("your address, for reseller alerts"),
    "email_settings",
    Purpose.PROGRAMMES,
    needs_consent=True,
)
USES = (REFERRALS, RESELLER_ALERTS)
