"""The OpenAPI document: its settings, and the parts that every operation has."""

from collections.abc import Iterable
from typing import Any

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Hub API",
    "DESCRIPTION": "What portals and people ask the hub.",
    "VERSION": "",  # hub/urls.py gives it
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENFORCE_NON_BLANK_FIELDS": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portals.api.evaluation.schema.describe_evaluation",
        "portals.api.search.schema.describe_searches",
        "hub.openapi.describe_csrf",
        "hub.openapi.describe_errors",
    ],
}

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
        }
    },
}
_REFUSALS = {
    "400": "The call contains an error; `fields` names each wrong field.",
    "401": "The call carries no valid credentials.",
    "403": "These credentials may not do this.",
    "404": "There is no such resource, or you may not see it.",
}


def describe_csrf(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Name the CSRF token where a session's cookie authenticates (a hook of drf-spectacular)."""
    header = {
        "name": "X-CSRFToken",
        "in": "header",
        "required": True,
        "description": "The token of the session; pages of the hub carry it.",
        "schema": {"type": "string", "minLength": 32},
    }
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if method in ("post", "put", "patch", "delete") and {"cookieAuth": []} in operation.get(
                "security", []
            ):
                operation.setdefault("parameters", []).append(header)
    return result


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the error shape to every operation (a hook of drf-spectacular)."""
    result["components"].setdefault("schemas", {})["Error"] = _ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for operations in result["paths"].values():
        for operation in _operations(operations.values()):
            for code, description in _REFUSALS.items():
                operation["responses"].setdefault(
                    code, {"description": description, "content": content}
                )
    return result


def _operations(values: Iterable[Any]) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict) and "responses" in value]
