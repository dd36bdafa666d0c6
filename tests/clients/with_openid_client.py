"""A portal with openid-client: openid_client/portal.mjs, run by Node."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clients.processes import running
from tests.demo import ROOT

PACKAGES = ROOT / ".venv" / "openid-client"  # the Makefile installs them
PORTAL = Path(__file__).parent / "openid_client" / "portal.mjs"


def is_installed() -> bool:
    """Return whether this machine has Node and the package."""
    return (PACKAGES / "node_modules").exists() and shutil.which("node") is not None


@contextmanager
def running_openid_client(
    hub: str, home: str, client_id: str, client_secret: str, output: Path
) -> Iterator[None]:
    """Run the portal."""
    environment = {
        "PATH": os.environ["PATH"],
        "HUB_URL": hub,
        "PORTAL_URL": home,
        "CLIENT_ID": client_id,
        "CLIENT_SECRET": client_secret,
        "PACKAGES": str(PACKAGES),
    }
    command = ["node", str(PORTAL)]
    with running(command, address=f"{home}/ended", output=output, env=environment):
        yield
