"""Answer a check over plain values, whichever way the request came in.

The one function, `evaluate`, waits for the body and the database, so that the front can do both on
its event loop. Django's route and other servers of hub/wsgi.py call it with both at hand.
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from allauth.idp.oidc.internal.resources import is_resources_subset
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from portals.api.evaluation.questions import (
    EMPTY_QUESTION,
    SUBJECT_TYPE,
    Question,
    parse_question,
    refuse_field,
)
from portals.api.evaluation.responses import HEADERS, Answer, Refused
from portals.choices import Reason, Scope
from portals.decision import CheckResult, answer_check
from portals.services.uses import record_use

logger = logging.getLogger(__name__)

PATH: Final = "/access/v1/evaluation"
BODY_LIMIT: Final = 64 * 1024

Read = Callable[[], Awaitable[bytes]]
Check = Callable[..., Awaitable[CheckResult | None]]

_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]{1,4096}=*) *", re.IGNORECASE)
_REQUEST_ID = re.compile(r"[\x20-\x7e]{1,255}")
_DECISIONS: Final = {
    reason: json.dumps({"decision": reason != Reason.NOT_ALLOWED}).encode() for reason in Reason
}
_EXPLAINED: Final = {
    reason: json.dumps(
        {"decision": reason != Reason.NOT_ALLOWED, "context": {"reason": reason.value}}
    ).encode()
    for reason in Reason
}


def answer_evaluation(
    *, method: str, content_type: str, authorization: str, request_id: str, body: bytes
) -> Answer:
    """Answer one check whose body was read, up to one byte over BODY_LIMIT."""

    async def read() -> bytes:
        return body

    coroutine = evaluate(
        method=method,
        content_type=content_type,
        authorization=authorization,
        request_id=request_id,
        read=read,
        check=_check_now,
    )
    try:
        coroutine.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    raise AssertionError("it has nothing to wait for")


async def _check_now(**names: str) -> CheckResult | None:
    return answer_check(**names)


async def evaluate(
    *,
    method: str,
    content_type: str,
    authorization: str,
    request_id: str,
    read: Read,
    check: Check,
) -> Answer:
    """Answer one check. Raises nothing: every failure is an answer too, and never a yes.

    An absent header is "". `read` returns the body, and is awaited once the headers are in order.
    """
    try:
        if request_id and not _REQUEST_ID.fullmatch(request_id):
            request_id = ""
            refuse_field("X-Request-ID", "takes up to 255 visible ASCII characters")
        answer = await _answer(method, content_type, authorization, read, check)
    except Refused as refusal:
        answer = refusal.answer()
    except DatabaseError as error:
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


async def _answer(
    method: str, content_type: str, authorization: str, read: Read, check: Check
) -> Answer:
    if method != "POST":
        raise Refused(405, "method_not_allowed", "Send this as POST.", headers=(("Allow", "POST"),))
    token = _bearer_token(authorization)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(  # 400, as the AuthZEN certification demands (2.4.3)
            400, "unsupported_media_type", "Send JSON, as Content-Type: application/json."
        )
    body = await read()
    if len(body) > BODY_LIMIT:
        raise Refused(413, "too_large", f"The body takes up to {BODY_LIMIT} bytes.")
    try:
        question = parse_question(body)
    except Refused:
        # The error of a bad token comes before that of a bad body.
        await _check(check, token, EMPTY_QUESTION)
        raise
    result = await _check(check, token, question)
    bodies = _EXPLAINED if question.explain or result.explain else _DECISIONS
    if question.subject_type != SUBJECT_TYPE:
        return Answer(200, HEADERS.copy(), bodies[Reason.NOT_ALLOWED])
    if result.use:
        record_use(result.use)
    return Answer(200, HEADERS.copy(), bodies[result.reason])


def _bearer_token(authorization: str) -> str:
    if not authorization:
        raise Refused(
            401,
            "not_authenticated",
            "Send an access token, as Authorization: Bearer.",
            headers=(("WWW-Authenticate", 'Bearer realm="hub"'),),
        )
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise _invalid_token()
    return match[1]


def _invalid_token() -> Refused:
    description = "The access token is unknown, has expired or is not a portal's."
    challenge = f'Bearer realm="hub", error="invalid_token", error_description="{description}"'
    return Refused(401, "invalid_token", description, headers=(("WWW-Authenticate", challenge),))


async def _check(check: Check, token: str, question: Question) -> CheckResult:
    """Return the result of the check. Raises Refused for a token that may not ask."""
    result = await check(
        token=token,
        subject=question.subject,
        resource_type=question.resource_type,
        resource_id=question.resource_id,
        action=question.action,
    )
    if result is None:
        raise _invalid_token()
    if result.audience and not is_resources_subset(
        [f"{settings.HUB_BASE_URL}{PATH}"], result.audience
    ):
        raise _invalid_token()
    if Scope.ACCESS_CHECK.value not in result.scopes:
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
    return result


# --- The front's entry, and the route's ---


def answer_environ(environ: dict[str, Any]) -> Answer:
    """Answer the check in a WSGI environment."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        size = min(int(length), BODY_LIMIT + 1)
    else:  # a chunked body; read it only from a server that marks its end
        size = BODY_LIMIT + 1 if environ.get("wsgi.input_terminated") else 0
    return answer_evaluation(
        method=environ["REQUEST_METHOD"],
        content_type=environ.get("CONTENT_TYPE", ""),
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
        request_id=environ.get("HTTP_X_REQUEST_ID", ""),
        body=environ["wsgi.input"].read(size) if size else b"",
    )


@csrf_exempt
@login_not_required
def evaluation(request: HttpRequest) -> HttpResponse:
    """Answer a check behind Django's middleware."""
    answer = answer_environ(request.META)
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
