"""SQL that Django composes once, for a prepared statement about anybody."""

import re
from typing import Any

from django.db.models import QuerySet, TextChoices

from accounts.models import User
from portals.decision.prepared import PLACEHOLDER

# Their values give way to the placeholders of a PreparedStatement.
SOMEBODY = User(pk=-1, email="{email}")


def sql_of(rows: QuerySet[Any, Any]) -> str | None:
    """Return the SQL of rows about SOMEBODY; None where a value in it may change.

    A text such as "{address}" among its values is a placeholder. Raises EmptyResultSet.
    """
    sql, values = rows.query.sql_with_params()
    texts = [_text_of(value) for value in values]
    if None in texts:
        return None
    left = iter(texts)
    return re.sub("%(.)", lambda found: str(next(left)) if found[1] == "s" else found[1], sql)


def _text_of(value: Any) -> str | None:
    if value == SOMEBODY.pk:
        return "{person}"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, TextChoices):
        return f"'{value}'"
    # Any other text may be a moment, as SQLite has it.
    return value if isinstance(value, str) and PLACEHOLDER.fullmatch(value) else None
