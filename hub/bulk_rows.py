"""Inserting rows by the million, with a progress bar on standard error."""

import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db.models import Model

BATCH = 2000

AnyModel = TypeVar("AnyModel", bound=Model)


def write(title: str, total: int, rows: Iterable[AnyModel]) -> None:
    """Insert the rows in batches, with a progress bar."""
    for _ in _batches(title, total, rows):
        pass


def create(title: str, total: int, rows: Iterable[AnyModel]) -> list[AnyModel]:
    """Insert the rows in batches and return them."""
    return [row for batch in _batches(title, total, rows) for row in batch]


def _batches(title: str, total: int, rows: Iterable[AnyModel]) -> Iterator[list[AnyModel]]:
    remaining = iter(rows)
    began = shown = time.monotonic()
    terminal = sys.stderr.isatty()
    done = 0
    while batch := list(islice(remaining, BATCH)):
        yield type(batch[0])._default_manager.bulk_create(batch)
        done += len(batch)
        if time.monotonic() - shown > (0.1 if terminal else 2):
            shown = time.monotonic()
            _show(title, done, total, shown - began, "\r" if terminal else "\n")
    _show(title, done, done, time.monotonic() - began, "\n")


def _show(title: str, done: int, total: int, seconds: float, end: str) -> None:
    filled = 30 * done // max(total, 1)
    bar = "█" * filled + "·" * (30 - filled)
    sys.stderr.write(f"{title:<24} {bar} {done:>9,} in {seconds:5.1f} s{end}")
    sys.stderr.flush()
