"""Programs of the clients, each a process of its own."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests


@contextmanager
def running(
    command: list[str], *, address: str, output: Path, env: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a program that answers at this address, until the block ends."""
    with output.open("wb") as log:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 30
            while not _answers(address):
                said = output.read_text(errors="replace")
                assert process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def _answers(address: str) -> bool:
    try:
        requests.get(address, timeout=5)
    except requests.ConnectionError:
        return False
    return True
