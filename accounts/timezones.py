"""Time zones of people and companies, and days that end in one of them.

What is planned for a company's day ends with that day in the company's time zone. Pages below
`/c/<company>/` and emails about a company show dates in it; all others, in the reader's own.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _

_NOT_OFFERED = ("Etc/", "SystemV/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/")  # old aliases


@cache
def zone_names() -> list[str]:
    """Return the names that are offered: UTC, then Africa/Abidjan and so on."""
    names = (name for name in available_timezones() if "/" in name)
    return ["UTC", *sorted(name for name in names if not name.startswith(_NOT_OFFERED))]


def zone_called(name: str) -> tzinfo:
    """Return a time zone; the provider's for no name, or for one that this machine lacks."""
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ZoneInfo(settings.TIME_ZONE)


def zone_label(zone: tzinfo) -> str:
    """Return how people call a time zone: Toronto time."""
    name = str(zone)
    city = name.rpartition("/")[2].replace("_", " ")
    return _("%(city)s time") % {"city": city} if "/" in name else name


def _with_zone(text: Any) -> str:
    return f"{text} {zone_label(timezone.get_current_timezone())}."


in_current_zone = lazy(_with_zone, str)  # a help text, with the time zone named after it


def today_of_provider() -> date:
    """Return the present day in the provider's time zone."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def end_of_day(day: date, zone: tzinfo | None = None) -> datetime:
    """Return the moment at which a day is over, in the current time zone or this one."""
    return start_of_day(day + timedelta(days=1), zone)


def start_of_day(day: date, zone: tzinfo | None = None) -> datetime:
    """Return the moment at which a day begins, in the current time zone or this one."""
    return timezone.make_aware(datetime.combine(day, time.min), zone)


def last_day(moment: datetime, zone: tzinfo | None = None) -> date:
    """Return the day on which, or at whose end, something ends; in the current zone by default."""
    return timezone.localtime(moment - timedelta(microseconds=1), zone).date()


def end_date(moment: datetime | None) -> str:
    """Return when something ends: its last day, or day and hour where it ends within a day."""
    return _ending(moment)[0]


def end_date_in_zone(moment: datetime | None) -> str:
    """Return the same with the time zone, for email: 5 Dec 2026 (end of day, Toronto time)."""
    text, is_whole_day = _ending(moment)
    if not text:
        return ""
    words = {"moment": text, "zone": zone_label(timezone.get_current_timezone())}
    if is_whole_day:
        return _("%(moment)s (end of day, %(zone)s)") % words
    return _("%(moment)s (%(zone)s)") % words


def _ending(moment: datetime | None) -> tuple[str, bool]:
    if moment is None:
        return "", False
    return _ending_in(moment, timezone.get_current_timezone(), get_language())


@lru_cache(maxsize=4096)  # a list has hundreds, and many are the same
def _ending_in(moment: datetime, zone: tzinfo, _language: str | None) -> tuple[str, bool]:
    local = timezone.localtime(moment, zone)
    if local.time() == time.min:
        return date_format(local - timedelta(days=1), "DATE_FORMAT"), True
    return date_format(local, "DATETIME_FORMAT"), False
