"""The programs that run, each in a session of its own; they stop together."""

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from place import CannotStart

START_TIMEOUT = 90  # seconds
STOP_TIMEOUT = 15  # seconds, then it is killed


class Processes:
    """The running programs, by name."""

    def __init__(self, logs: Path) -> None:
        """Begin without any; `logs` is the folder for what they print."""
        self.logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self,
        name: str,
        command: list[str],
        *,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        cwd: Path | None = None,
    ) -> None:
        """Start a program, and wait until it listens on its port. Raises CannotStart."""
        with (self.logs / f"{name}.out").open("wb") as output:
            self.running[name] = subprocess.Popen(
                command,
                env=clean_environment() if env is None else dict(env),
                cwd=cwd or self.logs,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches only us
                **as_user(user),
            )
        if port is not None:
            self._wait(name, port)

    def _wait(self, name: str, port: int) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            self.require_alive()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise CannotStart(f"{name} does not listen after {START_TIMEOUT} seconds.")

    def require_alive(self) -> None:
        """Raise CannotStart if a program has ended."""
        for name, process in self.running.items():
            if (code := process.poll()) is not None:
                said = (self.logs / f"{name}.out").read_text(errors="replace").strip()[-600:]
                raise CannotStart(f"{name} ended (exit code {code}).\n{said}")

    def stop(self) -> None:
        """Stop all, the last one first, and whatever they left in their sessions."""
        for process in reversed(self.running.values()):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        self.running.clear()


def clean_environment() -> dict[str, str]:
    """Return an environment for other people's programs: nothing of the hub's in it."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}


def as_user(name: str | None) -> dict[str, Any]:
    """Return what makes subprocess run a program as this user, without root's groups."""
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def run(
    command: list[str],
    *,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    input: str = "",
) -> str:
    """Run a program to its end; return what it printed. Raises CannotStart if it fails."""
    done = subprocess.run(
        command,
        env=clean_environment() | dict(env or {}),
        cwd="/",
        input=input,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **as_user(user),
    )
    if done.returncode:
        raise CannotStart(f"{command[0]} failed:\n{done.stdout.strip()[-800:]}")
    return done.stdout
