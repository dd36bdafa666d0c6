"""The clock of the example's history: it shows the past while the services write.

An event is hashed with its time and never changed afterwards, so its time must be right when it
is written.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Self

from django.utils import timezone

WEEK = timedelta(days=7)


class _Moved(datetime):
    """The `datetime` of django.utils.timezone while a clock runs; every default asks it too."""

    clock: "Clock"

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.clock.now().astimezone(tz)


class Clock:
    """Shows a chosen moment, and runs on from there; it never goes back."""

    def __init__(self) -> None:
        self.present = timezone.now()
        self.zone = timezone.get_default_timezone()
        self.today = self.present.astimezone(self.zone).date()
        self._asked = self._shown = datetime.min.replace(tzinfo=self.zone)
        self._since = time.monotonic()

    def now(self) -> datetime:
        """Return the moment that it shows."""
        return self._shown + timedelta(seconds=time.monotonic() - self._since)

    def show(self, moment: datetime) -> None:
        """Show this moment, or a little later where the clock has run past it already.

        Raises ValueError for one before the last, or still to come.
        """
        if moment < self._asked or moment > self.present:
            raise ValueError(f"after {self._asked}, the clock can't show {moment}")
        self._asked, self._shown = moment, max(moment, self.now())
        self._since = time.monotonic()

    def weekday(self, weeks_ago: int, day: int, hour: str) -> datetime:
        """Return a moment of an earlier week: its day, Monday is 0, and its hour there, 14:05.

        The hours of work are never those that a change of the clocks skips or repeats.
        """
        monday = self.today - timedelta(days=self.today.weekday()) - weeks_ago * WEEK
        return self._at(monday + timedelta(days=day), time_of_day.fromisoformat(hour.zfill(5)))

    def end_of_day(self, days_ahead: int) -> datetime:
        """Return the end of a day to come."""
        return self._at(self.today + timedelta(days=days_ahead + 1), time_of_day.min)

    def quarters(self, since: datetime) -> Iterator[datetime]:
        """Yield seven in the morning of the first day of each quarter up to now."""
        for year in (self.today.year - 1, self.today.year):
            for month in (1, 4, 7, 10):
                moment = self._at(date(year, month, 1), time_of_day(7))
                if since < moment <= self.present:
                    yield moment

    def _at(self, day: date, hour: time_of_day) -> datetime:
        return datetime.combine(day, hour, self.zone)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Let `timezone.now` show this clock's time in this process."""
        names = vars(timezone)  # where `timezone.now` looks the time up
        original, _Moved.clock = names["datetime"], self
        names["datetime"] = _Moved
        try:
            yield self
        finally:
            names["datetime"] = original
