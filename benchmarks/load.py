"""The load client: `python -m benchmarks.load PLAN PORT SECONDS CONNECTIONS` prints one JSON line.

It uses keep-alive connections in one process, one request at a time on each, without a library,
and compares every answer with the plan.
"""

import json
import random
import selectors
import socket
import sys
import time
from pathlib import Path


class LoadConnection:
    """A connection with one request at a time."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def ask(self, request: bytes, expected: bool) -> None:
        """Send one request."""
        self.expected, self.received = expected, b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool | None:
        """Read the answer so far; return whether it is right, None while it is incomplete."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server hung up")
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        lowered = head.lower()
        start = lowered.index(b"content-length:") + 15
        if len(body) < int(lowered[start:].split(b"\r\n", 1)[0]):
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(self.received.decode(errors="replace"))
        return (b"true" in body) is self.expected


def requests_of(plan: dict) -> list[tuple[bytes, bool]]:
    """Return the plan's requests or checks as HTTP request bytes, in random order."""
    requests = [(text.encode(), answer) for text, answer in plan.get("requests", [])]
    for (subject, kind, resource, action), answer in plan.get("questions", []):
        body = json.dumps(
            {
                "subject": {"type": "user", "id": subject},
                "resource": {"type": kind, "id": resource},
                "action": {"name": action},
            }
        ).encode()
        head = (
            "POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {plan['token']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        requests.append((head.encode() + body, answer))
    random.shuffle(requests)
    return requests


def measure(plan: dict, port: int, seconds: float, connections: int) -> dict[str, float]:
    """Send requests for some seconds, and until all of them are answered.

    What is measured meanwhile belongs to these requests alone. Return checks per second (`rate`),
    median and 99th percentile in ms, wrong answers and total.
    """
    requests = requests_of(plan)
    selector = selectors.DefaultSelector()
    pool = [LoadConnection(port) for _ in range(connections)]
    times: list[float] = []
    wrong = position = 0
    began = time.perf_counter()
    for connection in pool:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask(*requests[position % len(requests)])
        position += 1
    while selector.get_map():
        for key, _ in selector.select(1):
            connection = key.data
            right = connection.receive()
            if right is None:
                continue
            now = time.perf_counter()
            times.append(now - connection.sent_at)
            wrong += not right
            if now >= began + seconds:
                selector.unregister(connection.socket)
                continue
            connection.ask(*requests[position % len(requests)])
            position += 1
    times.sort()
    return {
        "rate": len(times) / (now - began),
        "p50": 1000 * times[len(times) // 2],
        "p99": 1000 * times[len(times) * 99 // 100],
        "wrong": wrong,
        "asked": len(times),
    }


if __name__ == "__main__":
    _, file, port, seconds, connections = sys.argv
    plan = json.loads(Path(file).read_text())
    print(json.dumps(measure(plan, int(port), float(seconds), int(connections))))
