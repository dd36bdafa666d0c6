"""The email of the last days: how much was sent, and how much bounced."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from preferences.choices import Outcome
from preferences.choices.delivery_events import BOUNCED
from preferences.models import DeliveryDecision, DeliveryEvent
from preferences.selectors.audiences import since

DAYS = 14
TODAY_SECONDS = 600  # a day that is over is counted once
KEPT_SECONDS = 86_400 * (DAYS + 1)


@dataclass(frozen=True)
class EmailDay:
    """The emails sent on a day, and the bounces reported on it."""

    day: date
    sent: int
    bounced: int


def last_email_days() -> list[EmailDay]:
    """Return the last fourteen days with today, oldest first, in the provider's time zone."""
    with timezone.override(None):
        today = timezone.localdate()
        days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
        key_of = {day: f"email.day.{day}" for day in days[:-1]} | {today: f"email.today.{today}"}
        known: dict[str, EmailDay] = cache.get_many(key_of.values())
        if unknown := [day for day in days if key_of[day] not in known]:
            new = {key_of[row.day]: row for row in _count(unknown)}
            known |= new
            for key, row in new.items():
                cache.set(key, row, TODAY_SECONDS if row.day == today else KEPT_SECONDS)
    return [known[key_of[day]] for day in days]


def _count(days: Sequence[date]) -> list[EmailDay]:
    """Count the emails and bounces of these days, with two statements."""
    span = {"at__gte": since(days[0]), "at__lt": since(days[-1] + timedelta(days=1))}
    sent = _by_day(DeliveryDecision.objects.filter(outcome=Outcome.SENT, **span))
    bounced = _by_day(DeliveryEvent.objects.filter(kind__in=BOUNCED, **span))
    return [EmailDay(day, sent.get(day, 0), bounced.get(day, 0)) for day in days]


def _by_day(rows: QuerySet[Any]) -> dict[date, int]:
    counted = rows.order_by().values_list(TruncDate("at")).annotate(Count("pk"))
    return dict(counted)
