"""The demo's web server, job worker and portals, processes that start and stop together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from urllib.request import urlopen

from django.conf import settings

from hub.demo.portals import COMMAND as PORTAL_COMMAND
from hub.serving import web_server_command

START_TIMEOUT = 60  # seconds
STOP_TIMEOUT = 10  # seconds for a child to finish its work


class StackFailed(Exception):
    """The demo cannot start or continue; the text is one line for the reader."""


class StackStopped(Exception):
    """The demo received a signal to stop."""


class Stack:
    """The demo's child processes."""

    def __init__(self) -> None:
        """Begin without children."""
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.pages: list[str] = []  # each answers once its process is ready

    def start(self, portals: Mapping[str, dict[str, str]]) -> None:
        """Start the hub, and each portal (by its slug) with its environment."""
        server = web_server_command(settings.HUB_BIND, settings.HUB_WORKERS)
        self._start("web server", server, dict(os.environ), f"{settings.HUB_BIND}/healthz")
        worker = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"]
        self._start("job worker", worker, dict(os.environ))
        # A portal is another product: it gets none of the hub's own keys.
        inherited = {name: text for name, text in os.environ.items() if name[:4] != "HUB_"}
        for slug, variables in portals.items():
            page = f"{variables['PORTAL_BIND']}/signed-out"
            self._start(f"{slug} portal", PORTAL_COMMAND, inherited | variables, page)

    def _start(self, name: str, command: list[str], env: dict[str, str], page: str = "") -> None:
        """Start a process in a session of its own, so that Ctrl-C reaches only this one."""
        self.children[name] = subprocess.Popen(  # noqa: S603 -- our own commands
            command,
            cwd=settings.BASE_DIR,
            env=env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        if page:
            self.pages.append(f"http://{page}")

    def require_alive(self) -> None:
        """Raise StackFailed if a child has ended."""
        for name, child in self.children.items():
            if (code := child.poll()) is not None:
                raise StackFailed(f"The {name} stopped (exit code {code}), so everything stops.")

    def wait_until_healthy(self) -> None:
        """Return once all answer. Raises StackFailed if a child ends or the time is up."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            self.require_alive()
            if all(_answers(page) for page in self.pages):
                return
            time.sleep(0.2)
        raise StackFailed(f"Not all answered within {START_TIMEOUT} seconds, so everything stops.")

    def watch(self) -> None:
        """Wait until a child ends (StackFailed) or a signal arrives (StackStopped)."""
        while True:
            self.require_alive()
            time.sleep(0.3)

    def stop(self) -> None:
        """Stop all children; kill one that does not stop in time."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT
        for child in self.children.values():
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as response:  # noqa: S310 -- our own loopback address
            return bool(response.status == 200)
    except OSError:  # refused, timed out, or an error status
        return False


@contextmanager
def running() -> Iterator[Stack]:
    """Yield a stack that is stopped when the block ends; Ctrl-C and SIGTERM raise StackStopped."""

    def handle_stop_signal(number: int, frame: FrameType | None) -> None:
        for ignored in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ignored, signal.SIG_IGN)  # a second Ctrl-C does not interrupt the stop
        raise StackStopped

    for handled in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(handled, handle_stop_signal)
    stack = Stack()
    try:
        yield stack
    finally:
        stack.stop()
