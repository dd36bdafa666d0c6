"""Log requests that end by the clock, because their representative can't act any more."""

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Coalesce

from accounts.services.audit import record_event
from compliance.choices.log_requests import LogState
from compliance.emails import requester_of
from compliance.models import LogRequest
from compliance.services.log_requests import lock_log_request

MAX_AT_ONCE = 100  # requests of one tick


def withdraw_without_representative() -> int:
    """Withdraw the unpaid requests whose representative has ended. Return how many.

    Nobody could download the logs (L34): a payment that comes later is refused and alarmed. A
    request with a payment waits for staff, who record that the money went back.
    """
    left = LogRequest.objects.filter(
        state__in=(LogState.ASKED, LogState.APPROVED), representative__ended_at__isnull=False
    ).alias(paid=Coalesce(Sum("charge__payments__cents"), 0))
    count = 0
    for key in left.filter(paid=0).order_by("pk").values_list("pk", flat=True)[:MAX_AT_ONCE]:
        with transaction.atomic():
            locked = lock_log_request(LogRequest(pk=key))
            if not left.filter(pk=key, paid=0).exists():
                continue
            locked.state = LogState.WITHDRAWN
            locked.save(update_fields=["state"])
            record_event(
                kind="logs.lapsed",
                actor=None,
                customer=locked.customer,
                person=requester_of(locked),
                log_request=str(locked.uuid),
            )
            count += 1
    return count
