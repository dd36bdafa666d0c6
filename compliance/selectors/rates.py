"""Reads of the rate card."""

from django.utils import timezone

from compliance.choices.log_requests import RateCode
from compliance.models import Rate


def rate_in_force(code: RateCode = RateCode.LOG_REQUEST) -> Rate | None:
    """Return the version of a price that holds now: of those that began, the newest."""
    return Rate.objects.filter(code=code, starts_at__lte=timezone.now()).order_by("-number").first()
