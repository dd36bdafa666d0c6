"""The configuration file of examples/ for Traefik, with a real one: `make traefik`.

Debian has no package of it, so it is not among the tests of `make test`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.machine import free_port
from tests.oidc.test_proxies import lets_in_who_may, program_called, running, written_here


@contextmanager
def traefik(hub: str, behind: str, folder: Path) -> Iterator[str]:
    """Run Traefik with the example's file, over plain HTTP and on a free port."""
    program, port = program_called("traefik", "Traefik 3.4 or later"), free_port()
    text = written_here(
        "examples/traefik/portal.yml", hub, behind, {"statistics.harbour.example": "127.0.0.1"}
    )
    config = folder / "portal.yml"
    config.write_text(text)
    options = {
        "entrypoints.web.address": f"127.0.0.1:{port}",
        "providers.file.filename": config,
        "log.level": "ERROR",
    }
    command = [program, *(f"--{name}={value}" for name, value in options.items())]
    with running(command, port) as url:
        deadline = time.monotonic() + 20  # it listens before it has read the file
        while requests.get(url, timeout=20, allow_redirects=False).status_code == 404:
            assert time.monotonic() < deadline, "Traefik does not take the file"
            time.sleep(0.1)
        yield url


@pytest.mark.django_db(transaction=True)
def test_traefik_lets_in_who_may_and_nobody_else(
    live_server, tmp_path, signed_in, alice, bob, settings
):
    lets_in_who_may(traefik, live_server, tmp_path, signed_in, alice, bob, settings)
