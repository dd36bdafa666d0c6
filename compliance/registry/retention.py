"""The retention rules that the daily run carries out: each deletes what an item keeps too long.

A rule about network addresses empties them, and leaves the rest of the proof.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

YEAR = 365  # days


@dataclass(frozen=True)
class RetentionRule:
    """One rule: the rows of a data item that are older than so many days are deleted.

    Its `item` is the data item with its code, unless it is about the network addresses in another.
    """

    code: str
    days: int
    deletes: Any  # a text that is translated when it is shown
    addresses_of: str = ""  # the data item of which it empties the network addresses

    @property
    def item(self) -> str:
        """The code of the data item whose holds keep its rows."""
        return self.addresses_of or self.code


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
    RetentionRule(
        "consent_records", 3 * YEAR, _("Records of consent that ended more than three years ago")
    ),
    RetentionRule(
        "consent_addresses",
        YEAR,
        _("Network addresses in records of consent older than a year"),
        addresses_of="consent_records",
    ),
    RetentionRule(
        "answer_addresses",
        YEAR,
        _("Network addresses in answers to policies older than a year"),
        addresses_of="policy_answers",
    ),
    RetentionRule(
        "download_addresses",
        YEAR,
        _("Network addresses of downloads more than a year ago"),
        addresses_of="downloads",
    ),
)
