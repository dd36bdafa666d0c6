"""Read HUB_… variables; a missing or invalid one is reported in one line with its name."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from warnings import catch_warnings

import environ
from django.core.exceptions import ImproperlyConfigured

from accounts.domains import address_to_ascii, url_to_ascii

env = environ.Env()


def required(name: str) -> str:
    """Return the value of a required variable. Raises ImproperlyConfigured."""
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"Set {name} (in the environment or in .env).")
    return value


def optional(name: str, default: str) -> str:
    """Return the value of a variable, or the default if it is missing or empty."""
    return env.str(name, default="") or default


def parsed(name: str, value: str, parse: Callable[[str], Any]) -> Any:
    """Return a variable's value, parsed. Raises ImproperlyConfigured with its name."""
    try:
        with catch_warnings(action="error"):
            return parse(value)
    except (ValueError, UserWarning, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} is not understood: {error}") from error


def one_of(name: str, *values: str) -> str:
    """Return the value of a variable that takes these, the first by default."""
    value = optional(name, values[0])
    if value not in values:
        raise ImproperlyConfigured(f"{name} is one of: {', '.join(values)}.")
    return value


def mail_address(name: str, default: str) -> str:
    """Return an address of the provider's, its domain as IDNA 2008 writes it; empty may be one."""
    value = optional(name, default)
    address: str = parsed(name, value, address_to_ascii) if value else ""
    if value and not address.partition("@")[2]:
        raise ImproperlyConfigured(f"{name} is not understood: “{value}” is no address.")
    return address


def web_address(value: str) -> str:
    """Return an https URL without its last slash; http is for loopback hosts. Raises ValueError."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"“{value}” is not a web address")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("passwords travel to it, so it begins with https://")
    return url_to_ascii(value).rstrip("/")


def has_name(host: str) -> bool:
    """Return whether a host has a name, not only an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def secret(value: str) -> str:
    """Return a secret of 32 characters or more (`openssl rand -base64 48`). Raises ValueError."""
    if len(value) < 32:
        raise ValueError("it needs 32 characters or more")
    return value


def secrets(value: str) -> list[str]:
    """Return a comma-separated list of secrets, which may be empty. Raises ValueError."""
    return [secret(part.strip()) for part in value.split(",") if part.strip()]


def loopback_bind(value: str) -> str:
    """Return a host and port on a loopback address. Raises ValueError."""
    if value.rpartition(":")[0] not in ("127.0.0.1", "localhost", "[::1]"):
        raise ValueError("the demo listens on a loopback address only, like 127.0.0.1:8000")
    return value
