"""The emails to staff about what is late."""

from collections.abc import Sequence

from django.urls import reverse

from accounts.emails import send_to
from accounts.models import User
from compliance.selectors.due import Due
from preferences.choices import NoticeCode


def send_overdue(*, reader: User, rows: Sequence[Due]) -> None:
    """Tell somebody of the staff about the deadlines that were missed."""
    send_to(
        reader,
        "compliance/emails/overdue",
        notice_class=NoticeCode.LEGAL,
        path=reverse("compliance:due"),
        rows=rows,
    )


def send_retention_alarm(*, reader: User, rules: Sequence[str]) -> None:
    """Tell a member of staff that retention rules have not run for two days."""
    send_to(
        reader,
        "compliance/emails/retention_alarm",
        notice_class=NoticeCode.LEGAL,
        path=reverse("compliance:retention"),
        rules=rules,
    )
