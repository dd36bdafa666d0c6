"""The front in this process, on the connection of the test."""

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from asgiref.sync import async_to_sync, sync_to_async
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from hub.front.application import Front
from hub.front.pages import Pages
from hub.wsgi import application
from portals.api.evaluation import answers


class SameThreadPages(Pages):
    """Django runs in the thread of the test, which has its transaction."""

    async def in_thread(self, function, *arguments):
        return await sync_to_async(function)(*arguments)


async def check_in_same_thread(**names):
    return await sync_to_async(lambda: answers.answer_check(**names))()


async def find_in_same_thread(statement, **values):
    return await sync_to_async(lambda: statement.first_row(**values))()


FRONT = Front(SameThreadPages(application), check_in_same_thread, find_in_same_thread)


class Headers(list):
    """Headers as granian has them."""

    def items(self):
        return list(self)

    def get(self, name, default=None):
        return dict(self).get(name, default)

    def __contains__(self, name):
        return name in dict(self)


@dataclass
class Scope:
    """A request as granian describes it."""

    method: str = "GET"
    path: str = "/"
    query_string: str = ""
    headers: Headers = field(default_factory=Headers)
    proto: str = "http"
    http_version: str = "1.1"
    server: str = "testserver:80"
    client: str = "127.0.0.1:5000"
    scheme: str = "http"
    authority: str | None = None


class Transport:
    """A response that goes out piece by piece; `pause` is how long the reader takes for each."""

    def __init__(self, protocol):
        self.protocol = protocol

    async def send_bytes(self, data):
        await asyncio.sleep(self.protocol.pause)
        self.protocol.body += data


class Protocol:
    """The two ends of one exchange: chunks that come, and the answer."""

    def __init__(self, *chunks, stalls=False, pause=0):
        self.chunks, self.stalls, self.pause = list(chunks), stalls, pause
        self.status, self.headers, self.body = 0, [], b""
        self.taken = 0  # bytes that were read

    async def __call__(self):
        return b"".join([chunk async for chunk in self])

    async def __aiter__(self):
        while self.chunks:
            chunk = self.chunks.pop(0)
            self.taken += len(chunk)
            yield chunk
        if self.stalls:
            await asyncio.sleep(60)

    def response_bytes(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def response_stream(self, status, headers):
        self.status, self.headers = status, headers
        return Transport(self)


@contextmanager
def connections_stay():
    """Django tidies connections around a request; one with a test's transaction must stay."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def exchange(scope, protocol):
    """Answer one request on a loop of its own, while this thread runs Django."""
    with connections_stay():
        async_to_sync(FRONT)(scope, protocol)
    return protocol


def front_application(environ, start_response):
    """The front as a WSGI application, for tests that compare it with Django's route."""
    headers = Headers()
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            headers.append((name[5:].lower().replace("_", "-"), value))
        elif name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            headers.append((name.lower().replace("_", "-"), value))
    scope = Scope(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers=headers)
    done = exchange(scope, Protocol(environ["wsgi.input"].read()))
    start_response(f"{done.status} {HTTPStatus(done.status).phrase}", list(done.headers))
    return [done.body]
