"""POST /access/v1/evaluation: may this person do this to that thing? (AuthZEN 1.0, section 6)

One function answers, over plain values. The route below and the front in hub/wsgi.py, which spares
a check Django's middleware, both call it.
"""

import json
import logging
import re
from typing import Any, Final, NamedTuple, NoReturn

from allauth.idp.oidc.internal.resources import is_resources_subset
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.validators import validate_plain_text
from portals.choices import Reason, Scope
from portals.decision import Checked, answer_check

logger = logging.getLogger(__name__)

PATH: Final = "/access/v1/evaluation"
BODY_LIMIT: Final = 64 * 1024
NAME_LIMIT: Final = 255
SHOWN_NAME: Final = 80
SUBJECT_TYPE: Final = "user"

Header = tuple[str, str]

_BEARER = re.compile(r"bearer +([A-Za-z0-9\-._~+/]{1,4096}=*) *", re.IGNORECASE)
_REQUEST_ID = re.compile(r"[\x20-\x7e]{1,255}")
_HEADERS: Final[list[Header]] = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]
_DECISIONS: Final = {
    reason: json.dumps(
        {"decision": reason != Reason.NOT_ALLOWED, "context": {"reason": reason.value}}
    ).encode()
    for reason in Reason
}


class Answer(NamedTuple):
    """An HTTP response in plain values."""

    status: int
    headers: list[Header]
    body: bytes


class Question(NamedTuple):
    """What a well-formed body asks."""

    subject_type: str
    subject: str
    resource_type: str
    resource_id: str
    action: str


NOTHING: Final = Question(SUBJECT_TYPE, "", "", "", "")


class Refused(Exception):
    """The request cannot be answered: an HTTP status, and an error in the API's common shape."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str = "",
        headers: tuple[Header, ...] = (),
    ) -> None:
        """`field` names the part of the body at fault, as `subject.id`."""
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field
        self.headers = headers

    def answer(self) -> Answer:
        """The response that says so."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field:
            error["fields"] = {self.field: [self.message]}
        return Answer(
            self.status, [*_HEADERS, *self.headers], json.dumps({"error": error}).encode()
        )


def answer_evaluation(
    *, method: str, content_type: str, authorization: str, request_id: str, body: bytes
) -> Answer:
    """Answer one check. Raises nothing: whatever fails is an answer, and never a yes.

    In: the parts of the request (an absent header is ""), the body up to one byte over BODY_LIMIT.
    """
    try:
        if request_id and not _REQUEST_ID.fullmatch(request_id):
            request_id = ""
            _malformed("X-Request-ID", "takes up to 255 visible ASCII characters")
        answer = _answer(method, content_type, authorization, body)
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


def _answer(method: str, content_type: str, authorization: str, body: bytes) -> Answer:
    if method != "POST":
        raise Refused(405, "method_not_allowed", "Send this as POST.", headers=(("Allow", "POST"),))
    token = _bearer_token(authorization)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refused(
            415, "unsupported_media_type", "Send JSON, as Content-Type: application/json."
        )
    if len(body) > BODY_LIMIT:
        raise Refused(413, "too_large", f"The body takes up to {BODY_LIMIT} bytes.")
    try:
        question = _parsed(body)
    except Refused:
        _checked(token, NOTHING)  # a stranger hears about the token first
        raise
    checked = _checked(token, question)
    known = question.subject_type == SUBJECT_TYPE
    reason = checked.reason if known else Reason.NOT_ALLOWED
    return Answer(200, _HEADERS.copy(), _DECISIONS[reason])


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


def _checked(token: str, question: Question) -> Checked:
    """The decision, for a token that may ask. Raises Refused for one that may not."""
    checked = answer_check(
        token=token,
        subject=question.subject,
        resource_type=question.resource_type,
        resource_id=question.resource_id,
        action=question.action,
    )
    if checked is None:
        raise _invalid_token()
    if checked.audience and not is_resources_subset(
        [f"{settings.HUB_BASE_URL}{PATH}"], checked.audience
    ):
        raise _invalid_token()
    if Scope.ACCESS_CHECK.value not in checked.scopes:
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
    return checked


# --- Reading the body ---


def _malformed(field: str, problem: str) -> NoReturn:
    shown = field[:SHOWN_NAME].encode("ascii", "backslashreplace").decode()
    raise Refused(400, "invalid", f"{shown} {problem}.", field=shown)


def _not_json() -> NoReturn:
    raise Refused(400, "parse_error", "The body is not valid JSON.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        _malformed(next(name for name in names if names.count(name) > 1), "is there twice")
    return members


def _constant(name: str) -> NoReturn:
    _not_json()  # NaN and Infinity


_JSON = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _parsed(body: bytes) -> Question:
    """The question in a body. Raises Refused naming the field at fault."""
    try:
        request = _JSON.decode(body.decode())
    except (ValueError, RecursionError):
        _not_json()
    if type(request) is not dict:
        raise Refused(400, "invalid", "The body must be a JSON object.")
    subject = _member(request, "subject", ("type", "id"))
    resource = _member(request, "resource", ("type", "id"))
    action = _member(request, "action", ("name",))
    if len(request) > 3:
        if type(request.get("context", {})) is not dict:
            _malformed("context", "must be an object")
        _nothing_else(request, "", ("subject", "resource", "action", "context"))
    return Question(*subject, *resource, *action)


def _member(request: dict[str, Any], name: str, keys: tuple[str, ...]) -> list[str]:
    """The texts of one entity, in the order of `keys`."""
    entity = request.get(name)
    if type(entity) is not dict:
        _malformed(name, "must be an object" if name in request else "is missing")
    texts = [_text(entity, key, name) for key in keys]
    if len(entity) > len(keys):
        if type(entity.get("properties", {})) is not dict:
            _malformed(f"{name}.properties", "must be an object")
        _nothing_else(entity, f"{name}.", (*keys, "properties"))
    return texts


def _text(entity: dict[str, Any], key: str, name: str) -> str:
    text = entity.get(key)
    if type(text) is not str:
        _malformed(f"{name}.{key}", "must be a string" if key in entity else "is missing")
    if not 0 < len(text) <= NAME_LIMIT:
        _malformed(f"{name}.{key}", f"takes 1 to {NAME_LIMIT} characters")
    if not text.isprintable():
        try:
            validate_plain_text(text)
        except ValidationError:
            _malformed(f"{name}.{key}", "holds a control or invisible character")
    return text


def _nothing_else(members: dict[str, Any], prefix: str, known: tuple[str, ...]) -> None:
    for name in members:
        if name not in known:
            _malformed(f"{prefix}{name}", "is not known here")


# --- The two ways in ---


def answer_environ(environ: dict[str, Any]) -> Answer:
    """Answer the check in a WSGI environment."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        size = min(int(length), BODY_LIMIT + 1)
    else:  # sent in chunks; only a server that marks their end can be read to it
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
    """The ordinary route: the same answer behind the middleware."""
    answer = answer_environ(request.META)
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
