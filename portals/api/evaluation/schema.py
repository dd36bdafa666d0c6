"""Checks in the OpenAPI document: their views are no views of Django REST framework."""

from typing import Any

from portals.api.evaluation.answers import PATH
from portals.api.evaluation.batches import BATCH_BODY_LIMIT, BATCH_LIMIT, BATCH_PATH, Semantic
from portals.api.evaluation.exchange import BODY_LIMIT
from portals.api.evaluation.questions import NAME_LIMIT
from portals.choices import Reason, Scope

_JSON = "application/json"
_NAME = {"type": "string", "minLength": 1, "maxLength": NAME_LIMIT}
_PROPERTIES = {"type": "object", "description": "Ignored: the hub decides by what it knows."}


def entity(description: str, **names: str) -> dict[str, Any]:
    """Return the schema of an entity that a request names; `names` describes its texts."""
    members = {name: {**_NAME, "description": text} for name, text in names.items()}
    return {
        "type": "object",
        "description": description,
        "required": list(names),
        "properties": {**members, "properties": _PROPERTIES},
    }


PERSON = entity("The person.", type="`user`.", id="The person's `sub`.")
RESOURCE = entity(
    "What it is done to.", type="A resource type of your manifest.", id="Your own id of it."
)
ACTION = entity("What is done.", name="A privilege of your manifest.")
_CONTEXT = {
    "type": "object",
    "properties": {"explain": {"type": "boolean", "description": "True: answer with the reason."}},
}
_FOUR = {"subject": PERSON, "resource": RESOURCE, "action": ACTION, "context": _CONTEXT}
_REQUEST = {
    "type": "object",
    "description": "Names that are not listed are ignored.",
    "required": ["subject", "resource", "action"],
    "properties": _FOUR,
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
_BATCH_REQUEST = {
    "type": "object",
    "description": "Names beside `evaluations` stand for those that a check in it leaves out."
    " Without `evaluations`, this is a single check.",
    "properties": {
        **_FOUR,
        "evaluations": {
            "type": "array",
            "maxItems": BATCH_LIMIT,
            "items": {"type": "object", "properties": _FOUR},
        },
        "options": {
            "type": "object",
            "properties": {
                "evaluations_semantic": {
                    "type": "string",
                    "enum": [semantic.value for semantic in Semantic],
                    "default": Semantic.EXECUTE_ALL.value,
                }
            },
        },
    },
}
_BATCH_RESPONSE = {
    "oneOf": [
        {
            "type": "object",
            "required": ["evaluations"],
            "properties": {
                "evaluations": {
                    "type": "array",
                    "description": "In the order of the request.",
                    "items": {
                        "type": "object",
                        "required": ["decision"],
                        "properties": {
                            "decision": {"type": "boolean"},
                            "context": {
                                "type": "object",
                                "description": "The `reason`, where it is asked for; the `error`"
                                " of a check that cannot be read.",
                            },
                        },
                    },
                }
            },
        },
        {"$ref": "#/components/schemas/AccessDecision"},
    ]
}


def post(
    operation_id: str, summary: str, request: str, response: str, body_limit: int = BODY_LIMIT
) -> dict[str, Any]:
    """Return the description of an endpoint, whose request and response are named schemas."""
    error = {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    request_id = {
        "name": "X-Request-ID",
        "in": "header",
        "required": False,
        "description": "The answer carries it too.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]*$"},
    }
    return {
        "post": {
            "operationId": operation_id,
            "summary": summary,
            "tags": ["access"],
            "parameters": [request_id],
            "requestBody": {
                "required": True,
                "content": {_JSON: {"schema": {"$ref": f"#/components/schemas/{request}"}}},
            },
            "security": [{"portal": [Scope.ACCESS_CHECK.value]}],
            "responses": {
                "200": {
                    "description": "The answer of this moment.",
                    "content": {_JSON: {"schema": {"$ref": f"#/components/schemas/{response}"}}},
                },
                "413": {"description": f"More than {body_limit // 1024} KiB.", "content": error},
                "503": {
                    "description": "The hub cannot decide now: treat this as a no.",
                    "headers": {"Retry-After": {"schema": {"type": "integer"}}},
                    "content": error,
                },
            },
        }
    }


def describe_evaluation(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the checks to the document (a hook of drf-spectacular)."""
    schemas = result["components"].setdefault("schemas", {})
    schemas |= {"AccessEvaluation": _REQUEST, "AccessDecision": _RESPONSE}
    schemas |= {"AccessEvaluations": _BATCH_REQUEST, "AccessDecisions": _BATCH_RESPONSE}
    result["paths"][PATH] = post(
        "evaluate_access",
        "May this person do this to that resource? (AuthZEN 1.0)",
        "AccessEvaluation",
        "AccessDecision",
    )
    result["paths"][BATCH_PATH] = post(
        "evaluate_accesses",
        "Many such questions at once (AuthZEN 1.0)",
        "AccessEvaluations",
        "AccessDecisions",
        BATCH_BODY_LIMIT,
    )
    return result
