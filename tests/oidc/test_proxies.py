"""The configuration files of examples/ for portals behind a proxy, with a real nginx and Caddy."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
import requests
from django.utils import timezone

from accounts.models import User
from portals.models import Portal, Resource
from portals.services.credentials import issue_credentials
from tests.machine import free_port

PATHS = "/usr/sbin:/usr/bin:/sbin"  # nginx is not on the PATH of everybody


class Statistics(BaseHTTPRequestHandler):
    """The portal behind the proxy: it shows the user that it was told."""

    def do_GET(self) -> None:
        text = f"{self.headers.get('Remote-User')} {self.headers.get('X-Hub-Company')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def portal_behind() -> Iterator[str]:
    """Run the portal's own server, and yield its address."""
    server = HTTPServer(("127.0.0.1", 0), Statistics)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[str]:
    """Run a proxy, and yield its address once it listens."""
    process = subprocess.Popen(command, env=os.environ | environment)
    try:
        deadline = time.monotonic() + 20
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert time.monotonic() < deadline, f"{command[0]} does not listen"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def program_called(name: str, package: str) -> str:
    """Return the path of a proxy; skip the test where it is not installed."""
    program = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PATHS}")
    if program is None:
        pytest.skip(f"no {name} on this machine (install {package})")
    return program


def written_here(example: str, hub: str, behind: str, changes: dict[str, str]) -> str:
    """Return a file of examples/ with the names of this test in the place of its own."""
    text = Path(example).read_text()
    changes |= {
        "https://hub.harbour.example": hub,
        "http://127.0.0.1:8080": behind,
    }
    for written, here in changes.items():
        assert written in text
        text = text.replace(written, here)
    return text


def host_of(hub: str) -> dict[str, str]:
    """Return the change of the hub's host, which nginx and Caddy name in a header."""
    return {"Host hub.harbour.example": f"Host {urlsplit(hub).netloc}"}


@contextmanager
def nginx(hub: str, behind: str, folder: Path) -> Iterator[str]:
    """Run nginx with the example's file, over plain HTTP and on free ports."""
    program, port = program_called("nginx", "nginx-light"), free_port()
    changes = {"listen 443 ssl;": f"listen 127.0.0.1:{port};"} | host_of(hub)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; absolute_redirect off; {temporary}\n"
        f"{written_here('examples/nginx/portal.conf', hub, behind, changes)}\n}}"
    )
    with running([program, "-c", str(config), "-e", str(folder / "error.log")], port) as url:
        yield url


@contextmanager
def caddy(hub: str, behind: str, folder: Path) -> Iterator[str]:
    """Run Caddy with the example's file, over plain HTTP and on free ports."""
    program, port = program_called("caddy", "caddy"), free_port()
    changes = {"statistics.harbour.example {": f"http://127.0.0.1:{port} {{"} | host_of(hub)
    config = folder / "Caddyfile"
    options = "{\n\tadmin off\n\tauto_https off\n\tlog {\n\t\tlevel ERROR\n\t}\n}\n"
    config.write_text(options + written_here("examples/caddy/Caddyfile", hub, behind, changes))
    command = [program, "run", "--config", str(config), "--adapter", "caddyfile"]
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with running(command, port, **home) as url:
        yield url


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("proxy", [nginx, caddy])
def test_a_proxy_lets_in_who_may_and_nobody_else(
    proxy, live_server, tmp_path, signed_in, alice, bob, settings
):
    lets_in_who_may(proxy, live_server, tmp_path, signed_in, alice, bob, settings)


def lets_in_who_may(proxy, live_server, tmp_path, signed_in, alice, bob, settings):
    """Visit a portal behind a proxy as people who may and who may not."""
    settings.HUB_BASE_URL = live_server.url
    portal = Portal.objects.get(slug="statistics")
    issue_credentials(actor=None, portal=portal)

    with portal_behind() as behind, proxy(live_server.url, behind, tmp_path) as url:
        Portal.objects.filter(pk=portal.pk).update(
            home_url=f"{url}/", redirect_uris=[f"{url}/.hub/callback"]
        )

        def visit(person: User, path: str) -> requests.Response:
            with requests.Session() as browser:
                hub = signed_in(person)
                browser.cookies.set(
                    settings.SESSION_COOKIE_NAME,
                    hub.cookies[settings.SESSION_COOKIE_NAME].value,
                    domain="localhost.local",
                )
                # The proxy replaces what a browser has no business to say.
                browser.headers["Remote-User"] = "root@alder.example"
                browser.headers["X-Hub-Permission"] = "usage_report/alder-web/manage"
                return browser.get(f"{url}{path}", timeout=20)

        assert visit(alice, "/reports/alder-web/?a=1&b=2").text == "alice@alder.example alder"
        assert visit(alice, "/").text == "alice@alder.example alder"
        Resource.objects.filter(external_id="alder-web").update(
            external_id="other", held_since=timezone.now()
        )
        assert visit(alice, "/reports/alder-web/").status_code == 403
        assert visit(alice, "/").status_code == 200
        refused = visit(bob, "/")
        assert refused.status_code == 403
        assert "You can't open Usage statistics" in refused.text
        assert requests.get(f"{url}/.hub/check", timeout=20).status_code == 404
