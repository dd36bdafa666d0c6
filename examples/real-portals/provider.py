"""The hub in front of the portals: the demo's, behind TLS, with the portals' real addresses."""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests
from place import CannotStart, Place, fill_in
from processes import Processes

from hub.demo.environment import new_private_key

ROOT = Path(__file__).resolve().parents[2]
READY = "Ctrl-C stops everything"
SLUGS = ("webmail", "statistics", "ticketing", "domains")
CALLBACK = {"webmail": "/index.php/login/oauth"}  # the others: /sign-in/callback
# The table that each manifest gets. The hub itself calls `localhost`: few programs know
# *.localhost. Both programs refresh in parallel.
ROUNDCUBE = "pkce = false\nrefresh_grace = 30\n"
MOD_AUTH_OPENIDC = """\
post_logout_redirect_uris = ["@URL@/signed-out"]
backchannel_logout_uri = "https://localhost:@PORT@/sign-in/callback?logout=backchannel"
refresh_grace = 30
"""


class Provider:
    """The running hub, with the credentials of the four portals."""

    def __init__(self, place: Place) -> None:
        """Choose its keys and its database, both for this run alone."""
        self.place = place
        self.url = place.url("hub")
        self.authority = str(place.folder / "ca.pem")
        self.credentials: dict[str, dict[str, str]] = {}
        folder = place.folder_for("hub")
        folder.chmod(0o700)
        self.environment = {
            **{name: text for name, text in os.environ.items() if name[:4] != "HUB_"},
            "HUB_ENV": "demo",
            "HUB_BIND": f"127.0.0.1:{place.ports['hub_behind']}",
            "HUB_BASE_URL": self.url,
            "HUB_TRUSTED_PROXIES": "1",
            "HUB_SECRET_KEY": secrets.token_urlsafe(48),
            "HUB_OIDC_PRIVATE_KEY": new_private_key(),
            "HUB_DATABASE_URL": f"sqlite:///{folder}/hub.sqlite3",
            "HUB_EMAIL_URL": f"filemail:///{folder}/mail",
            "REQUESTS_CA_BUNDLE": self.authority,  # it calls the portals to sign people out
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    def start(self, processes: Processes) -> None:
        """Start it with the example provider, and register the portals. Raises CannotStart."""
        command = [sys.executable, "manage.py", "demo", "--no-portals", "--no-history"]
        processes.start("hub", command, env=self.environment, cwd=ROOT)
        log = processes.logs / "hub.out"
        deadline = time.monotonic() + 180
        while READY not in log.read_text(errors="replace"):
            processes.require_alive()
            if time.monotonic() > deadline:
                raise CannotStart("The hub does not answer after 180 seconds.")
            time.sleep(0.2)
        for slug in SLUGS:
            self._manage("portal", "apply", str(self._write_manifest(slug)))
            issued = self._manage("portal", "credentials", slug, "--json")
            self.credentials[slug] = json.loads(issued)
        self._run("examples/real-portals/example_access.py")

    def client(self, slug: str) -> dict[str, str]:
        """Return a portal's credentials as values for its settings."""
        issued = self.credentials[slug]
        return {"CLIENT_ID": issued["client_id"], "CLIENT_SECRET": issued["client_secret"]}

    def report(self, slug: str, resource: str, **body: Any) -> None:
        """Tell the hub, as a portal does, what exists: `resource` is `<type>/<id>`."""
        headers = {"Authorization": f"Bearer {self.token(slug)}"}
        url = f"{self.url}/api/v1/resources/{resource}"
        answer = requests.put(url, json=body, headers=headers, verify=self.authority, timeout=20)
        answer.raise_for_status()

    def token(self, slug: str, **fields: str) -> str:
        """Return a portal's own token, or with other `fields` a person's."""
        return str(self.tokens(slug, **fields)["access_token"])

    def tokens(self, slug: str, **fields: str) -> dict[str, Any]:
        """Ask the token endpoint for what `fields` say, by default for client credentials."""
        form = {"grant_type": "client_credentials", **fields} | self.credentials[slug]
        address = f"{self.url}/identity/o/api/token"
        answer = requests.post(address, data=form, verify=self.authority, timeout=20)
        answer.raise_for_status()
        tokens: dict[str, Any] = answer.json()
        return tokens

    def _write_manifest(self, slug: str) -> Path:
        """Write a copy of a portal's manifest with its addresses on this machine."""
        text = (ROOT / "portals" / "manifests" / f"{slug}.toml").read_text()
        url = self.place.url(slug)
        callback = url + CALLBACK.get(slug, "/sign-in/callback")
        text = re.sub(r"(?m)^home_url = .*$", f'home_url = "{url}/"', text)
        text = re.sub(r"(?m)^redirect_uris = .*$", f'redirect_uris = ["{callback}"]', text)
        table = ROUNDCUBE if slug == "webmail" else MOD_AUTH_OPENIDC
        table = fill_in(table, {"URL": url, "PORT": str(self.place.ports[slug])})
        file = self.place.folder_for("manifests") / f"{slug}.toml"
        file.write_text(f"{text}\n[sign_in]\n{table}")
        return file

    def _manage(self, *arguments: str) -> str:
        return self._run("manage.py", *arguments)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise CannotStart(f"{arguments[0]} failed:\n{done.stderr.strip()[-800:]}")
        return done.stdout
