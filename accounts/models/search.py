"""Search by prefix: a normalised copy of a text, kept beside it and compared byte by byte."""

from operator import attrgetter
from typing import Any, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q, QuerySet

from accounts.validators import search_key

Rows = TypeVar("Rows", bound=QuerySet[Any])

_PAST_ANY_TEXT = "\U0010ffff"


class SearchKeyField(models.CharField):
    """The search key of another attribute, written whenever the row is (bulk_create too).

    A name of unusual letters can grow when it is normalised; its key is cut at `max_length`.
    """

    def __init__(self, *args: Any, of: str = "", **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **{**kwargs, "editable": False})

    def deconstruct(self) -> Any:
        """Remember the source attribute in migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """Byte order on PostgreSQL too, so that a prefix is an index range."""
        parameters: dict[str, Any] = {**super().db_parameters(connection)}
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Make the key from the text as it is now."""
        key = search_key(attrgetter(self.of)(model_instance))[: self.max_length]
        setattr(model_instance, self.attname, key)
        return key


def within(field: str, key: str) -> Q:
    """The index range of one search key that begins with this normalised text."""
    return Q(**{f"{field}__gte": key, f"{field}__lt": key + _PAST_ANY_TEXT})


def beginning_with(rows: Rows, text: str, *fields: str) -> Rows:
    """Those of `rows` of which one of these search keys begins with this text; all for no text.

    One index range per key, united: with an "or" SQLite would walk through all rows instead.
    """
    key = search_key(text)
    if not key:
        return rows
    found = [rows.filter(within(field, key)).order_by().values("pk") for field in fields]
    matching: Any = rows.model._default_manager.filter(pk__in=found[0].union(*found[1:]))
    return matching
