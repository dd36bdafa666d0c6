"""Serializers that take what they ask for and nothing else."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerExtension
from rest_framework import serializers

from accounts.validators import validate_plain_text

SHOWN_NAME = 80


class StrictSerializer(serializers.Serializer[Any]):
    """A JSON object with known names only."""

    def to_internal_value(self, data: Any) -> Any:
        """As the parent does. Raises ValidationError for a name it does not know."""
        if isinstance(data, dict):
            unknown = data.keys() - self.fields.keys()
            if unknown:
                reason = [_("This field is not known here.")]
                raise serializers.ValidationError({shown_name(name): reason for name in unknown})
        return super().to_internal_value(data)


class StrictSerializerSchema(OpenApiSerializerExtension):
    """How OpenAPI says that no other name is taken."""

    target_class = "portals.api.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        """The object as it would be, closed."""
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


def shown_name(name: str) -> str:
    """A name somebody sent, fit to be shown."""
    return name[:SHOWN_NAME].encode("ascii", "backslashreplace").decode()


class TextField(serializers.CharField):
    """A text as JSON has texts: no number passes for one, and nothing is trimmed."""

    def __init__(self, **kwargs: Any) -> None:
        """As CharField; up to 255 plain characters."""
        kwargs.setdefault("max_length", 255)
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The text. Raises ValidationError for another type or invisible characters."""
        if not isinstance(data, str):
            self.fail("invalid")
        if not data.isprintable():
            validate_plain_text(data)
        return data


class TruthField(serializers.BooleanField):
    """true or false; no word or number passes for one."""

    def to_internal_value(self, data: Any) -> bool:
        """The boolean. Raises ValidationError for another type."""
        if not isinstance(data, bool):
            self.fail("invalid", input=type(data).__name__)
        return data
