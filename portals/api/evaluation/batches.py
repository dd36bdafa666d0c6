"""POST /access/v1/evaluations: many checks in one call (AuthZEN 1.0, section 7).

A question with an error is answered no, with the error; the others are answered all the same.
"""

import json
from enum import StrEnum
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from portals.api.evaluation import exchange
from portals.api.evaluation.answers import decide, decision_body, require_answer
from portals.api.evaluation.questions import (
    EMPTY_QUESTION,
    Question,
    parse_object,
    read_object,
    read_question,
    refuse_field,
)
from portals.api.evaluation.responses import Refused
from portals.choices import Reason
from portals.decision import CheckResult, answer_checks

BATCH_PATH: Final = "/access/v1/evaluations"
BATCH_LIMIT: Final = 1000
BATCH_BODY_LIMIT: Final = 1024 * 1024

_ENTITIES: Final = ("subject", "resource", "action")
_NAMES: Final = ("type", "id", "name")


class Semantic(StrEnum):
    """The end of a batch: its last check, or the first no or yes."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"


async def _evaluate_batch(token: str, body: bytes) -> bytes:
    """Answer a batch; without `evaluations`, a body is a single check. Raises Refused."""
    try:
        request = parse_object(body)
        semantic, questions = _read_batch(request)
    except Refused:
        # The error of a bad token comes before that of a bad body.
        _check(token, [EMPTY_QUESTION])
        raise
    asked = [EMPTY_QUESTION if isinstance(each, Refused) else each for each in questions]
    results = _check(token, asked)
    if semantic is None:
        [(question, result)] = zip(asked, results, strict=True)
        return decision_body(question, result, decide(question, result))
    decisions = []
    for read, result in zip(questions, results, strict=True):
        is_allowed, decision = _decision(read, result)
        decisions.append(decision)
        if semantic == (
            Semantic.PERMIT_ON_FIRST_PERMIT if is_allowed else Semantic.DENY_ON_FIRST_DENY
        ):
            break
    return b'{"evaluations": [%b]}' % b", ".join(decisions)


def _read_batch(request: dict[str, Any]) -> tuple[Semantic | None, list[Question | Refused]]:
    """Return the semantic and the questions, with an error in the place of each that has one.

    The semantic is None for a single check. Raises Refused naming the field at fault.
    """
    evaluations = request.get("evaluations", [])
    if type(evaluations) is not list:
        refuse_field("evaluations", "must be an array")
    if not evaluations:
        return None, [read_question(request)]
    if len(evaluations) > BATCH_LIMIT:
        refuse_field("evaluations", f"takes up to {BATCH_LIMIT} checks")
    options = read_object(request, "options")
    semantic = options.get("evaluations_semantic", Semantic.EXECUTE_ALL)
    if semantic not in list(Semantic):
        refuse_field("options.evaluations_semantic", f"must be one of {', '.join(Semantic)}")
    return Semantic(semantic), [_read_one(request, each) for each in evaluations]


def _read_one(defaults: dict[str, Any], own: Any) -> Question | Refused:
    """Return one question of a batch, or its error."""
    if type(own) is not dict:
        return Refused(400, "invalid", "A check must be a JSON object.")
    request = defaults | own
    for name in _ENTITIES:
        default, entity = defaults.get(name), own.get(name)
        if type(default) is dict and type(entity) is dict:  # what it does not name is the default
            names = {key: default[key] for key in _NAMES if key in default}
            request[name] = names | entity
    try:
        return read_question(request)
    except Refused as refusal:
        return refusal


def _decision(question: Question | Refused, result: CheckResult) -> tuple[bool, bytes]:
    """Return whether one question is answered yes, and the answer as JSON."""
    if isinstance(question, Refused):
        error = {"status": question.status, **question.error()}
        return False, json.dumps({"decision": False, "context": {"error": error}}).encode()
    reason = decide(question, result)
    return reason != Reason.NOT_ALLOWED, decision_body(question, result, reason)


def _check(token: str, questions: list[Question]) -> list[CheckResult]:
    """Return the results in order. Raises Refused for a token that may not ask."""
    results = answer_checks(
        token=token,
        questions=[
            (each.subject, each.resource_type, each.resource_id, each.action) for each in questions
        ],
    )
    require_answer(results[0] if results else None, BATCH_PATH)
    return results or []


@csrf_exempt
@login_not_required
def evaluations(request: HttpRequest) -> HttpResponse:
    """Answer a batch behind Django's middleware."""
    return exchange.response_of(
        exchange.answer_environ(request.META, _evaluate_batch, BATCH_BODY_LIMIT)
    )
