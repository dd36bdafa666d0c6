"""Searches in the OpenAPI document: their views are no views of Django REST framework."""

from typing import Any

from portals.api.evaluation.schema import ACTION, PERSON, RESOURCE, entity, post
from portals.api.search import answers
from portals.api.search.pages import DEFAULT_LIMIT, MAX_LIMIT

_PAGE = {
    "type": "object",
    "properties": {
        "limit": {
            "type": "integer",
            "minimum": 1,
            "description": f"The most results: {DEFAULT_LIMIT} if left out, at most {MAX_LIMIT}.",
        },
        "token": {
            "type": "string",
            "description": "The `next_token` of the page before, of the same search.",
        },
    },
}
_ANY_PERSON = entity("The kind of subject.", type="`user`.")
_ANY_RESOURCE = entity("The kind of resource.", type="A resource type of your manifest.")
_SEARCHES = (
    (
        answers.SUBJECT,
        "Subject",
        "Who may do this to that resource?",
        {"subject": _ANY_PERSON, "resource": RESOURCE, "action": ACTION},
        ["type", "id"],
    ),
    (
        answers.RESOURCE,
        "Resource",
        "To which resources may this person do this?",
        {"subject": PERSON, "resource": _ANY_RESOURCE, "action": ACTION},
        ["type", "id"],
    ),
    (
        answers.ACTION,
        "Action",
        "Which privileges does this person have on that resource?",
        {"subject": PERSON, "resource": RESOURCE},
        ["name"],
    ),
)


def describe_searches(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the searches to the document (a hook of drf-spectacular)."""
    schemas = result["components"].setdefault("schemas", {})
    for search, name, summary, entities, found in _SEARCHES:
        schemas[f"{name}Search"] = {
            "type": "object",
            "description": "Names that are not listed are ignored.",
            "required": list(entities),
            "properties": {**entities, "context": {"type": "object"}, "page": _PAGE},
        }
        schemas[f"{name}Results"] = _results(found)
        result["paths"][search.path] = post(
            f"search_{search.wanted}",
            f"{summary} (AuthZEN 1.0)",
            f"{name}Search",
            f"{name}Results",
        )
    return result


def _results(found: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["results", "page"],
        "properties": {
            "results": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": found,
                    "properties": {name: {"type": "string"} for name in found},
                },
            },
            "page": {
                "type": "object",
                "required": ["next_token"],
                "properties": {
                    "next_token": {
                        "type": "string",
                        "description": "The `token` of the next page; empty on the last.",
                    }
                },
            },
        },
    }
