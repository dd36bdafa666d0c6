"""The demo's portals: the reference portal of `examples/portal/`, run once for each manifest."""

import sys
from dataclasses import dataclass, replace

from django.conf import settings

from hub.example import MANIFESTS
from hub.serving import split_bind
from portals.models import Portal
from portals.services.credentials import issue_credentials
from portals.services.manifests import Manifest, apply_manifest, read_manifest

SLUGS = ("webmail", "statistics", "ticketing", "domains")
COMMAND = [sys.executable, str(settings.BASE_DIR / "examples" / "portal")]


@dataclass(frozen=True)
class DemoPortal:
    """One portal of the demo, under a name of its own: cookies don't know ports."""

    slug: str
    host: str  # where it listens, as in HUB_BIND
    port: int

    @property
    def bind(self) -> str:
        """Return host and port, as in HUB_BIND."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Return its address for browsers, which know that *.localhost is this machine."""
        return f"http://{self.slug}.localhost:{self.port}"

    def manifest(self) -> Manifest:
        """Return its manifest with addresses on this machine.

        The hub itself calls `localhost`: outside a browser, few machines know *.localhost.
        """
        manifest = read_manifest(MANIFESTS / f"{self.slug}.toml")
        return replace(
            manifest,
            home_url=f"{self.url}/",
            redirect_uris=(f"{self.url}/sign-in/callback",),
            sign_in=replace(
                manifest.sign_in,
                post_logout_redirect_uris=(f"{self.url}/signed-out",),
                backchannel_logout_uri=f"http://localhost:{self.port}/back-channel-logout",
            ),
        )


def demo_portals() -> list[DemoPortal]:
    """Return the demo's portals, on the ports above the hub's. Raises CannotListen."""
    split_bind(settings.HUB_BIND)
    host, _, port = settings.HUB_BIND.rpartition(":")
    return [DemoPortal(slug, host, int(port) + n) for n, slug in enumerate(SLUGS, start=1)]


def prepare_portal(portal: DemoPortal) -> dict[str, str]:
    """Apply a portal's manifest, and return the environment to run it with fresh credentials."""
    apply_manifest(actor=None, manifest=portal.manifest())
    credentials = issue_credentials(actor=None, portal=Portal.objects.get(slug=portal.slug))
    return {
        "PORTAL_MANIFEST": str(MANIFESTS / f"{portal.slug}.toml"),
        "PORTAL_URL": portal.url,
        "PORTAL_BIND": portal.bind,
        "PORTAL_CLIENT_ID": credentials.client_id,
        "PORTAL_CLIENT_SECRET": credentials.client_secret,
        "HUB_URL": settings.HUB_BASE_URL,
    }
