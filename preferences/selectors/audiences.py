"""A topic as staff see it: who gets it now and why not, how that came about month by month."""

from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.utils import timezone

from preferences.audience import audience_counts
from preferences.models import ConsentRecord, Recipient, Topic
from preferences.selectors.campaigns import AudienceEstimate, estimate

MONTHS = 12


def audience_of(topic: Topic) -> AudienceEstimate:
    """Every reader there is, by what would come of a mail of this topic now: one statement."""
    return estimate(
        audience_counts(category=topic, readers=Recipient.objects.filter(followed_by=None))
    )


def last_months(count: int = MONTHS) -> list[date]:
    """The first days of this month and those before it, oldest first."""
    today = timezone.localdate()
    months = [divmod(today.year * 12 + today.month - 1 - back, 12) for back in range(count)]
    return [date(year, month + 1, 1) for year, month in reversed(months)]


def since(first_day: date) -> datetime:
    """The moment a day begins here: compared with it, a moment is found by its index."""
    return timezone.make_aware(datetime.combine(first_day, time.min))


@dataclass(frozen=True)
class Month:
    """How many said yes and no to a topic in one month."""

    first_day: date
    yes: int
    no: int


def answers_by_month(topic: Topic) -> list[Month]:
    """The yes and no of the last twelve months, from the evidence; oldest first."""
    months = last_months()
    rows = (
        ConsentRecord.objects.filter(topic=topic, at__gte=since(months[0]))
        .order_by()
        .values(month=TruncMonth("at"))
        .annotate(yes=Count("pk", filter=Q(wants=True)), no=Count("pk", filter=Q(wants=False)))
    )
    found = {timezone.localtime(row["month"]).date(): row for row in rows}
    nothing = {"yes": 0, "no": 0}
    return [
        Month(first, found.get(first, nothing)["yes"], found.get(first, nothing)["no"])
        for first in months
    ]
