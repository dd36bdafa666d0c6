"""Run `manage.py demo` for a test, with its own port, database and emails."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from hub.demo.environment import new_private_key
from tests.machine import free_ports

SLUGS = ["webmail", "statistics", "ticketing", "domains"]  # in the order of their ports
ROOT = Path(__file__).resolve().parent.parent
READY = "Ctrl-C stops everything"
DATABASE = "hub.sqlite3"  # in the demo's folder
FIND_TABLES = """
import django; django.setup()
from tests.template_database import print_path_of_tables; print_path_of_tables()
"""


def hub_environment(**variables: str) -> dict[str, str]:
    """Return an environment with these HUB_… variables and no others."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HUB_") and name != "DJANGO_SETTINGS_MODULE"
    }
    # An empty variable is treated as missing and takes precedence over a .env file.
    empty = dict.fromkeys(
        ["HUB_ENV", "HUB_SECRET_KEY", "HUB_BASE_URL", "HUB_DATABASE_URL", "HUB_EMAIL_URL"], ""
    )
    return {**inherited, **empty, "PYTHONUNBUFFERED": "1", **variables}


def demo_environment(folder: Path, port: int) -> dict[str, str]:
    """Return the environment of a demo in its own folder."""
    return hub_environment(
        HUB_ENV="demo",
        HUB_BIND=f"127.0.0.1:{port}",
        HUB_BASE_URL=f"http://localhost:{port}",
        HUB_SECRET_KEY="test-only-" + "x" * 40,  # as the tests: it opens the words of their log
        HUB_OIDC_PRIVATE_KEY=new_private_key(),
        HUB_DATABASE_URL=f"sqlite:///{folder}/{DATABASE}",
        HUB_EMAIL_URL=f"filemail:///{folder}/mail",
    )


@cache
def migrated_database() -> Path:
    """Return a SQLite database with all migrations, to copy; `migrate` has nothing left to do."""
    environment = os.environ | {"HUB_ENV": "test", "DJANGO_SETTINGS_MODULE": "tests.settings"}
    environment.pop("HUB_DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", FIND_TABLES],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
    )
    return Path(done.stdout.decode().strip())


@dataclass
class Demo:
    """A running demo."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    log: Path

    @property
    def url(self) -> str:
        return self.environment["HUB_BASE_URL"]

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    def portal(self, slug: str) -> str:
        """Return the address of a portal."""
        return f"http://{slug}.localhost:{self.port + 1 + SLUGS.index(slug)}"

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def children(self) -> list[int]:
        """Return the process ids of web server, worker and portals."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 180  # on a busy machine
        while READY not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Stop it by a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def running_demo(
    folder: Path,
    port: int | None = None,
    *,
    portals: bool = False,
    history: bool = False,
    from_nothing: bool = False,
    **variables: str,
) -> Iterator[Demo]:
    """Start a demo with these HUB_… variables, wait until it is ready, and stop it afterwards.

    Its people have no history unless asked for: it loads in a fifth of the time. Its tables are a
    copy, unless it begins `from_nothing`, or its folder has a database.
    """
    if not from_nothing and not (folder / DATABASE).exists():
        shutil.copy(migrated_database(), folder / DATABASE)
    environment = demo_environment(folder, port or free_ports(1 + len(SLUGS))) | variables
    options = [*([] if portals else ["--no-portals"]), *([] if history else ["--no-history"])]
    log = folder / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", *options],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    demo = Demo(process, environment, log)
    try:
        demo.wait_until_ready()
        yield demo
    finally:
        demo.stop()


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a management command with these HUB_… variables and no others."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=hub_environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
