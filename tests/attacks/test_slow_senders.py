"""Clients that stop half-way, never read or never end do not stop the process that is served."""

import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.demo import ROOT, demo_environment
from tests.machine import free_port

SENDERS, READERS = 250, 60
PATIENCE = 5  # seconds for an answer on a busy machine; a blocked process takes 20 or for ever
BUNDLE = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"  # 1.4 MB


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of `manage.py serve`: granian with the application of production."""
    port = free_port()
    environment = demo_environment(tmp_path_factory.mktemp("hub"), port)
    command = [sys.executable, "manage.py", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + 90
            while not is_up(port, 1):
                assert server.poll() is None, "the server ended"
                assert time.monotonic() < until, "the server did not come up"
                time.sleep(0.1)
            yield port
        finally:
            server.terminate()


def is_up(port, patience=PATIENCE):
    try:
        return urlopen(f"http://127.0.0.1:{port}/healthz", timeout=patience).status == 200
    except (URLError, TimeoutError, ConnectionError):
        return False


def head(port, start, *headers):
    return "\r\n".join([f"{start} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers, "", ""]).encode()


@contextmanager
def crowd(port, count, *requests, receive=None):
    """So many connections that have each sent one of these, and wait."""
    with ExitStack() as stack:
        for number in range(count):
            client = stack.enter_context(socket.socket())
            if receive:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
            client.settimeout(PATIENCE)
            client.connect(("127.0.0.1", port))
            client.sendall(requests[number % len(requests)])
        time.sleep(0.5)
        yield


def everything(client):
    """All that comes until the server closes; a reset fails the test."""
    received = b""
    while data := client.recv(65536):
        received += data
    return received


def test_half_sent_bodies_do_not_block_others(port):
    """Forms, checks and chunks, with credentials that nobody checks before the body."""
    json = "Content-Type: application/json"
    half = [
        head(port, "POST /accounts/login/", "Content-Length: 500") + b"login=a",
        head(
            port,
            "POST /access/v1/evaluation",
            "Authorization: Bearer x",
            json,
            "Content-Length: 500",
        )
        + b"{",
        head(port, "POST /identity/o/api/token", "Transfer-Encoding: chunked") + b"9\r\ngrant",
        head(port, "POST /nothing/", "Content-Length: 9"),
    ]
    with crowd(port, SENDERS, *half):
        assert is_up(port), "everybody waits for strangers"
        assert urlopen(f"http://127.0.0.1:{port}{BUNDLE}", timeout=PATIENCE).status == 200
    assert is_up(port)


def test_readers_that_never_read_do_not_block_others(port):
    with crowd(port, READERS, head(port, f"GET {BUNDLE}"), receive=4096):
        is_up(port, 6 * PATIENCE)  # all of these are answered first, and fill their connections
        assert is_up(port), "everybody waits for strangers"
        assert len(urlopen(f"http://127.0.0.1:{port}{BUNDLE}", timeout=PATIENCE).read()) > 1_000_000
    assert is_up(port)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/access/v1/evaluation", 401), ("/accounts/login/", 413), ("/nothing/", 413)],
)
def test_a_refusal_of_an_unread_body_arrives_and_closes_cleanly(port, path, status):
    """The client has sent it all before it listens: a reset would lose the answer."""
    size = 3_000_000
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(head(port, f"POST {path}", f"Content-Length: {size}") + b"x" * size)
        answer = everything(client)

    top, _, body = answer.partition(b"\r\n\r\n")
    assert top.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"connection: close" in top.lower()
    assert body.endswith(b"}}")


def test_a_client_that_asks_first_is_refused_before_it_sends(port):
    ask = head(port, "POST /accounts/login/", "Content-Length: 3000000", "Expect: 100-continue")
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(ask)
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_an_upload_without_end_is_hung_up_on(port):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(head(port, "POST /nothing/", "Transfer-Encoding: chunked"))
        piece, sent = b"10000\r\n" + b"x" * 0x10000 + b"\r\n", 0
        with pytest.raises(OSError):
            while sent < 64_000_000:
                client.sendall(piece)
                sent += len(piece)
        assert sent < 32_000_000
    assert is_up(port)
