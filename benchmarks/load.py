"""The load client: `python -m benchmarks.load PLAN PORT SECONDS CONNECTIONS` prints one JSON line.

Keep-alive connections in one process, one request under way on each, no library in between; every
answer is held to the plan.
"""

import json
import random
import selectors
import socket
import sys
import time
from pathlib import Path


class Talk:
    """One connection: asks, waits for the whole answer, notes how long it took."""

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

    def listen(self) -> bool | None:
        """Take what arrived. Out: whether the answer was right; None while it is not whole."""
        arrived = self.socket.recv(65536)
        if not arrived:
            raise ConnectionError("the server hung up")
        self.received += arrived
        head, gap, body = self.received.partition(b"\r\n\r\n")
        if not gap:
            return None
        lowered = head.lower()
        start = lowered.index(b"content-length:") + 15
        if len(body) < int(lowered[start:].split(b"\r\n", 1)[0]):
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(self.received.decode(errors="replace"))
        return (b"true" in body) is self.expected


def requests_of(plan: dict) -> list[tuple[bytes, bool]]:
    """Every question as bytes on the wire, in an order of chance."""
    requests = []
    for (subject, kind, resource, action), answer in plan["questions"]:
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
    """Ask for so long. Out: checks per second, median and 99th percentile in ms, wrong answers."""
    requests = requests_of(plan)
    selector = selectors.DefaultSelector()
    talks = [Talk(port) for _ in range(connections)]
    times: list[float] = []
    wrong = place = 0
    began = time.perf_counter()
    for talk in talks:
        selector.register(talk.socket, selectors.EVENT_READ, talk)
        talk.ask(*requests[place % len(requests)])
        place += 1
    while (now := time.perf_counter()) < began + seconds:
        for key, _ in selector.select(1):
            talk = key.data
            right = talk.listen()
            if right is None:
                continue
            times.append(time.perf_counter() - talk.sent_at)
            wrong += not right
            talk.ask(*requests[place % len(requests)])
            place += 1
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
