"""Search by prefix: a normalised copy of a text in a column of its own, compared by bytes."""

from operator import attrgetter
from typing import Any, TypeVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q, QuerySet

from accounts.validators import search_key

Rows = TypeVar("Rows", bound=QuerySet[Any])

_PAST_ANY_TEXT = "\U0010ffff"


class SearchKeyField(models.CharField):
    """The search key of another attribute, written whenever the row is saved, by bulk_create too.

    A name in unusual letters can grow when it is normalised; its key is cut at `max_length`.
    """

    def __init__(self, *args: Any, of: str = "", **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **{**kwargs, "editable": False})

    def deconstruct(self) -> Any:
        """Keep the source attribute in migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """Compare by bytes on PostgreSQL too, so that a prefix is an index range."""
        parameters: dict[str, Any] = {**super().db_parameters(connection)}
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """Return the key of the text as it is now, and set it on the instance."""
        key = search_key(attrgetter(self.of)(model_instance))[: self.max_length]
        setattr(model_instance, self.attname, key)
        return key


def within(field: str, key: str) -> Q:
    """Return the condition, an index range, that a search key begins with a normalised text."""
    return Q(**{f"{field}__gte": key, f"{field}__lt": key + _PAST_ANY_TEXT})


def beginning_with(rows: Rows, text: str, *fields: str) -> Rows:
    """Return those of `rows` where one of the search keys begins with a text; all for no text.

    It is a union of one index range per key, because SQLite reads all rows for an "or".
    """
    key = search_key(text)
    if not key:
        return rows
    ranges = [rows.filter(within(field, key)).order_by().values("pk") for field in fields]
    matching: Any = rows.model._default_manager.filter(pk__in=ranges[0].union(*ranges[1:]))
    return matching
