"""Where the hub posts that a session ended: the manifest's address, and no other machine's."""

import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress

from portals.services.portal_sessions.posting import post_to_portal

PORTAL = "https://portal.example/back-channel-logout"
PUBLIC = "93.184.216.34"
PRIVATE = [
    "10.0.0.7",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "169.254.169.254",  # where clouds keep their secrets
    "100.64.0.1",
    "0.0.0.0",
    "::1",
    "fd00::1",
    "fe80::1",
    "::ffff:10.0.0.7",
]


@pytest.fixture
def names(monkeypatch):
    """names["host"] = address: what the DNS says. Anything else is unknown."""
    known = {}

    def look_up(host, port, *_args, **_kwargs):
        if host not in known:
            raise socket.gaierror(host)
        address = known[host]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.fixture
def connections(monkeypatch):
    """The addresses to which something connected; each connection then fails."""
    made = []

    def connect(address, *_args, **_kwargs):
        made.append(address[0].strip("[]"))
        raise OSError("refused")

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    return made


class _Portal(BaseHTTPRequestHandler):
    paths: list[str] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.paths.append(self.path)
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.paths.append(self.path)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def here():
    _Portal.paths = []
    server = HTTPServer(("127.0.0.1", 0), _Portal)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_a_public_address_is_asked_and_the_one_that_was_checked(names, connections):
    names["portal.example"] = PUBLIC

    with pytest.raises(requests.ConnectionError):
        post_to_portal(PORTAL, {})

    assert set(connections) == {PUBLIC}


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_means_a_private_address_is_refused(names, connections, address):
    names["portal.example"] = address

    with pytest.raises(InvalidIPAddress):
        post_to_portal(PORTAL, {})

    assert connections == []


@pytest.mark.parametrize("address", ["10.0.0.7", "169.254.169.254", "[fd00::1]"])
def test_a_private_address_in_the_manifest_itself_is_refused(connections, address):
    with pytest.raises(InvalidIPAddress):
        post_to_portal(f"https://{address}/back-channel-logout", {})

    assert connections == []


def test_a_host_that_the_setting_names_may_be_private(names, connections, settings):
    settings.HUB_PRIVATE_PORTALS = {"portal.example"}
    names.update({"portal.example": "10.0.0.7", "other.example": "10.0.0.7"})

    with pytest.raises(requests.ConnectionError):
        post_to_portal(PORTAL, {})
    assert set(connections) == {"portal.example"}

    for other in ("https://other.example/", "https://sub.portal.example/"):
        names["sub.portal.example"] = "10.0.0.7"
        with pytest.raises(InvalidIPAddress):
            post_to_portal(other, {})


def test_the_setting_is_read_from_the_environment():
    from tests.hub.test_demo_command import manage

    done = manage(
        "shell",
        "-c",
        "from django.conf import settings; print(sorted(settings.HUB_PRIVATE_PORTALS))",
        HUB_ENV="demo",
        HUB_SECRET_KEY="x" * 50,
        HUB_PRIVATE_PORTALS="A.lan.example, b.lan.example",
    )
    assert "['a.lan.example', 'b.lan.example']" in done.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_asked_by_http_where_the_manifest_names_it(here, host):
    assert post_to_portal(f"http://{host}:{here}/back-channel-logout", {"x": "1"}) == 200
    assert _Portal.paths == ["/back-channel-logout"]


@pytest.mark.parametrize("address", [PUBLIC, "10.0.0.7", "fd00::1"])
def test_a_name_of_this_machine_that_means_another_is_refused(names, connections, address):
    names["webmail.localhost"] = address

    with pytest.raises(InvalidIPAddress):
        post_to_portal("http://webmail.localhost:8001/back-channel-logout", {})

    assert connections == []


@pytest.mark.parametrize("scheme", ["http", "ftp", "file"])
def test_another_machine_is_asked_by_https_alone(names, connections, settings, scheme):
    settings.HUB_PRIVATE_PORTALS = {"portal.example"}
    names["portal.example"] = PUBLIC

    with pytest.raises(requests.exceptions.InvalidSchema):
        post_to_portal(f"{scheme}://portal.example/back-channel-logout", {})

    assert connections == []


def test_no_redirection_is_followed(here):
    assert post_to_portal(f"http://127.0.0.1:{here}/moved", {}) == 302
    assert _Portal.paths == ["/moved"]


def test_no_proxy_of_the_environment_is_used(names, connections, monkeypatch):
    """A proxy would resolve the name again."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    names["portal.example"] = PUBLIC

    with pytest.raises(requests.ConnectionError):
        post_to_portal(PORTAL, {})

    assert set(connections) == {PUBLIC}


def test_certificates_are_checked_also_by_an_authority_of_ones_own(names, monkeypatch, settings):
    checked = []
    monkeypatch.setattr(
        HTTPAdapter,
        "cert_verify",
        lambda _self, _connection, _url, verify, _cert: checked.append(verify),
    )
    monkeypatch.setattr(
        "urllib3.util.connection.create_connection",
        lambda *_a, **_k: (_ for _ in ()).throw(OSError),
    )
    settings.HUB_PRIVATE_PORTALS = {"portal.example"}
    names["portal.example"] = "10.0.0.7"
    for authority in (None, "/etc/own.pem"):
        if authority:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority)
        else:
            monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        with pytest.raises(requests.ConnectionError):
            post_to_portal(PORTAL, {})

    assert checked == [True, "/etc/own.pem"]
