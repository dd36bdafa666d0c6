"""Requests: opened, answered once, and passed on to the provider when nobody answers."""

from accounts.services.requests.answering import (
    approve_request,
    close_requests_of_leaver,
    refuse_request,
    withdraw_request,
)
from accounts.services.requests.bulk import approve_requests, refuse_requests
from accounts.services.requests.common_rules import belongs_elsewhere, is_for_provider_alone
from accounts.services.requests.opening import MAX_A_DAY, MAX_OPEN, open_request
from accounts.services.requests.passing_on import (
    pass_on_overdue_requests,
    pass_on_request,
    send_back_request,
)

__all__ = [
    "MAX_A_DAY",
    "MAX_OPEN",
    "approve_request",
    "approve_requests",
    "belongs_elsewhere",
    "close_requests_of_leaver",
    "is_for_provider_alone",
    "open_request",
    "pass_on_overdue_requests",
    "pass_on_request",
    "refuse_request",
    "refuse_requests",
    "send_back_request",
    "withdraw_request",
]
