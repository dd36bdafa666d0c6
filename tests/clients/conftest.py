"""Fixtures: one running hub for all tests of this folder, and a portal with each client."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.clients import with_apache, with_openid_client
from tests.clients.browser import Browser
from tests.clients.portal import served
from tests.clients.with_apache import running_apache
from tests.clients.with_authlib import WithAuthlib
from tests.clients.with_idpyoidc import WithIdpyoidc
from tests.clients.with_openid_client import running_openid_client
from tests.demo import ROOT, demo_environment, manage, running_demo
from tests.machine import free_ports

LIBRARIES = {"authlib": WithAuthlib, "idpyoidc": WithIdpyoidc}  # those in this process
APACHE_HOSTS = {"apache": "client_secret_basic", "apache-post": "client_secret_post"}
PORTALS = [*LIBRARIES, "openid-client", *APACHE_HOSTS]
# Clients send these in the form, in HTTP Basic as they are, and in Basic form-encoded.
SECRET = "a+b/c=d%41%25&e:f é g;h?i#j and some more of it"
AWKWARD = {
    "plus": "a+b and a plus to the end+ of it",
    "percent": "%41%2B%zz%-100% of a hundred per",
    "control": "encoded%0Abreaks%00and%7Fdeletes",
    "separators": "a/b=c&d:e;f?g#h@i,j|k'l(m)n*o~p!",
    "quotes": "a\"b'c\\d`e<f>g{h}i[j]k^l$m_n-o.p",
    "latin": "é à ç ü ß ñ ø å, which is Latin 1",
    "symbols": "漢字 and Ω and 🐟, far from Latin 1",
}
MANIFEST = """
kind = "other"
name = {{ en = "{slug}", fr = "{slug}" }}
home_url = "{home}/"
redirect_uris = [{redirects}]
auto_register = true

[sign_in]
post_logout_redirect_uris = ["{home}/signed-out"]
backchannel_logout_uri = "{logout}"
"""


@dataclass
class Clients:
    """The running hub, and where each portal is."""

    hub: str
    homes: dict[str, str]
    ids: dict[str, str]
    database: Path
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        """Run a management command of the hub, and return what it says."""
        done = manage(*arguments, **{k: v for k, v in self.environment.items() if "HUB_" in k})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, sql: str) -> None:
        """Change the hub's database, as time would."""
        with closing(sqlite3.connect(self.database, timeout=20)) as hub, hub:
            hub.execute(sql)

    def untold(self) -> list[tuple[str, str]]:
        """Return the portals that don't know yet of a logout, and what they answered."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as hub:
            return hub.execute(
                "SELECT p.slug, n.problem FROM portals_logoutnotice n"
                " JOIN portals_portalsession s ON s.id = n.session_id"
                " JOIN portals_portal p ON p.client_id = s.client_id WHERE n.sent_at IS NULL"
            ).fetchall()

    def ended(self, slug: str) -> list[str]:
        """Return the sessions of which the hub told a portal that they ended."""
        return Browser().get(f"{self.homes[slug]}/ended", timeout=20).json()


@pytest.fixture(scope="session")
def example(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Path:
    """Return a folder with a copy of the kept database, which takes less than to load it again."""
    folder = tmp_path_factory.mktemp("clients")
    with django_db_blocker.unblock(), closing(sqlite3.connect(folder / "hub.sqlite3")) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)
    return folder


@pytest.fixture(scope="session")
def clients(example: Path) -> Iterator[Clients]:
    """Run the hub and the portals."""
    if not with_openid_client.is_installed():
        pytest.skip("openid-client is not installed (install npm, then make test)")
    if not with_apache.is_installed():
        pytest.skip("no Apache with mod_auth_openidc (install libapache2-mod-auth-openidc)")
    port = free_ports(len(PORTALS) + 3)
    ports = {slug: port + number for number, slug in enumerate(PORTALS, start=1)}
    hub = f"http://localhost:{port}"
    # Another name than the hub's: cookies don't know ports.
    homes = {slug: f"http://127.0.0.1:{own}" for slug, own in ports.items()}
    with ExitStack() as stack:
        environment = demo_environment(example, port)
        ids = add_portals(environment, example, homes)
        demo = stack.enter_context(running_demo(example, port))
        for slug, library in LIBRARIES.items():
            portal = library(hub, homes[slug], ids[slug], SECRET)
            stack.enter_context(served(ports[slug], portal))
        known = (ids["openid-client"], SECRET, example / "node.log")
        stack.enter_context(running_openid_client(hub, homes["openid-client"], *known))
        hosts = {ports[slug]: (ids[slug], method) for slug, method in APACHE_HOSTS.items()}
        stack.enter_context(running_apache(hub, hosts, SECRET))
        yield Clients(hub, homes, ids, example / "hub.sqlite3", environment)
        assert "Traceback" not in demo.output


def add_portals(environment: dict[str, str], folder: Path, homes: dict[str, str]) -> dict[str, str]:
    """Add a portal for each client, and one for each awkward secret."""
    manifests = {}
    for slug, home in homes.items():
        callback, logout = "callback", "back-channel-logout"
        if slug in APACHE_HOSTS:
            callback, logout = "sign-in/callback", "sign-in/callback?logout=backchannel"
        manifests[slug] = MANIFEST.format(
            slug=slug, home=home, redirects=f'"{home}/{callback}"', logout=f"{home}/{logout}"
        )
    callback = f'"{homes["authlib"]}/callback"'  # which refuses what it did not ask for
    manifests["kept"] = MANIFEST.format(
        slug="kept", home=homes["authlib"], redirects=callback, logout=""
    )
    manifests["kept"] += "refresh_grace = 30\n"
    secrets = dict.fromkeys([*homes, "kept"], SECRET)
    for name, secret in AWKWARD.items():
        secrets[f"secret-{name}"] = secret
        manifests[f"secret-{name}"] = MANIFEST.format(
            slug=name, home="https://p.example", redirects="", logout=""
        )
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"manifests": manifests, "secrets": secrets}))
    done = subprocess.run(
        [sys.executable, "-m", "tests.clients.prepare", str(plan)],
        cwd=ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "hub.settings"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def visitor() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened
