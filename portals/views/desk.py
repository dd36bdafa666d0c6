"""The panel of the support desk's page: where a person is signed in."""

from typing import Any

from django.template.loader import render_to_string

from accounts.models import User
from portals.selectors.devices import devices_of


def sessions_panel(*, person: User, **_kept: Any) -> str:
    """Return the panel of a person's sessions and open portals (accounts.signals)."""
    devices, others = devices_of(person, None)
    if not devices and not others:
        return ""
    context = {"devices": devices, "others": others}
    return render_to_string("portals/_desk_sessions.html", context)
