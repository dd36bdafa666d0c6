"""The retention rules that the daily run carries out: each deletes what an item keeps too long."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

YEAR = 365  # days


@dataclass(frozen=True)
class RetentionRule:
    """One rule: the rows of a data item that are older than so many days are deleted."""

    code: str  # of the data item
    days: int
    deletes: Any  # a text that is translated when it is shown


RULES = (
    RetentionRule("messages", 3 * YEAR, _("Emails sent more than three years ago")),
    RetentionRule(
        "policy_answers",
        6 * YEAR,
        _("Answers to policies by people whose last membership ended six years ago"),
    ),
    RetentionRule("privacy_requests", 2 * YEAR, _("Requests about data settled two years ago")),
    RetentionRule(
        "activity_log",
        7 * YEAR,
        _("Names and words in the activity log of people without an account for seven years"),
    ),
)
