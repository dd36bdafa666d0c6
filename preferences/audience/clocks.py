"""The periods of implied consent (CASL, section 10), counted in whole days before sending."""

from calendar import monthrange
from datetime import datetime, time

from django.utils import timezone

ACCOUNT_MONTHS = 24  # after a purchase, or after the account has ended
INQUIRY_MONTHS = 6


def begins(now: datetime, months: int) -> datetime:
    """Return the first moment of the period of `months` before the day of `now`."""
    zone = timezone.get_default_timezone()
    today = now.astimezone(zone).date()
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    day = min(today.day, monthrange(year, month + 1)[1])
    return datetime.combine(today.replace(year, month + 1, day), time.min, zone)
