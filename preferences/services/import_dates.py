"""The dates of other tools' exports: ISO 8601, day or month first, dotted, with names of months.

Whether 03/04/2026 is in March or in April, its column tells: beside 25/04/2026 it is in April. A
column that does not tell is asked about.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone

from django.utils import timezone as django_timezone

from accounts.search import search_key

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan janv january janvier", "feb fev fevr february fevrier", "mar mars march",
            "apr avr april avril", "may mai", "jun june juin", "jul juil july juillet",
            "aug aout august", "sep sept september septembre", "oct october octobre",
            "nov november novembre", "dec december decembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_TIME = re.compile(
    r"[t ,]*(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)? ?(am|pm)? ?(z|utc|gmt|[+-]\d\d:?(?:\d\d)?)?"
)
_ISO = re.compile(r"(\d{4})([-./])(\d{1,2})\2(\d{1,2})(?=\D|$)")
_FIGURES = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})(?=\D|$)")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)?[ -]([a-z]+)\.?,?[ -](\d{4})(?=\D|$)")
MAX_LENGTH = 100  # no date is longer
YEARS = range(1970, 3001)
_MONTH_DAY = re.compile(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?=\D|$)")


def day_is_first(texts: Iterable[str]) -> bool | None:
    """Return whether the day comes first in the dates of a column.

    None if they do not tell: none of their first two figures is above 12, or both are somewhere.
    True where nothing needs to be told.
    """
    pairs = [
        (int(match[1]), int(match[3]))
        for text in texts
        if (match := _FIGURES.match(search_key(text[:MAX_LENGTH])))
        and match[2] != "."
        and match[1] != match[3]
    ]
    first, second = any(a > 12 for a, _ in pairs), any(b > 12 for _, b in pairs)
    if first != second:
        return first
    return None if pairs else True


def parse_moment(text: str, *, day_first: bool = True) -> datetime | None:
    """Parse a date, or a date and time; None for anything else. A dotted date has the day first.

    A time without an offset is the provider's.
    """
    if len(text) > MAX_LENGTH:
        return None
    key = search_key(text)
    if match := _ISO.match(key):
        year, month, day = match[1], match[3], match[4]
    elif match := _FIGURES.match(key):
        day, month, year = match[1], match[3], match[4]
        if not day_first and match[2] != ".":
            day, month = month, day
    elif match := _DAY_MONTH.match(key):
        day, month, year = match.groups()
    elif match := _MONTH_DAY.match(key):
        month, day, year = match.groups()
    else:
        return None
    if int(year) not in YEARS:
        return None
    try:
        moment = date(int(year), _MONTHS.get(month) or int(month), int(day))
        return _with_time(moment, key[match.end() :].strip())
    except (ValueError, OverflowError):  # such as 31 February
        return None


def _with_time(day: date, text: str) -> datetime | None:
    if not text:
        return beginning_of(day)
    match = _TIME.fullmatch(text)
    if not match:
        return None
    hour = int(match[1])
    if match[4]:
        hour = hour % 12 + 12 * (match[4] == "pm")
    naive = datetime.combine(day, time(hour, int(match[2]), int(match[3] or 0)))
    offset = match[5] or ""
    if not offset:
        return django_timezone.make_aware(naive)
    if offset in ("z", "utc", "gmt"):
        return naive.replace(tzinfo=UTC)
    digits = offset[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return naive.replace(tzinfo=timezone(-shift if offset[0] == "-" else shift))


def beginning_of(day: date) -> datetime:
    """Return the first moment of a day, at the provider's."""
    return django_timezone.make_aware(datetime.combine(day, time.min))
