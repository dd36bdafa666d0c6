"""Errors that a worker logs and goes on from: in a race they are failures."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Collector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.errors.append(self.format(record))  # with its traceback


@contextmanager
def nothing_swallowed() -> Iterator[None]:
    """Fail if any thread of this process logs an error in this block."""
    collector = _Collector()
    logging.getLogger().addHandler(collector)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(collector)
    assert not collector.errors, "\n".join(collector.errors)
