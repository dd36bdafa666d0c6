"""The password of all example people."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth import base_user
from django.contrib.auth.hashers import make_password

PASSWORD = "harbour-example-2026"  # noqa: S105 — public, the demo shows it


@contextmanager
def hashed_once() -> Iterator[None]:
    """Give everybody one hash of the password: it is slow by design, and this one is no secret."""
    hashed = make_password(PASSWORD)
    names = vars(base_user)  # where `set_password` looks the function up
    names["make_password"] = lambda text: hashed if text == PASSWORD else make_password(text)
    try:
        yield
    finally:
        names["make_password"] = make_password
