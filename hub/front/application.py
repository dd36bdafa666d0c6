"""Answer one request on the event loop: checks and introspection here, the rest by Django."""

import json
import logging
from functools import partial

from django.conf import settings
from granian.rsgi import HTTPProtocol, Scope

from hub.front.bodies import Body, limit_of
from hub.front.pages import Pages
from portals.api.evaluation import BODY_LIMIT, PATH, Check, Refused, evaluate
from portals.api.evaluation.responses import HEADERS
from portals.oidc import introspection
from portals.oidc.errors import OAUTH_ENDPOINTS, early_refusal
from portals.selectors.live_tokens import Find

logger = logging.getLogger(__name__)


class Front:
    """The application: checks are answered here, everything else by Django.

    Of introspection, the calls that succeed are answered here; Django refuses the others.
    """

    def __init__(self, pages: Pages, check: Check, find: Find) -> None:
        """Take what answers pages and checks, and what runs the statements of introspection."""
        self.pages, self.check, self.find = pages, check, find

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
            if scope.path == introspection.PATH and scope.method == "POST":
                told = await self._introspect(scope, content)
                if told is not None:
                    protocol.response_bytes(200, HEADERS.copy(), told)
                    return
            await self.pages.answer(scope, protocol, content)
        except Refused as refusal:
            answer = refusal.answer()
            if scope.path.startswith(OAUTH_ENDPOINTS):
                error = early_refusal(refusal.status, refusal.message)
                answer = answer._replace(body=json.dumps(error).encode())
            headers = [*answer.headers, ("Connection", "close")]
            protocol.response_bytes(answer.status, headers, answer.body)

    async def _introspect(self, scope: Scope, content: bytes) -> bytes | None:
        return await introspection.introspect(
            content_type=scope.headers.get("content-type") or "",
            authorization=scope.headers.get("authorization") or "",
            body=content,
            find=self.find,
        )
