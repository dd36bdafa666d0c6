"""Shared parts of every API: the error shape, the JSON parser and the pagination.

Django REST framework finds them through the settings, so no lower app imports this module.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from django.core.exceptions import NON_FIELD_ERRORS, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler

from accounts.addresses import number_in

MAX_FIELD_ERRORS = 100


# --- Errors ---


def handle_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response to a refused call: `{"error": {"code", "message", "fields"}}`.

    `fields` maps the path of each wrong field (`resources[3].name`) to its messages; it is left
    out where no field is wrong. A ValidationError becomes 400, PermissionDenied 403, Http404 404.
    Return None for any other exception, which then becomes a plain 500.
    """
    if isinstance(error, DjangoValidationError):
        error = ValidationError(_detail_of(error))
    response = exception_handler(error, context)
    if response is None:
        return None
    body: dict[str, Any] = {"code": "invalid", "message": ""}
    if isinstance(error, ValidationError):
        fields = dict(list(_flatten("", error.detail))[:MAX_FIELD_ERRORS])
        own = fields.pop("", None)
        body["message"] = own[0] if own else _("Some fields have errors.")
        if fields:
            body["fields"] = fields
    else:
        detail = response.data["detail"]
        body = {"code": detail.code, "message": str(detail)}
    response.data = {"error": body}
    return response


def _detail_of(error: DjangoValidationError) -> Any:
    if not hasattr(error, "error_dict"):
        return error.messages
    by_field = error.message_dict
    own = by_field.pop(NON_FIELD_ERRORS, None)
    return by_field | ({api_settings.NON_FIELD_ERRORS_KEY: own} if own else {})


def _flatten(path: str, detail: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield nested errors as (path, messages)."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            if key == api_settings.NON_FIELD_ERRORS_KEY:
                yield from _flatten(path, inner)
            elif isinstance(key, int):
                yield from _flatten(f"{path}[{key}]", inner)
            else:
                yield from _flatten(f"{path}.{key}" if path else str(key), inner)
    elif detail and isinstance(detail[0], dict | list):
        for index, inner in enumerate(detail):
            yield from _flatten(f"{path}[{index}]", inner)
    elif detail:
        yield path, [_sendable(str(message)) for message in detail]


def _sendable(message: str) -> str:
    """Return a message that UTF-8 can write: it may repeat half of a surrogate pair from JSON."""
    return message.encode(errors="backslashreplace").decode()


class BodyTooLarge(APIException):
    """The body is larger than the hub accepts."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is too large.")
    default_code = "too_large"


# --- JSON ---


class StrictJSONParser(BaseParser):
    """A parser of RFC 8259 JSON: UTF-8, each name once, no NaN, limited in size and depth."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value in the body. Raises ParseError or BodyTooLarge."""
        request = (parser_context or {})["request"]
        try:
            return _JSON.decode(request._request.body.decode())
        except RequestDataTooBig as error:
            raise BodyTooLarge from error
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not valid JSON.")) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)


# --- Lists ---


class KeysetPagination(BasePagination):
    """Pages of a list by primary key: `limit` rows after the row `after`."""

    default_limit = 100
    max_limit = 1000

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        """Return one page. Raises ValidationError unless `limit` and `after` are valid numbers."""
        limit = self._number(request, "limit", self.default_limit, self.max_limit)
        after = self._number(request, "after", 0, 2**63 - 1)
        assert isinstance(queryset, QuerySet)  # noqa: S101  our lists are querysets, never plain sequences
        rows = list(queryset.order_by("pk").filter(pk__gt=after)[: limit + 1])
        self.next = str(rows[limit - 1].pk) if len(rows) > limit else None
        return rows[:limit]

    def _number(self, request: Request, name: str, default: int, largest: int) -> int:
        if name not in request.query_params:
            return default
        text = request.query_params[name]
        number = number_in(text)
        if number is None or not 0 < number <= largest:
            raise ValidationError({name: [_("Give a number from 1 to %s.") % largest]})
        return number

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page and the `after` of the next one (null after the last)."""
        return Response({"items": data, "next": self.next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the shape of a page for OpenAPI."""
        return {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": schema,
                "next": {
                    "type": ["string", "null"],
                    "description": "The `after` of the next page; null on the last.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the query parameters for OpenAPI."""
        return [
            {
                "name": "after",
                "in": "query",
                "required": False,
                "description": "Where to start: the `next` of the previous page.",
                "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$"},
            },
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "description": "The maximum number of rows.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_limit,
                    "default": self.default_limit,
                },
            },
        ]
