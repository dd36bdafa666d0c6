"""Cases that nobody closed: after days without an act, they lapse by themselves."""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import emails
from accounts.choices import CaseOutcome
from accounts.models import SupportCase, User
from accounts.selectors.support import idle_cases
from accounts.services.support.cases import end_case

MAX_AT_ONCE = 100  # cases in one run of the job

log = structlog.get_logger(__name__)


def lapse_cases() -> int:
    """Close each case without an act for HUB_SUPPORT_CASE_DAYS, and tell its agent.

    What waits in a case keeps it open. Each is closed in its own transaction, so several workers
    may run this at once. Returns how many were closed here.
    """
    since = timezone.now() - timedelta(days=settings.HUB_SUPPORT_CASE_DAYS)
    closed = 0
    for case in idle_cases(since).order_by("opened_at", "pk")[:MAX_AT_ONCE]:
        try:
            with transaction.atomic():
                User.objects.select_for_update(no_key=True).get(pk=case.person_id)
                SupportCase.objects.select_for_update().get(pk=case.pk)
                idle = idle_cases(since).filter(pk=case.pk)
                current = idle.select_related("person", "opened_by", "customer").first()
                if current is None:
                    continue
                end_case(current, CaseOutcome.LAPSED, by=None)
                if current.opened_by.is_active:
                    emails.send_case_lapsed(current)
                closed += 1
        except Exception:  # the others must be closed all the same
            log.exception("a case that fell due could not be closed", case=str(case.uuid))
    return closed
