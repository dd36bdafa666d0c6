"""The programs of this machine that tests use: PostgreSQL, Redis and Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def find_postgresql() -> Path | None:
    """Return the folder with initdb of the newest PostgreSQL (Debian keeps it off the PATH)."""
    on_path = [Path(path).parent] if (path := shutil.which("initdb")) else []
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    return next((folder for folder in on_path + debian if (folder / "initdb").exists()), None)


def _version(folder: Path) -> float:
    name = folder.parent.name
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


def free_port() -> int:
    """Return a free TCP port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_ports(count: int) -> int:
    """Return the first of this many free TCP ports in a row."""
    while True:
        first = free_port()
        try:
            for port in range(first + 1, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):  # taken, or above the last port
            continue
        return first


@contextmanager
def private_postgresql(programs: Path, *settings: str) -> Iterator[str]:
    """Run a server in a temporary folder and yield the URL of a database on it.

    `settings` are more settings, as `name=value`. PostgreSQL refuses to run as root, so root runs
    it as the user `postgres`.
    """
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="hub-postgresql-") as name:
        folder, port = Path(name), free_port()
        if become:
            shutil.chown(folder, "postgres", "postgres")
        data, log = folder / "data", folder / "log"
        options = [
            *("-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off"),
            *("-c listen_addresses=127.0.0.1", f"-c unix_socket_directories={folder}"),
            *("-c max_connections=200", f"-p {port}"),
            *(f"-c {setting}" for setting in settings),
        ]
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        control = [*become, programs / "pg_ctl", "-D", data, "-w"]
        quiet = {"check": True, "cwd": folder, "stdout": subprocess.DEVNULL}
        subprocess.run([*become, *initdb, "--locale=C.UTF-8", "--no-sync"], **quiet)
        subprocess.run([*control, "-l", log, "-o", " ".join(options), "start"], **quiet)
        try:
            yield f"postgres://postgres@127.0.0.1:{port}/hub"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


class PrivateRedis:
    """A Redis server of this process, which can be killed and started again on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, empty, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp"]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError("redis-server does not answer")

    def pause(self) -> None:
        """Stop the server where it is: it takes connections and says nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Kill the server, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def private_redis() -> Iterator[PrivateRedis]:
    """Run a Redis server that keeps nothing on disk."""
    server = PrivateRedis()
    server.start()
    try:
        yield server
    finally:
        server.kill()
