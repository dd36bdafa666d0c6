"""The check endpoint in the OpenAPI document: its view is no view of Django REST framework."""

from typing import Any

from portals.api.evaluation.answers import PATH
from portals.api.evaluation.questions import NAME_LIMIT
from portals.choices import Reason, Scope

_NAME = {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT}
_PROPERTIES = {"type": "object", "description": "Ignored: the hub decides by what it knows."}


def _entity(description: str, **names: str) -> dict[str, Any]:
    members = {name: {**_NAME, "description": text} for name, text in names.items()}
    return {
        "type": "object",
        "description": description,
        "required": list(names),
        "properties": {**members, "properties": _PROPERTIES},
    }


_REQUEST = {
    "type": "object",
    "description": "Names that are not listed are ignored.",
    "required": ["subject", "resource", "action"],
    "properties": {
        "subject": _entity("The person.", type="`user`.", id="The person's `sub`."),
        "resource": _entity(
            "What it is done to.", type="A resource type of your manifest.", id="Your own id of it."
        ),
        "action": _entity("What is done.", name="A privilege of your manifest."),
        "context": {
            "type": "object",
            "properties": {
                "explain": {"type": "boolean", "description": "True: answer with the reason."}
            },
        },
    },
}
_RESPONSE = {
    "type": "object",
    "required": ["decision"],
    "properties": {
        "decision": {"type": "boolean"},
        "context": {
            "type": "object",
            "description": "Only where `context.explain` or the manifest asks for it.",
            "required": ["reason"],
            "properties": {"reason": {"type": "string", "enum": [r.value for r in Reason]}},
        },
    },
}


def describe_evaluation(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the check to the document (a hook of drf-spectacular)."""
    schemas = result["components"].setdefault("schemas", {})
    schemas |= {"AccessEvaluation": _REQUEST, "AccessDecision": _RESPONSE}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    result["paths"][PATH] = {
        "post": {
            "operationId": "evaluate_access",
            "summary": "May this person do this to that resource? (AuthZEN 1.0)",
            "tags": ["access"],
            "parameters": [
                {
                    "name": "X-Request-ID",
                    "in": "header",
                    "required": False,
                    "description": "The answer carries it too.",
                    "schema": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 255,
                        "pattern": "^[ -~]*$",
                    },
                }
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"$ref": "#/components/schemas/AccessEvaluation"}
                    }
                },
            },
            "security": [{"portal": [Scope.ACCESS_CHECK.value]}],
            "responses": {
                "200": {
                    "description": "The decision.",
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/AccessDecision"}
                        }
                    },
                },
                "413": {"description": "More than 64 KiB.", "content": error},
                "503": {
                    "description": "The hub cannot decide now: treat this as a no.",
                    "headers": {"Retry-After": {"schema": {"type": "integer"}}},
                    "content": error,
                },
            },
        }
    }
    return result
