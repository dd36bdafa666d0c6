"""A portal that signs people in with a client library: its pages for a browser and for the hub.

    /start?method=M          leads to the hub; M is how the portal proves its secret
    /callback                signs in, calls every endpoint, and shows all that the library answers
    /sign-out, /signed-out   through the hub and back
    /back-channel-logout     where the hub tells that a session ended
    /ended                   the `sid` of each session that ended so
    /own-token?method=…      asks for a token of the portal itself with other credentials

openid_client/portal.mjs is the same in JavaScript.
"""

import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

SCOPES = ["openid", "profile", "email", "company", "groups", "permissions", "offline_access"]


class Library(Protocol):
    """The acts of a client library, on its own terms."""

    def start(self, method: str) -> str:
        """Return the address at the hub."""

    def finish(self, query: dict[str, str]) -> dict[str, Any]:
        """Sign in; return what the library answers at each endpoint."""

    def sign_out(self) -> str:
        """Return the address at the hub."""

    def signed_out(self, query: dict[str, str]) -> None:
        """Check that the person comes back from the sign-out that was asked for."""

    def ended_session(self, logout_token: str) -> str:
        """Verify a logout token and return its `sid`."""

    def own_token(self, method: str, client_id: str, client_secret: str) -> dict[str, Any]:
        """Return the hub's answer to a request by client credentials."""


@contextmanager
def served(port: int, library: Library) -> Iterator[None]:
    """Serve a portal with this library in a thread."""
    ended: list[str] = []

    class Pages(BaseHTTPRequestHandler):
        """The pages; a fault is shown whole, because the test prints it."""

        def do_GET(self) -> None:
            self.answer(self.page)

        def do_POST(self) -> None:
            self.answer(self.back_channel_logout)

        def page(self) -> tuple[int, Any]:
            address = urlsplit(self.path)
            query = dict(parse_qsl(address.query, keep_blank_values=True))
            match address.path:
                case "/start":
                    return 302, library.start(query["method"])
                case "/callback":
                    return 200, library.finish(query)
                case "/sign-out":
                    return 302, library.sign_out()
                case "/signed-out":
                    return 200, library.signed_out(query)
                case "/own-token":
                    return 200, library.own_token(**query)
                case "/ended":
                    return 200, ended
            return 404, None

        def back_channel_logout(self) -> tuple[int, Any]:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            ended.append(library.ended_session(form["logout_token"]))
            return 200, None

        def answer(self, page: Any) -> None:
            try:
                status, content = page()
            except Exception:
                status, content = 400, traceback.format_exc()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", content)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Pages)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
