"""Read the body of a request on the event loop, within a size and a time."""

import asyncio
import weakref
from collections.abc import Coroutine
from typing import Any

from granian.rsgi import HTTPProtocol, Scope

from portals.api.evaluation import Refused

STRANGER_LIMIT = 64 * 1024  # bytes, for a request without credentials: a form
READ_SECONDS = 20.0
DRAIN_SECONDS = 5.0
DRAIN_LIMIT = 8 * 1024 * 1024
TOTAL_LIMIT = 128 * 1024 * 1024  # bytes that all bodies being read may come to


class Body:
    """The body of one request: read at most once, and only when it is wanted."""

    announced = 0  # bytes that the bodies being read now may come to

    def __init__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Look at the headers; nothing is read."""
        self.protocol = protocol
        length = scope.headers.get("content-length")
        self.length = int(length) if length and length.isascii() and length.isdigit() else None
        has_none = scope.http_version.startswith("1") and "transfer-encoding" not in scope.headers
        if self.length is None and has_none:
            self.length = 0
        self.is_read = self.length == 0

    def refuse_above(self, limit: int) -> None:
        """Raise Refused (413) where the declared length is above the limit."""
        if self.length is not None and self.length > limit:
            raise too_large(limit)

    async def read(self, limit: int) -> bytes:
        """Return the body. Raises Refused: too large (413), too slow (408), too many (503)."""
        self.refuse_above(limit)
        if self.is_read:
            return b""
        room = limit if self.length is None else self.length
        if Body.announced + room > TOTAL_LIMIT:
            raise Refused(
                503, "busy", "Too much is being sent. Try again.", headers=(("Retry-After", "5"),)
            )
        Body.announced += room
        try:
            body = await _within_time(self._counted(limit))
        finally:
            Body.announced -= room
        self.is_read = True
        return body

    async def _counted(self, limit: int) -> bytes:
        if self.length is not None:  # the server reads no more than what is declared
            return await self.protocol()
        chunks: list[bytes] = []
        size = 0
        async for chunk in self.protocol:
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            chunks.append(chunk)
        return b"".join(chunks)

    async def drain(self) -> None:
        """Read on for a moment after a refusal, and forget it.

        A connection closed with unread bytes is reset, and the client may never see the answer.
        """
        size = 0
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                async for chunk in self.protocol:
                    size += len(chunk)
                    if size > DRAIN_LIMIT:
                        return
        except (TimeoutError, RuntimeError):  # granian's errors of a lost client are RuntimeErrors
            return


_reading: dict[asyncio.Task[Any], float] = {}  # who reads → when it has to be done
_watched: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()  # one, but for tests


async def _within_time(reading: Coroutine[Any, Any, bytes]) -> bytes:
    """Return what is read. Raises Refused (408) when it takes too long.

    One timer looks at all readers: one for each would cost a check a tenth of its rate.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None  # noqa: S101 -- a coroutine of the loop runs in a task
    if loop not in _watched:
        _watched.add(loop)
        _stop_late_readers(loop)
    deadline = _reading[task] = loop.time() + READ_SECONDS
    try:
        return await reading
    except asyncio.CancelledError:
        if loop.time() < deadline:
            raise  # the server itself stops
        task.uncancel()
        raise Refused(408, "too_slow", f"Send the body within {READ_SECONDS:.0f} seconds.")
    finally:
        del _reading[task]


def _stop_late_readers(loop: asyncio.AbstractEventLoop) -> None:
    now = loop.time()
    for task, deadline in _reading.items():
        if deadline <= now:
            task.cancel()
    loop.call_later(READ_SECONDS / 4, _stop_late_readers, loop)


def too_large(limit: int) -> Refused:
    """Return the refusal of a body above this limit."""
    return Refused(413, "too_large", f"The body takes up to {limit} bytes.")


def limit_of(scope: Scope, full: int, session_cookie: str) -> int:
    """Return the largest body that this request may have: `full` needs credentials."""
    headers: Any = scope.headers
    has_session = f"{session_cookie}=" in (headers.get("cookie") or "")
    return full if has_session or "authorization" in headers else min(full, STRANGER_LIMIT)
