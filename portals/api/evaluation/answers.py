"""Answer a check over plain values, whichever way the request came in.

The one function, `evaluate`, waits for the body and the database, so that the front can do both on
its event loop. Django's route and other servers of hub/wsgi.py call it with both at hand.
"""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from portals.api.evaluation import exchange
from portals.api.evaluation.questions import (
    EMPTY_QUESTION,
    SUBJECT_TYPE,
    Question,
    parse_question,
)
from portals.api.evaluation.responses import Answer, Refused
from portals.choices import Reason
from portals.decision import CheckResult, answer_check
from portals.decision.prepared import at_once
from portals.services.uses import record_use

PATH: Final = "/access/v1/evaluation"

Check = Callable[..., Awaitable[CheckResult | None]]

_DECISIONS: Final = {
    reason: json.dumps({"decision": reason != Reason.NOT_ALLOWED}).encode() for reason in Reason
}
_EXPLAINED: Final = {
    reason: json.dumps(
        {"decision": reason != Reason.NOT_ALLOWED, "context": {"reason": reason.value}}
    ).encode()
    for reason in Reason
}


async def evaluate(
    *,
    method: str,
    content_type: str,
    authorization: str,
    request_id: str,
    read: exchange.Read,
    check: Check,
) -> Answer:
    """Answer one check. Raises nothing: every failure is an answer too, and never a yes.

    An absent header is "". `read` returns the body, and is awaited once the headers are in order.
    """
    return await exchange.respond(
        method=method,
        content_type=content_type,
        authorization=authorization,
        request_id=request_id,
        read=read,
        act=partial(_evaluate, check),
    )


async def _evaluate(check: Check, token: str, body: bytes) -> bytes:
    try:
        question = parse_question(body)
    except Refused:
        # The error of a bad token comes before that of a bad body.
        require_answer(await _ask(check, token, EMPTY_QUESTION), PATH)
        raise
    result = require_answer(await _ask(check, token, question), PATH)
    return decision_body(question, result, decide(question, result))


def _ask(check: Check, token: str, question: Question) -> Awaitable[CheckResult | None]:
    return check(
        token=token,
        subject=question.subject,
        resource_type=question.resource_type,
        resource_id=question.resource_id,
        action=question.action,
    )


def require_answer(result: CheckResult | None, path: str) -> CheckResult:
    """Return the result of a check. Raises Refused for a token that may not ask at this path."""
    if result is None:
        raise exchange.invalid_token()
    exchange.require_access_check(path, scopes=result.scopes, audience=result.audience)
    return result


def decide(question: Question, result: CheckResult) -> Reason:
    """Return the reason of the decision, and remember the use of what is allowed."""
    if question.subject_type != SUBJECT_TYPE:
        return Reason.NOT_ALLOWED
    if result.use:
        record_use(result.use)
    return result.reason


def decision_body(question: Question, result: CheckResult, reason: Reason) -> bytes:
    """Return a decision as JSON, with the reason where it is asked for."""
    bodies = _EXPLAINED if question.explain or result.explain else _DECISIONS
    return bodies[reason]


# --- Where nothing has to be waited for ---


async def check_at_once(**names: str) -> CheckResult | None:
    """Answer a check on this thread's connection."""
    return answer_check(**names)


def answer_evaluation(
    *, method: str, content_type: str, authorization: str, request_id: str, body: bytes
) -> Answer:
    """Answer one check whose body was read, up to one byte over BODY_LIMIT."""

    async def read() -> bytes:
        return body

    return at_once(
        evaluate(
            method=method,
            content_type=content_type,
            authorization=authorization,
            request_id=request_id,
            read=read,
            check=check_at_once,
        )
    )


def answer_environ(environ: dict[str, Any]) -> Answer:
    """Answer the check in a WSGI environment."""
    return exchange.answer_environ(environ, partial(_evaluate, check_at_once))


@csrf_exempt
@login_not_required
def evaluation(request: HttpRequest) -> HttpResponse:
    """Answer a check behind Django's middleware."""
    return exchange.response_of(answer_environ(request.META))
