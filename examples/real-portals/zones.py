"""The domains portal: PowerDNS's API, of which each person reaches their own zones.

Standard library alone, one process behind Apache, on a Unix socket. It trusts no header: each
request brings a token of the hub, which says whose it is. `ZONES_…` come from the environment.
"""

import json
import os
from collections.abc import Callable, Iterable
from html import escape
from http import HTTPStatus
from socketserver import ThreadingMixIn, UnixStreamServer
from ssl import create_default_context
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlencode
from urllib.request import HTTPSHandler, Request, build_opener
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler

HUB, URL = os.environ["ZONES_HUB"], os.environ["ZONES_URL"]
CLIENT = {"client_id": os.environ["ZONES_ID"], "client_secret": os.environ["ZONES_SECRET"]}
POWERDNS, KEY = os.environ["ZONES_POWERDNS"], os.environ["ZONES_KEY"]
API = "/api/v1/servers/localhost/zones"
NAME_SERVERS = {"NS", "SOA", "DNSKEY", "CDNSKEY", "CDS", "NSEC3PARAM"}
open_url = build_opener(
    HTTPSHandler(context=create_default_context(cafile=os.environ["ZONES_CA"]))
).open
own_token = ""


class Refused(Exception):
    """The answer is this status."""


def call(url: str, body: bytes | None = None, method: str = "", **headers: str) -> Any:
    """Return the JSON of a program's answer, None for none. Raises HTTPError."""
    request = Request(url, body, headers, method=method or None)  # noqa: S310 -- our own addresses
    with open_url(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def person_of(authorization: str) -> dict[str, Any]:
    """Ask the hub whose token this is, and what they may do. Raises Refused."""
    token = authorization.removeprefix("Bearer ").strip()
    if token in ("", authorization):
        raise Refused(HTTPStatus.UNAUTHORIZED)
    fields = urlencode({**CLIENT, "token": token}).encode()
    claims: dict[str, Any] = call(f"{HUB}/identity/o/api/introspect", fields)
    if not claims["active"] or "sid" not in claims:
        raise Refused(HTTPStatus.UNAUTHORIZED)
    return claims


def require(person: dict[str, Any], zone: str, privilege: str) -> None:
    """Ask the hub whether the person may do this now. Raises Refused."""
    global own_token
    question = {
        "subject": {"type": "user", "id": person["sub"]},
        "action": {"name": privilege},
        "resource": {"type": "domain", "id": zone},
    }
    for attempt in (1, 2):
        headers = {"Authorization": f"Bearer {own_token}", "Content-Type": "application/json"}
        try:
            answer = call(f"{HUB}/access/v1/evaluation", json.dumps(question).encode(), **headers)
        except HTTPError as error:
            if error.code != HTTPStatus.UNAUTHORIZED or attempt == 2:
                raise
            fields = urlencode({**CLIENT, "grant_type": "client_credentials"}).encode()
            own_token = call(f"{HUB}/identity/o/api/token", fields)["access_token"]
            continue
        if answer["decision"] is not True:
            raise Refused(HTTPStatus.FORBIDDEN)
        return


def own_zones(person: dict[str, Any]) -> list[str]:
    """Return the zones that the person may see, by the permissions that the hub named."""
    named = (permission.split("/") for permission in person["permissions"])
    return [parts[1] for parts in named if parts[0] == "domain" and parts[2:] == ["view"]]


def powerdns(zone: str = "", body: bytes | None = None, method: str = "") -> Any:
    """Call PowerDNS about all zones, or one."""
    path = f"{API}/{quote(zone)}." if zone else API
    return call(f"{POWERDNS}{path}", body, method, **{"X-API-Key": KEY})


def api(person: dict[str, Any], method: str, path: str, body: bytes) -> Any:
    """Answer a call of PowerDNS's API: list zones, see one, change its records; nothing else."""
    zone = path.removeprefix(API).strip("/").rstrip(".")
    if method == "GET" and path.rstrip("/") == API:
        mine = set(own_zones(person))
        return [row for row in powerdns() if row["name"].rstrip(".") in mine]
    if not path.startswith(f"{API}/") or "/" in zone or method not in ("GET", "PATCH"):
        raise Refused(HTTPStatus.FORBIDDEN)
    if method == "PATCH":
        return change(person, zone, rrsets_of(body))
    require(person, zone, "view")
    return powerdns(zone)


def rrsets_of(body: bytes) -> list[dict[str, Any]]:
    """Return the record sets that a call changes. Raises Refused."""
    try:
        rrsets: list[dict[str, Any]] = json.loads(body)["rrsets"]
        if all(isinstance(rrset["name"] + rrset["type"], str) for rrset in rrsets):
            return rrsets
    except (ValueError, KeyError, TypeError):
        pass
    raise Refused(HTTPStatus.BAD_REQUEST)


def change(person: dict[str, Any], zone: str, rrsets: list[dict[str, Any]]) -> Any:
    """Change records, as far as the person may: name servers and keys are a permission apart."""
    for rrset in rrsets:
        at_top = rrset["name"].rstrip(".").lower() == zone.lower()
        delegates = at_top and rrset["type"].upper() in NAME_SERVERS
        require(person, zone, "manage_nameservers" if delegates else "manage_dns")
    return powerdns(zone, json.dumps({"rrsets": rrsets}).encode(), "PATCH")


def page(person: dict[str, Any], method: str, path: str, body: bytes) -> str:
    """Answer a browser: the list of zones, or one with its records."""
    zone = path.removeprefix("/zones/")
    if path == "/":
        links = [
            f'<li><a href="/zones/{escape(z)}">{escape(z)}</a></li>' for z in own_zones(person)
        ]
        return document(
            "Domains", person, f"<ul>{''.join(links) or '<li>No zone is yours.</li>'}</ul>"
        )
    if path == zone or "/" in zone:
        raise Refused(HTTPStatus.NOT_FOUND)
    if method == "POST":
        given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        name = f"{given.get('name', '')}.{zone}.".lstrip(".")
        record = {"content": given.get("content", ""), "disabled": False}
        rrset = {"name": name, "type": given.get("type", ""), "ttl": 300, "records": [record]}
        change(person, zone, [{**rrset, "changetype": "REPLACE"}])
    require(person, zone, "view")
    rows = [
        f"<tr><td>{escape(rrset['name'])}<td>{escape(rrset['type'])}<td>{escape(r['content'])}"
        for rrset in sorted(
            powerdns(zone)["rrsets"], key=lambda rrset: (rrset["name"], rrset["type"])
        )
        for r in rrset["records"]
    ]
    form = """<form method="post"><label>Name <input name="name"></label>
        <label>Type <input name="type" size="6" required></label>
        <label>Content <input name="content" required></label> <button>Add record</button></form>"""
    if f"domain/{zone}/manage_dns" not in person["permissions"]:
        wanted = {"type": "domain", "resource": zone, "privilege": "manage_dns"}
        ask = f"{HUB}/ask/?{urlencode({'portal': 'domains', **wanted, 'return': f'{URL}/'})}"
        form = f"""<p>You can't change {escape(zone)}.
            <a href="{escape(ask)}">Ask your Super User</a></p>"""
    return document(zone, person, f"<table>{''.join(rows)}</table>{form}")


def document(title: str, person: dict[str, Any], content: str) -> str:
    """Return a page."""
    out = f"/sign-in/callback?logout={quote(f'{URL}/signed-out', safe='')}"
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>
        <style>body {{ font: 16px system-ui; margin: 3rem auto; max-width: 46rem }}
        li, form {{ margin: .5rem 0 }} td {{ padding: .25rem 1.5rem .25rem 0 }}</style>
        <h1>{escape(title)}</h1><p>{escape(person["email"])} · <a href="/">Domains</a> ·
        <a href="{out}">Sign out</a></p>{content}"""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request (WSGI)."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    status, kind, text = HTTPStatus.OK, "application/json", ""
    try:
        body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), 100_000))
        person = person_of(environ.get("HTTP_AUTHORIZATION", ""))
        if path.startswith("/api/"):
            answer = api(person, method, path, body)
            status = HTTPStatus.OK if answer is not None else HTTPStatus.NO_CONTENT
            text = json.dumps(answer) if answer is not None else ""
        elif method == "POST" and environ.get("HTTP_ORIGIN") != URL:
            raise Refused(HTTPStatus.FORBIDDEN)  # a form of another site
        else:
            kind, text = "text/html; charset=utf-8", page(person, method, path, body)
    except Refused as refusal:
        status = refusal.args[0]
    except HTTPError as error:  # PowerDNS refuses a record; the hub is away
        status = HTTPStatus(error.code) if error.url.startswith(POWERDNS) else HTTPStatus(503)
    except OSError:
        status = HTTPStatus.SERVICE_UNAVAILABLE
    if status >= HTTPStatus.BAD_REQUEST:
        kind, text = "text/plain; charset=utf-8", status.phrase
    headers = [("Content-Type", kind), ("Cache-Control", "no-store")]
    start_response(f"{status.value} {status.phrase}", headers)
    return [text.encode()]


class Server(ThreadingMixIn, UnixStreamServer):
    """One thread for each request."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Serve WSGI on a Unix socket, which has no address."""

    def handle(self) -> None:
        """Answer one request."""
        self.raw_requestline = self.rfile.readline(65537)
        self.client_address = ("", 0)
        if self.parse_request():
            self.server.server_name, self.server.base_environ = "localhost", {}  # type: ignore[attr-defined]
            handler = ServerHandler(self.rfile, self.wfile, self.get_stderr(), self.get_environ())
            handler.request_handler = self  # type: ignore[attr-defined]
            handler.run(application)

    def address_string(self) -> str:
        """Return nothing: Apache knows it."""
        return ""

    def log_message(self, *_: Any) -> None:
        """Say nothing: Apache keeps the log."""


if __name__ == "__main__":
    Server(os.environ["ZONES_SOCKET"], Handler).serve_forever()
