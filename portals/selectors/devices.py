"""The browsers in which a person is signed in, with the portals opened from each."""

from dataclasses import dataclass, field

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from accounts.countries import country_of
from accounts.models import User
from accounts.selectors.company_sign_in import company_in_session
from portals.choices import HUB_SESSION_KEY, SignInScope
from portals.models import PortalConsent, PortalSession

# A sign in the browser's own words → its name; the first that fits.
BROWSERS = {
    "Edg/": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@dataclass
class Device:
    """One browser in which a person is signed in."""

    session: UserSession
    is_current: bool
    company: str = ""  # through whose own sign-in it was
    portals: list[PortalSession] = field(default_factory=list)

    @property
    def browser(self) -> str:
        """The browser's name, "" where it does not say one."""
        return _first(BROWSERS, self.session.user_agent)

    @property
    def system(self) -> str:
        """The operating system's name, "" where the browser does not say one."""
        return _first(SYSTEMS, self.session.user_agent)

    @property
    def country(self) -> str:
        """The country that its network address belongs to, "" where that is unknown."""
        return country_of(self.session.ip)


def devices_of(user: User, session_key: str | None) -> tuple[list[Device], list[PortalSession]]:
    """Return the devices, this one first, then the newest; and portal sessions of no device.

    These outlived the hub session that they were opened from, with a refresh token.
    """
    opened: dict[str, list[PortalSession]] = {}
    for session in (
        PortalSession.objects.filter(user=user, ended_at=None, client__portal__isnull=False)
        .select_related("client__portal", "customer")
        .order_by("started_at")
    ):
        opened.setdefault(session.hub_session, []).append(session)
    listed = {session.session_key: session for session in UserSession.objects.purge_and_list(user)}
    devices = []
    for stored in Session.objects.filter(session_key__in=listed):
        kept = stored.get_decoded()
        device = Device(listed[stored.session_key], stored.session_key == session_key)
        device.company = company_in_session(kept)
        device.portals = opened.pop(kept.get(HUB_SESSION_KEY, ""), [])
        devices.append(device)
    devices.sort(key=lambda device: device.session.created_at, reverse=True)
    devices.sort(key=lambda device: not device.is_current)
    return devices, [session for rest in opened.values() for session in rest]


def consents_of(user: User) -> list[tuple[PortalConsent, list[str]]]:
    """Return what the person agreed to tell portals: each consent with its scopes in words."""
    consents = PortalConsent.objects.filter(user=user, client__portal__isnull=False)
    return [
        (consent, [str(SignInScope(scope).label) for scope in consent.scopes])
        for consent in consents.select_related("client__portal").order_by("given_at")
    ]


def _first(names: dict[str, str], text: str) -> str:
    return next((name for sign, name in names.items() if sign in text), "")
