"""Settings of compliance: how early a policy is announced, how long a cookie or a file is kept."""

from hub.environment import optional, parsed

__all__ = ["CSRF_COOKIE_AGE", "HUB_DOWNLOAD_DAYS", "HUB_LOG_DAYS", "HUB_POLICY_NOTICE_DAYS"]

A_DAY = 24 * 60 * 60  # seconds


def _days(text: str) -> int:
    """Return a number of days from 1 to 365: no cookie of ours lasts longer (R33)."""
    days = int(text)
    if not 1 <= days <= 365:
        raise ValueError("from 1 to 365")
    return days


# Shorter than Django's year. A form that was open for longer has to be sent again.
CSRF_COOKIE_AGE = A_DAY * parsed(
    "HUB_CSRF_COOKIE_DAYS", optional("HUB_CSRF_COOKIE_DAYS", "30"), _days
)
# A person's download of their data is deleted so many days after it was made.
HUB_DOWNLOAD_DAYS = parsed("HUB_DOWNLOAD_DAYS", optional("HUB_DOWNLOAD_DAYS", "7"), _days)

# Logs that were released to a representative are deleted so many days later.
HUB_LOG_DAYS = parsed("HUB_LOG_DAYS", optional("HUB_LOG_DAYS", "14"), _days)


def _days_or_none(text: str) -> int:
    """Return a number of days, which may be none."""
    days = int(text)
    if days < 0:
        raise ValueError("0 or more")
    return days


# A material change of a policy takes effect so many days after its announcement.
HUB_POLICY_NOTICE_DAYS = parsed(
    "HUB_POLICY_NOTICE_DAYS", optional("HUB_POLICY_NOTICE_DAYS", "30"), _days_or_none
)
