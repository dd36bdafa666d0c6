"""Set-up that many tests share: made once, and what each test does to it is undone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from django.db import transaction
from django.test import override_settings


@contextmanager
def undone() -> Iterator[None]:
    """Roll back what happens inside, where durable transactions may run as in any test."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def made_once(make: Callable[[], Any], scope: Literal["module", "class"] = "module") -> Any:
    """Return a fixture of a module or class: what `make` returns, and its rows until the last test.

    A test that changes what it gets needs a copy of its own (`deepcopy`), and `db` or `undone` for
    the rows.
    """

    @pytest.fixture(scope=scope)
    def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
        with django_db_blocker.unblock(), undone():
            with override_settings(EMAIL_BACKEND="preferences.gate.GateBackend"):
                given = make()
            yield given

    return made
