"""Answering several requests at once: all of them, or none."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AccessRequest, Customer, User
from accounts.permissions import RequestRefused, lock_managed_customer
from accounts.services.requests.answering import approve_request, refuse_request

MAX_AT_ONCE = 50


@transaction.atomic
def approve_requests(
    *, actor: User, customer: Customer, requests: Sequence[AccessRequest], how: Any = None
) -> list[AccessRequest]:
    """Approve requests of one customer as they are.

    Raises PermissionDenied unless the actor is a Super User here; RequestRefused, which names the
    request, for what approve_request refuses.
    """
    return _answer_all(
        actor,
        customer,
        requests,
        lambda found: approve_request(actor=actor, access_request=found, how=how),
    )


@transaction.atomic
def refuse_requests(
    *, actor: User, customer: Customer, requests: Sequence[AccessRequest], reason: str
) -> list[AccessRequest]:
    """Refuse requests of one customer, with one reason for all. Raises as approve_requests."""
    return _answer_all(
        actor,
        customer,
        requests,
        lambda found: refuse_request(actor=actor, access_request=found, reason=reason),
    )


def _answer_all(
    actor: User,
    customer: Customer,
    requests: Sequence[AccessRequest],
    answer: Callable[[AccessRequest], AccessRequest],
) -> list[AccessRequest]:
    customer = lock_managed_customer(actor, customer)
    if not requests:
        raise RequestRefused(_("Select at least one request first."), code="none")
    if len(requests) > MAX_AT_ONCE:
        raise RequestRefused(
            _("Select at most %(count)s requests."), code="too_many", params={"count": MAX_AT_ONCE}
        )
    answered = []
    for found in sorted(requests, key=lambda found: found.pk):
        if found.customer_id != customer.pk:
            raise RequestRefused(_("Select requests of one company."), code="customer")
        try:
            answered.append(answer(found))
        except ValidationError as refusal:
            raise RequestRefused(
                _("No request was answered. %(request)s: %(refusal)s"),
                code="refused",
                params={"request": found.sentence, "refusal": refusal.messages[0]},
            ) from refusal
    return answered
