"""Periods of time in the SQL of triggers, which each engine reckons in its own way."""

import re

_PERIOD = re.compile(r"DAYS\[([^|\]]+)\|([^|\]]+)\]")
_REPLACEMENTS = {
    "sqlite": r"(julianday(\1) - julianday(\2))",
    "postgresql": r"(EXTRACT(EPOCH FROM (\1) - (\2)) / 86400)",
}


def days_between(earlier: str, later: str) -> str:
    """Return the days from one moment to another, for a trigger; both are SQL over the row."""
    return f"DAYS[{later}|{earlier}]"


def in_engine(vendor: str, sql: str) -> str:
    """Return the SQL of a trigger with its periods as the engine reckons them."""
    return _PERIOD.sub(_REPLACEMENTS[vendor], sql)
