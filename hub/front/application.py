"""Answer one request on the event loop."""

import logging
from functools import partial

from django.conf import settings
from granian.rsgi import HTTPProtocol, Scope

from hub.front.bodies import Body, limit_of
from hub.front.pages import Pages
from portals.api.evaluation import BODY_LIMIT, PATH, Check, Refused, evaluate

logger = logging.getLogger(__name__)


class Front:
    """The application: checks are answered here, everything else by Django."""

    def __init__(self, pages: Pages, check: Check) -> None:
        """Take what answers pages, and what answers checks."""
        self.pages, self.check = pages, check

    async def __call__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request. A refusal with an unread body closes the connection."""
        body = Body(scope, protocol)
        try:
            if scope.path == PATH:
                await self._check(scope, protocol, body)
            else:
                await self._page(scope, protocol, body)
        except RuntimeError as error:  # granian's errors of a lost client
            logger.info("a client was lost: %s", error)
        except Exception:
            logger.exception("the front failed")
            protocol.response_bytes(500, [("Connection", "close")], b"The hub failed.")
        if not body.is_read:
            await body.drain()

    async def _check(self, scope: Scope, protocol: HTTPProtocol, body: Body) -> None:
        headers = scope.headers
        answer = await evaluate(
            method=scope.method,
            content_type=headers.get("content-type") or "",
            authorization=headers.get("authorization") or "",
            request_id=headers.get("x-request-id") or "",
            read=partial(body.read, BODY_LIMIT),
            check=self.check,
        )
        if not body.is_read:
            answer.headers.append(("Connection", "close"))
        protocol.response_bytes(answer.status, answer.headers, answer.body)

    async def _page(self, scope: Scope, protocol: HTTPProtocol, body: Body) -> None:
        limit = limit_of(scope, settings.BODY_LIMIT, settings.SESSION_COOKIE_NAME)
        try:
            content = await body.read(limit)
            await self.pages.answer(scope, protocol, content)
        except Refused as refusal:
            answer = refusal.answer()
            headers = [*answer.headers, ("Connection", "close")]
            protocol.response_bytes(answer.status, headers, answer.body)
