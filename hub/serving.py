"""The granian command that serves the hub, in the demo and in production."""

import socket
import sys

# Django's threads. Each has its own database connection, and more of them only compete for the
# interpreter's lock. Checks need none (hub/front/). For more load, raise HUB_WORKERS.
THREADS = 4


class CannotListen(Exception):
    """The address is taken or invalid; the text is one line for the reader."""


def split_bind(bind: str) -> tuple[str, int]:
    """Split an address like `127.0.0.1:8000` into host and port. Raises CannotListen."""
    host, _, port = bind.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotListen(f"HUB_BIND is a host and a port, like 127.0.0.1:8000; got “{bind}”.")
    return host.strip("[]"), int(port)


def require_free(bind: str) -> None:
    """Raise CannotListen if another process uses the address.

    granian sets SO_REUSEPORT, so two of them would silently share a port; this bind does not.
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
    """Return the command that runs granian."""
    host, port = split_bind(bind)
    return [
        *(sys.executable, "-m", "granian", "--interface", "rsgi", "--no-ws"),
        *("--host", host, "--port", str(port)),
        *("--workers", str(workers), "--log-level", "error", "hub.rsgi:application"),
    ]
