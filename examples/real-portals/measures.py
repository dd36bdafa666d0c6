"""Ask beside the browser: IMAP, PowerDNS's API, DNS."""

import imaplib
import ssl
import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import dns.message
import dns.query
import requests
from place import Place

PATIENCE = 20  # seconds until whatever is watched counts as never refused


def read_mailbox(place: Place, address: str, token: str) -> str:
    """Sign in to Dovecot with a token, and return the first email. Raises imaplib's error."""
    trusted = ssl.create_default_context(cafile=place.folder / "ca.pem")
    connection = imaplib.IMAP4_SSL(
        "localhost", place.ports["imap"], ssl_context=trusted, timeout=30
    )
    try:
        answer = f"user={address}\1auth=Bearer {token}\1\1".encode()
        connection.authenticate("XOAUTH2", lambda challenge: answer if not challenge else b"")
        connection.select("INBOX", readonly=True)
        parts = connection.fetch("1", "(BODY[])")[1][0]
        return parts[1].decode() if isinstance(parts, tuple) else ""
    finally:
        connection.shutdown()


def opens_mailbox(place: Place, address: str, token: str) -> bool:
    """Return whether Dovecot opens this mailbox for this token."""
    try:
        read_mailbox(place, address, token)
    except imaplib.IMAP4.error:
        return False
    return True


def call_api(place: Place, token: str, path: str = "", **change: Any) -> requests.Response:
    """Call PowerDNS's API through the portal, as a program does: GET, or PATCH with a change."""
    # Programs outside the browser know `localhost` alone.
    url = f"https://localhost:{place.ports['domains']}/api/v1/servers/localhost/zones{path}"
    return requests.request(
        "PATCH" if change else "GET",
        url,
        json=change or None,
        headers={"Authorization": f"Bearer {token}"},
        verify=str(place.folder / "ca.pem"),
        timeout=20,
    )


def resolve(place: Place, name: str) -> list[str]:
    """Ask PowerDNS for the addresses of a name."""
    question = dns.message.make_query(name, "A")
    answer = dns.query.udp(question, "127.0.0.1", port=place.ports["dns"], timeout=5)
    return [record.to_text() for rrset in answer.answer for record in rrset]


class Watch(Thread):
    """Ask again and again, beside the browser, until the answer is no."""

    def __init__(self, asks: Callable[[], bool]) -> None:
        """Begin at once."""
        super().__init__(daemon=True)
        self._asks = asks
        self.refused_at = 0.0
        self.start()

    def run(self) -> None:
        """Remember when the question was asked that was answered no: Dovecot delays a no."""
        deadline = time.time() + PATIENCE
        while time.time() < deadline:
            asked_at = time.time()
            if not self._asks():
                self.refused_at = asked_at
                return
            time.sleep(0.15)
