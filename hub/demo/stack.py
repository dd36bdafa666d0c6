"""Web server and job worker as children: started together, stopped together."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from urllib.request import urlopen

from django.conf import settings

from hub.serving import web_server_command

PATIENCE = 60  # seconds until it must answer
GRACE = 10  # seconds a child gets to finish its work


class StackFailed(Exception):
    """The demo cannot start or go on; the text is one clear line."""


class StackStopped(Exception):
    """Someone asked the demo to stop."""


class Stack:
    """The running children, by what they are called."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start both. They get a process group of their own, so Ctrl-C reaches only us."""
        commands = {
            "web server": web_server_command(settings.HUB_BIND, settings.HUB_WORKERS),
            "job worker": [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker"],
        }
        for name, command in commands.items():
            self.children[name] = subprocess.Popen(  # noqa: S603 -- our own two commands
                command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def require_alive(self) -> None:
        """Raise StackFailed as soon as one child is gone."""
        for name, child in self.children.items():
            if (code := child.poll()) is not None:
                raise StackFailed(f"The {name} stopped (exit code {code}), so everything stops.")

    def wait_until_healthy(self) -> None:
        """Return once the hub answers. Raises StackFailed if a child dies, or after a minute."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.require_alive()
            if _answers(f"http://{settings.HUB_BIND}/healthz"):
                return
            time.sleep(0.2)
        raise StackFailed(f"The hub did not answer within {PATIENCE} seconds, so everything stops.")

    def watch(self) -> None:
        """Stay until a child dies (StackFailed) or a signal comes (StackStopped)."""
        while True:
            self.require_alive()
            time.sleep(0.3)

    def stop(self) -> None:
        """Ask all children to stop, then insist."""
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        until = time.monotonic() + GRACE
        for child in self.children.values():
            try:
                child.wait(max(0.0, until - time.monotonic()))
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
    """A stack that is stopped however the block ends; Ctrl-C and SIGTERM raise StackStopped."""

    def asked_to_stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)  # stopping is not stopped
        raise StackStopped

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, asked_to_stop)
    stack = Stack()
    try:
        yield stack
    finally:
        stack.stop()
