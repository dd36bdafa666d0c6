"""Every page answers whatever its address asks for: each name that it reads, with odd values."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.http import QueryDict
from django.urls import reverse

from tests.test_access import ADDRESSES, READERS, arguments_of, ids

__all__ = ["ids"]  # a fixture

# Python turns at most 4,300 digits into a number, a database holds 19, and PostgreSQL no NUL.
ODD = ["9" * 5000, "9" * 19, "\0"]


@contextmanager
def names_read() -> Iterator[set[str]]:
    """Collect the names that a request's page looks for in its form or address."""
    names: set[str] = set()

    def recording(of_django):
        def read(self, name, *more, **others):
            names.add(name)
            return of_django(self, name, *more, **others)

        return read

    with pytest.MonkeyPatch.context() as patch:
        for method in ("__getitem__", "getlist", "__contains__"):
            patch.setattr(QueryDict, method, recording(getattr(QueryDict, method)))
        yield names


@pytest.mark.parametrize("reader", READERS)
def test_odd_values_are_answered(reader, ids, request, as_):
    client = as_(None if reader == "nobody" else request.getfixturevalue(reader))
    tried = 0
    for name, address in ADDRESSES.items():
        if address.method != "GET" or reader != address.reader:
            continue
        path = reverse(name, kwargs=arguments_of(address, ids))
        with names_read() as names:
            client.get(path)
        for each in names - {"csrfmiddlewaretoken"}:
            for text in ODD:
                tried += 1
                status = client.get(path, {each: text}).status_code
                assert status < 500, (name, each, text[:20])
    assert tried > 100 or reader not in ("alice", "olive")
