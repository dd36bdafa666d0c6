"""A topic as staff see it: its audience now, and the answers of the last months."""

from dataclasses import dataclass
from datetime import date, datetime, time

from django.core.cache import cache
from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from preferences.audience import audience_counts, sending_counts
from preferences.choices import Reason
from preferences.models import ConsentRecord, Topic
from preferences.selectors.campaigns import AudienceEstimate, estimate

MONTHS = 12
CACHE_SECONDS = 600  # of counts of all recipients


def audience_of(topic: Topic) -> AudienceEstimate:
    """Count all recipients by whether they would get an email of this topic, and why.

    They are counted every ten minutes, and when the settings of the topic have changed.
    """
    settings = (
        topic.active, topic.default_on, topic.basis, topic.portal_id, topic.resellers_only,
    )  # fmt: skip
    counts: dict[Reason, int] = cache.get_or_set(  # type: ignore[assignment]
        ".".join(map(str, ("topic", topic.pk, *settings, "audience"))),
        lambda: audience_counts(category=topic),
        CACHE_SECONDS,
    )
    return estimate(counts)


def subscriber_counts() -> dict[int, int]:
    """Return how many recipients would get each topic now, by its key; counted every ten minutes.

    A topic that nobody would get is left out.
    """
    counts: dict[int, int] = cache.get_or_set(  # type: ignore[assignment]
        "topics.subscribers", sending_counts, CACHE_SECONDS
    )
    return counts


def last_months(count: int = MONTHS) -> list[date]:
    """Return the first days of this month and those before it, oldest first."""
    today = timezone.localdate()
    months = [divmod(today.year * 12 + today.month - 1 - back, 12) for back in range(count)]
    return [date(year, month + 1, 1) for year, month in reversed(months)]


def since(first_day: date) -> datetime:
    """Return the moment a day begins, to compare with a column directly, so its index is used."""
    return timezone.make_aware(datetime.combine(first_day, time.min))


@dataclass(frozen=True)
class Month:
    """The number of yes and no to a topic in one month."""

    first_day: date
    yes: int
    no: int


def answers_by_month(topic: Topic) -> list[Month]:
    """Count the yes and no of the last twelve months from the consent records, oldest first."""
    months = last_months()
    rows = (
        ConsentRecord.objects.filter(topic=topic, at__gte=since(months[0]))
        .order_by()
        .values(month=TruncMonth("at"))
        .annotate(yes=Count("pk", filter=Q(wants=True)), no=Count("pk", filter=Q(wants=False)))
    )
    by_month = {timezone.localtime(row["month"]).date(): row for row in rows}
    nothing = {"yes": 0, "no": 0}
    return [
        Month(first, by_month.get(first, nothing)["yes"], by_month.get(first, nothing)["no"])
        for first in months
    ]
