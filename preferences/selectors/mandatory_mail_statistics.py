"""How much mandatory mail went out: counts that anybody may read, and nothing of anybody."""

from dataclasses import dataclass
from datetime import date

from django.core.cache import cache
from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.utils import timezone

from preferences.choices import MessageState, NoticeCode
from preferences.models import Message
from preferences.selectors.audiences import last_months, since

KEPT = 3600  # seconds


@dataclass(frozen=True)
class Sends:
    """The mandatory mails of one month, by class in the order of the closed list."""

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
    """The last twelve months, newest first; counted once an hour."""
    found: list[Sends] | None = cache.get("mandatory-sends")
    if found is None:
        found = _count()
        cache.set("mandatory-sends", found, KEPT)
    return found


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
    found = {(timezone.localtime(month).date(), code): count for month, code, count in rows}
    return [
        Sends(first, [found.get((first, code), 0) for code in NoticeCode.values])
        for first in reversed(months)
    ]
