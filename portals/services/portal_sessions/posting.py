"""Posting to a portal at the address in its manifest, and nowhere else.

A manifest is the provider's own, yet a name in it may come to mean another machine. By https at a
public address alone, unless the manifest names this machine, or HUB_PRIVATE_PORTALS the host. No
redirection is followed, and no proxy used.
"""

import os
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress

from accounts.domains import is_this_machine

TIMEOUT = 5  # seconds for a portal to answer


def post_to_portal(address: str, data: dict[str, str]) -> int:
    """Post a form to a portal, and return the status. Raises RequestException.

    The body of the answer is not read: it says nothing to the hub, and might have no end.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    is_here = is_this_machine(host)
    if is_here:
        _refuse_elsewhere(host, parts.port)
    elif parts.scheme != "https":
        raise requests.exceptions.InvalidSchema("only https is posted to another machine")
    is_filtered = not is_here and host not in settings.HUB_PRIVATE_PORTALS
    config = Config(
        ip_filter_enable=is_filtered,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=TIMEOUT,
        user_agent_override="hub",
    )
    with HTTPSession(config) as session:
        session.trust_env = False
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        with session.post(address, data=data, stream=True) as answer:
            return int(answer.status_code)


def _refuse_elsewhere(host: str, port: int | None) -> None:
    """Raise InvalidIPAddress where a name of this machine means another one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise requests.ConnectionError("the name is unknown") from error
    for *_rest, (address, *_port) in found:
        if not ip_address(str(address)).is_loopback:
            raise InvalidIPAddress(address)
