"""Statistics of mandatory email: public counts by month and class, without personal data."""

from dataclasses import dataclass
from datetime import date

from django.core.cache import cache
from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.utils import timezone

from preferences.choices import MessageState, NoticeCode
from preferences.models import Message
from preferences.selectors.audiences import last_months, since

CACHE_SECONDS = 3600


@dataclass(frozen=True)
class Sends:
    """The mandatory emails of one month, by class in the order of the closed list."""

    first_day: date
    counts: list[int]

    @property
    def by_class(self) -> list[tuple[str, int]]:
        """Each class with its count."""
        return [
            (str(code.label), count) for code, count in zip(NoticeCode, self.counts, strict=True)
        ]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts)


def mandatory_sends() -> list[Sends]:
    """Return the counts of the last twelve months, newest first; they are cached for an hour."""
    months: list[Sends] | None = cache.get("mandatory-sends")
    if months is None:
        months = _count()
        cache.set("mandatory-sends", months, CACHE_SECONDS)
    return months


def _count() -> list[Sends]:
    months = last_months()
    rows = (
        Message.objects.filter(
            state=MessageState.SENT, notice_class__isnull=False, claimed_at__gte=since(months[0])
        )
        .order_by()
        .values_list(TruncMonth("claimed_at"), "notice_class_id")
        .annotate(count=Count("pk"))
    )
    counts = {(timezone.localtime(month).date(), code): count for month, code, count in rows}
    return [
        Sends(first, [counts.get((first, code), 0) for code in NoticeCode.values])
        for first in reversed(months)
    ]
