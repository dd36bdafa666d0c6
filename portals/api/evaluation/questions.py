"""Read the question in the body of a check, naming the field at fault.

Names that AuthZEN 1.0 doesn't know are ignored, as it demands; the ones it does are read strictly.
"""

import json
from typing import Any, Final, NamedTuple, NoReturn

from django.core.exceptions import ValidationError

from accounts.validators import validate_plain_text
from portals.api.evaluation.responses import Refused

NAME_LIMIT: Final = 255
MAX_SHOWN_NAME: Final = 80
SUBJECT_TYPE: Final = "user"


class Question(NamedTuple):
    """The question in a well-formed body."""

    subject_type: str
    subject: str
    resource_type: str
    resource_id: str
    action: str
    explain: bool = False  # whether `context.explain` asks for the reason


EMPTY_QUESTION: Final = Question(SUBJECT_TYPE, "", "", "", "")


def refuse_field(field: str, problem: str) -> NoReturn:
    """Raise Refused, naming this part of the request."""
    shown = field[:MAX_SHOWN_NAME].encode("ascii", "backslashreplace").decode()
    raise Refused(400, "invalid", f"{shown} {problem}.", field=shown)


def _not_json() -> NoReturn:
    raise Refused(400, "parse_error", "The body is not valid JSON.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        refuse_field(next(name for name in names if names.count(name) > 1), "is there twice")
    return members


def _constant(name: str) -> NoReturn:
    _not_json()  # NaN and Infinity


_JSON = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body. Raises Refused."""
    try:
        request = _JSON.decode(body.decode())
    except (ValueError, RecursionError):
        _not_json()
    if type(request) is not dict:
        raise Refused(400, "invalid", "The body must be a JSON object.")
    members: dict[str, Any] = request
    return members


def parse_question(body: bytes) -> Question:
    """Return the question in a body. Raises Refused naming the field at fault."""
    return read_question(parse_object(body))


def read_question(request: dict[str, Any]) -> Question:
    """Return the question in an object. Raises Refused naming the field at fault."""
    subject = read_entity(request, "subject", "type", "id")
    resource = read_entity(request, "resource", "type", "id")
    action = read_entity(request, "action", "name")
    context = read_object(request, "context")
    return Question(
        subject[0], subject[1], resource[0], resource[1], action[0], context.get("explain") is True
    )


def read_object(request: dict[str, Any], name: str, shown: str = "") -> dict[str, Any]:
    """Return an optional object, empty where it is absent. Raises Refused for another type."""
    members = request.get(name, {})
    if type(members) is not dict:
        refuse_field(shown or name, "must be an object")
    return members


def read_entity(request: dict[str, Any], name: str, *keys: str) -> list[str]:
    """Return the texts of a required entity, in the order of `keys`. Raises Refused."""
    entity = request.get(name)
    if type(entity) is not dict:
        refuse_field(name, "must be an object" if name in request else "is missing")
    texts = [_text(entity, key, name) for key in keys]
    read_object(entity, "properties", f"{name}.properties")
    return texts


def _text(entity: dict[str, Any], key: str, name: str) -> str:
    text = entity.get(key)
    if type(text) is not str:
        refuse_field(f"{name}.{key}", "must be a string" if key in entity else "is missing")
    if not 0 < len(text) <= NAME_LIMIT:
        refuse_field(f"{name}.{key}", f"takes 1 to {NAME_LIMIT} characters")
    if not text.isprintable():
        try:
            validate_plain_text(text)
        except ValidationError:
            refuse_field(f"{name}.{key}", "holds a control or invisible character")
    return text
