"""The first rows of a query, found by its keys before anything is joined to them."""

from typing import Any, TypeVar

from django.db.models import BooleanField, Func, Model, QuerySet, Subquery

Row = TypeVar("Row", bound=Model)


class _IsAmong(Func):
    """Whether a key is among those of a query.

    An array is read first, and an index then finds its rows. With an IN, PostgreSQL joins what many
    tables say about all rows before it looks which of them are wanted.
    """

    template = "%(expressions)s"
    arg_joiner = " IN "
    output_field = BooleanField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Compare with an array."""
        context |= {"template": "%(expressions)s)", "arg_joiner": " = ANY(ARRAY"}
        return self.as_sql(compiler, connection, **context)


def alone(first: QuerySet[Row]) -> QuerySet[Row]:
    """Return the rows of a query with a limit as a query to which cheap joins can be added."""
    is_among = _IsAmong("pk", Subquery(first.values("pk")))
    return first.model._base_manager.filter(is_among)
