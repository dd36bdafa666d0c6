"""Reading HUB_… variables; what is missing or not understood is one clear line naming it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from warnings import catch_warnings

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()


def required(name: str) -> str:
    """A variable the hub cannot start without. Raises ImproperlyConfigured."""
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"Set {name} (in the environment or in .env).")
    return value


def optional(name: str, default: str) -> str:
    """A variable that may be missing, or empty, which is the same."""
    return env.str(name, default="") or default


def understood(name: str, value: str, parse: Callable[[str], Any]) -> Any:
    """A variable's value, parsed. Raises ImproperlyConfigured naming the variable."""
    try:
        with catch_warnings(action="error"):
            return parse(value)
    except (ValueError, UserWarning, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} is not understood: {error}") from error


def web_address(value: str) -> str:
    """An https address without its last slash; http on this machine alone. Raises ValueError."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"“{value}” is not a web address")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("passwords travel to it, so it begins with https://")
    return value.rstrip("/")


def secret(value: str) -> str:
    """A secret nobody guesses, as `openssl rand -base64 48` makes one. Raises ValueError."""
    if len(value) < 32:
        raise ValueError("it needs 32 characters or more")
    return value


def secrets(value: str) -> list[str]:
    """Several of them, separated by commas; none is fine. Raises ValueError."""
    return [secret(one.strip()) for one in value.split(",") if one.strip()]


def loopback_bind(value: str) -> str:
    """A host and port that only this machine reaches. Raises ValueError."""
    if value.rpartition(":")[0] not in ("127.0.0.1", "localhost", "[::1]"):
        raise ValueError("the demo listens on a loopback address only, like 127.0.0.1:8000")
    return value
