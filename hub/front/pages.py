"""Run Django's WSGI application for a request that was read whole, in a small pool of threads."""

import asyncio
import io
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, NamedTuple

from granian.rsgi import HTTPProtocol, Scope

from hub.serving import THREADS
from portals.api.evaluation import Refused

MEMORY_LIMIT = 256 * 1024  # bytes of a response; a larger one goes through a file
CHUNK = 64 * 1024
SEND_SECONDS = 60.0  # for each chunk
WAITING_LIMIT = 500  # requests; more are asked to come back

Header = tuple[str, str]


class Page(NamedTuple):
    """A response of Django, whole."""

    status: int
    headers: list[Header]
    body: IO[bytes]
    size: int


class Pages:
    """Django's application and the threads it runs in."""

    def __init__(self, application: Any) -> None:
        """Keep the WSGI application; its threads start when they are needed."""
        self.application = application
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="pages")
        self.waiting = 0

    async def answer(self, scope: Scope, protocol: HTTPProtocol, body: bytes) -> None:
        """Answer one request. Raises Refused (503) while too many wait."""
        if self.waiting >= WAITING_LIMIT:
            raise Refused(
                503, "busy", "Too many requests. Try again.", headers=(("Retry-After", "5"),)
            )
        environ = environ_of(scope, body)
        self.waiting += 1
        try:
            page = await self.in_thread(self._run, environ)
        finally:
            self.waiting -= 1
        with page.body:
            if page.size <= MEMORY_LIMIT:
                protocol.response_bytes(page.status, page.headers, page.body.read())
            else:
                await _stream(protocol, page)

    async def in_thread(self, function: Callable[..., Page], *arguments: Any) -> Page:
        """Call a function in the pool."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, function, *arguments)

    def _run(self, environ: dict[str, Any]) -> Page:
        """Run the application to its end, so that the thread never waits for a slow reader."""
        started: list[Any] = []

        def start_response(status: str, headers: list[Header], exc_info: Any = None) -> None:
            started[:] = [int(status[:3]), headers]

        body = tempfile.SpooledTemporaryFile(max_size=MEMORY_LIMIT)  # noqa: SIM115 -- sent later
        response = self.application(environ, start_response)
        try:
            for chunk in response:
                body.write(chunk)
        finally:
            if hasattr(response, "close"):
                response.close()
        size = body.tell()
        body.seek(0)
        return Page(started[0], started[1], body, size)


async def _stream(protocol: HTTPProtocol, page: Page) -> None:
    """Send a large response as fast as it is read; give up on somebody who stops reading."""
    transport = protocol.response_stream(page.status, page.headers)
    try:
        while chunk := page.body.read(CHUNK):
            async with asyncio.timeout(SEND_SECONDS):
                await transport.send_bytes(chunk)
    except (TimeoutError, RuntimeError):  # granian's errors of a lost client are RuntimeErrors
        return


def environ_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the WSGI environment of a request (PEP 3333)."""
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:  # it could pass for another: X_Forwarded_For
            continue
        key = f"HTTP_{name.upper().replace('-', '_')}"
        value = value.encode().decode("latin-1")
        if key in environ:
            value = f"{environ[key]}{';' if name == 'cookie' else ','}{value}"
        environ[key] = value
    if scope.authority:  # HTTP/2 has no Host header
        environ.setdefault("HTTP_HOST", scope.authority)
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ
