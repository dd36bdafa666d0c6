"""Strict serializers and fields: unknown names and other types are refused."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from accounts.validators import validate_plain_text

MAX_SHOWN_NAME = 80


class StrictSerializer(serializers.Serializer[Any]):
    """A JSON object that has known names only."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values. Raises ValidationError for an unknown name."""
        if isinstance(data, dict):
            unknown = data.keys() - self.fields.keys()
            if unknown:
                reason = [_("Unknown field.")]
                raise serializers.ValidationError(
                    {printable_name(name): reason for name in unknown}
                )
        return super().to_internal_value(data)


class StrictSerializerSchema(OpenApiSerializerExtension):
    """The OpenAPI schema of a strict object."""

    target_class = "portals.api.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        """Return the usual schema, without additional properties."""
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


def printable_name(name: str) -> str:
    """Return a name from a request, shortened and in plain ASCII."""
    return name[:MAX_SHOWN_NAME].encode("ascii", "backslashreplace").decode()


class TextField(serializers.CharField):
    """A JSON string; numbers are refused and spaces kept."""

    def __init__(self, **kwargs: Any) -> None:
        """Set up the field, with at most 255 characters by default."""
        kwargs.setdefault("max_length", 255)
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the text. Raises ValidationError for another type or invisible characters."""
        if not isinstance(data, str):
            self.fail("invalid")
        if not data.isprintable():
            validate_plain_text(data)
        return data


class StrictBooleanField(serializers.BooleanField):
    """A JSON boolean; texts and numbers are refused."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the boolean. Raises ValidationError for another type."""
        if not isinstance(data, bool):
            self.fail("invalid", input=type(data).__name__)
        return data


class StrictCountField(serializers.IntegerField):
    """A JSON integer from 0; texts, booleans and fractions are refused."""

    def __init__(self, **kwargs: Any) -> None:
        """Set up the field."""
        super().__init__(min_value=0, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        """Return the number. Raises ValidationError for another type."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data
