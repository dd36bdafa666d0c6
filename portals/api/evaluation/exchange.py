"""One exchange of the access API over plain values: headers, token, body, and every failure.

What an endpoint does with the token and the body is its own; how it refuses is the same for all.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from allauth.idp.oidc.internal.resources import is_resources_subset
from django.conf import settings
from django.db import Error
from django.http import HttpResponse

from portals.api.evaluation.questions import refuse_field
from portals.api.evaluation.responses import HEADERS, Answer, Refused
from portals.choices import Scope
from portals.decision.prepared import at_once

logger = logging.getLogger(__name__)

BODY_LIMIT: Final = 64 * 1024

Read = Callable[[], Awaitable[bytes]]
Act = Callable[[str, bytes], Awaitable[bytes]]  # (token, body) → the body of a 200

_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]{1,4096}=*) *", re.IGNORECASE)
_REQUEST_ID = re.compile(r"[\x20-\x7e]{1,255}")


async def respond(
    *,
    method: str,
    content_type: str,
    authorization: str,
    request_id: str,
    read: Read,
    act: Act,
    limit: int = BODY_LIMIT,
) -> Answer:
    """Answer one request. Raises nothing: every failure is an answer too, and never a yes.

    An absent header is "". `read` returns the body, and is awaited once the headers are in order.
    """
    try:
        if request_id and not _REQUEST_ID.fullmatch(request_id):
            request_id = ""
            refuse_field("X-Request-ID", "takes up to 255 visible ASCII characters")
        token = _token_of(method, content_type, authorization)
        body = await read()
        if len(body) > limit:
            raise Refused(413, "too_large", f"The body takes up to {limit} bytes.")
        answer = Answer(200, HEADERS.copy(), await act(token, body))
    except Refused as refusal:
        answer = refusal.answer()
    except Error as error:
        logger.error("a check found no database: %s", error)
        answer = Refused(
            503,
            "unavailable",
            "The hub cannot decide now. Treat this as a no and ask again.",
            headers=(("Retry-After", "1"),),
        ).answer()
    except Exception:
        logger.exception("a check failed")
        answer = Refused(500, "internal", "The hub failed. Treat this as a no.").answer()
    if request_id:
        answer.headers.append(("X-Request-ID", request_id))
    return answer


def _token_of(method: str, content_type: str, authorization: str) -> str:
    """Return the bearer token of a POST of JSON. Raises Refused for any other request."""
    if method != "POST":
        raise Refused(405, "method_not_allowed", "Send this as POST.", headers=(("Allow", "POST"),))
    if not authorization:
        raise Refused(
            401,
            "not_authenticated",
            "Send an access token, as Authorization: Bearer.",
            headers=(("WWW-Authenticate", 'Bearer realm="hub"'),),
        )
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise invalid_token()
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(  # 400, as the AuthZEN certification demands (2.4.3)
            400, "unsupported_media_type", "Send JSON, as Content-Type: application/json."
        )
    return match[1]


def invalid_token() -> Refused:
    """Return the refusal of a token; it doesn't say why."""
    description = "The access token is unknown, expired or does not belong to a portal."
    challenge = f'Bearer realm="hub", error="invalid_token", error_description="{description}"'
    return Refused(401, "invalid_token", description, headers=(("WWW-Authenticate", challenge),))


def require_access_check(path: str, *, scopes: Iterable[str], audience: list[str]) -> None:
    """Raise Refused unless a valid token is for this address and has the scope `access:check`.

    `audience` holds the resource indicators (RFC 8707) that the token is bound to; usually none.
    """
    if audience and not is_resources_subset([f"{settings.HUB_BASE_URL}{path}"], audience):
        raise invalid_token()
    if Scope.ACCESS_CHECK.value not in scopes:
        raise Refused(
            403,
            "insufficient_scope",
            "The access token lacks the scope access:check.",
            headers=(
                (
                    "WWW-Authenticate",
                    f'Bearer realm="hub", error="insufficient_scope", scope="{Scope.ACCESS_CHECK}"',
                ),
            ),
        )


# --- Where nothing has to be waited for: Django's routes, and other servers of hub/wsgi.py ---


def answer_environ(environ: dict[str, Any], act: Act, limit: int = BODY_LIMIT) -> Answer:
    """Answer the request in a WSGI environment; `act` waits for nothing."""

    async def read() -> bytes:
        return _body_of(environ, limit)

    return at_once(
        respond(
            method=environ["REQUEST_METHOD"],
            content_type=environ.get("CONTENT_TYPE", ""),
            authorization=environ.get("HTTP_AUTHORIZATION", ""),
            request_id=environ.get("HTTP_X_REQUEST_ID", ""),
            read=read,
            act=act,
            limit=limit,
        )
    )


def _body_of(environ: dict[str, Any], limit: int) -> bytes:
    """Return the body, up to one byte over the limit."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        size = min(int(length), limit + 1)
    else:  # a chunked body; read it only from a server that marks its end
        size = limit + 1 if environ.get("wsgi.input_terminated") else 0
    body: bytes = environ["wsgi.input"].read(size) if size else b""
    return body


def response_of(answer: Answer) -> HttpResponse:
    """Return an answer as Django's response."""
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
