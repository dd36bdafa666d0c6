"""How granian serves the hub, in the demo and in production."""

import socket
import sys

# Each thread keeps its own database connection, and more of them only pass the interpreter's lock
# around: 4 answer a third more checks than 8 (benchmarks/check.py). More work wants HUB_WORKERS.
THREADS = 4


class CannotListen(Exception):
    """Something else listens there, or it is no address; the text is one clear line."""


def split_bind(bind: str) -> tuple[str, int]:
    """`127.0.0.1:8000` as host and port. Raises CannotListen for anything else."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotListen(f"HUB_BIND is a host and a port, like 127.0.0.1:8000; got “{bind}”.")
    return host.strip("[]"), int(port)


def require_free(bind: str) -> None:
    """Raise CannotListen when something listens there already.

    granian asks for SO_REUSEPORT, so two of them share a port without a word; this bind does not.
    """
    host, port = split_bind(bind)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotListen(
                f"{bind} cannot be used ({error.strerror}). Stop what listens there,"
                f" or choose another port: HUB_BIND={host}:{port + 1}"
            ) from error


def web_server_command(bind: str, workers: int) -> list[str]:
    """How granian serves the hub."""
    host, port = split_bind(bind)
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"),
        *("--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(THREADS)),
        *("--log-level", "error", "hub.wsgi:application"),
    ]
