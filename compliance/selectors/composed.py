"""SQL that Django composes once, for a prepared statement about anybody, at any time."""

import re
from typing import Any

from django.db.models import DateTimeField, QuerySet, TextChoices
from django.utils import timezone

from accounts.models import User
from accounts.selectors.composed import Blank, Given
from compliance.selectors.breaches import HoldMoments
from portals.decision.checks import stored_time
from portals.decision.prepared import PLACEHOLDER

# Their values give way to the placeholders of a PreparedStatement.
SOMEBODY = User(pk=-1, email="{email}")
SOME_MOMENTS = HoldMoments(*(Given(name, DateTimeField()) for name in HoldMoments._fields))


def moments_now() -> dict[str, str]:
    """Return the values in the place of SOME_MOMENTS, as the database has them."""
    return {
        name: stored_time(moment)
        for name, moment in HoldMoments.at(timezone.now())._asdict().items()
    }


def sql_of(rows: QuerySet[Any, Any]) -> str:
    """Return the SQL of rows about SOMEBODY.

    A text such as "{address}" among its values is a placeholder. Raises EmptyResultSet; TypeError
    where another value in it may change.
    """
    sql, values = rows.query.sql_with_params()
    left = iter([_text_of(value) for value in values])
    return re.sub("%(.)", lambda found: next(left) if found[1] == "s" else found[1], sql)


def _text_of(value: Any) -> str:
    if value == SOMEBODY.pk:
        return "{person}"
    if isinstance(value, Blank):
        return f"{{{value.name}}}"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, TextChoices):
        return f"'{value}'"
    if isinstance(value, str) and PLACEHOLDER.fullmatch(value):
        return value
    # Any other text may be a moment, as SQLite has it.
    raise TypeError(f"It depends on something that may change: {value}")
