"""The real demo, run for a test: `manage.py demo` on a port, database and mail of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hub.demo.environment import new_private_key
from tests.machine import free_port

ROOT = Path(__file__).resolve().parent.parent
READY = "Ctrl-C stops everything"


def hub_environment(**variables: str) -> dict[str, str]:
    """The environment of a process of the hub, with these HUB_… variables and no others."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HUB_") and name != "DJANGO_SETTINGS_MODULE"
    }
    # An empty variable counts as missing and still wins over a .env lying around.
    empty = dict.fromkeys(
        ["HUB_ENV", "HUB_SECRET_KEY", "HUB_BASE_URL", "HUB_DATABASE_URL", "HUB_EMAIL_URL"], ""
    )
    return {**inherited, **empty, "PYTHONUNBUFFERED": "1", **variables}


def demo_environment(folder: Path, port: int) -> dict[str, str]:
    """A demo in a folder of its own."""
    return hub_environment(
        HUB_ENV="demo",
        HUB_BIND=f"127.0.0.1:{port}",
        HUB_BASE_URL=f"http://127.0.0.1:{port}",
        HUB_SECRET_KEY="journey-" + "x" * 40,
        HUB_OIDC_PRIVATE_KEY=new_private_key(),
        HUB_DATABASE_URL=f"sqlite:///{folder}/hub.sqlite3",
        HUB_EMAIL_URL=f"filemail:///{folder}/mail",
    )


@dataclass
class Demo:
    """One running demo."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    log: Path

    @property
    def url(self) -> str:
        return self.environment["HUB_BASE_URL"]

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def children(self) -> list[int]:
        """The process ids of web server and worker."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in text.split()]

    def wait_until_ready(self) -> None:
        until = time.monotonic() + 90
        while READY not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Stop it as a person or an operating system would; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def running_demo(folder: Path, port: int | None = None) -> Iterator[Demo]:
    """Start it, wait until it says it is open, stop it afterwards."""
    environment = demo_environment(folder, port or free_port())
    log = folder / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo"],
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
