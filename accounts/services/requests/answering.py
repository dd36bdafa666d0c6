"""Answering requests: once, by a Super User or, after it was passed on, by the provider."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import RequestKind, RequestState
from accounts.models import AccessRequest, Membership, Offboarding, User
from accounts.permissions import (
    RequestRefused,
    refuse_own_request,
    require_answerer,
    require_requester,
)
from accounts.services.memberships import remove_membership, update_work_details
from accounts.services.requests.common_rules import (
    clean_text,
    is_for_provider_alone,
    lock_request,
    record,
    require_open,
    withdraw,
)


def lock_to_answer(
    actor: User, access_request: AccessRequest, *, for_provider: bool
) -> AccessRequest:
    """Lock an open request that the actor may answer.

    Raises PermissionDenied as require_answerer; RequestRefused for the actor's own request, one
    that is not open, and one that only the provider answers.
    """
    access_request = lock_request(access_request)
    require_answerer(actor, access_request, for_provider=for_provider)
    require_open(access_request)
    refuse_own_request(actor, access_request)
    if not for_provider and is_for_provider_alone(access_request):
        raise RequestRefused(
            _("You can't answer this request: the provider does."), code="provider"
        )
    return access_request


def _answer(
    access_request: AccessRequest, actor: User, state: RequestState, answer: str, for_provider: bool
) -> None:
    access_request.state, access_request.answer, access_request.by_provider = (
        state,
        answer,
        for_provider,
    )
    access_request.answered_by, access_request.answered_at = actor, timezone.now()
    access_request.save(
        update_fields=["state", "answer", "by_provider", "answered_by", "answered_at"]
    )


@transaction.atomic
def approve_request(
    *,
    actor: User,
    access_request: AccessRequest,
    answer: str = "",
    how: Any = None,
    for_provider: bool = False,
) -> AccessRequest:
    """Approve a request, and do what it asks in the same transaction; its author gets an email.

    A name or phone is changed. Only its owner can change an address, so they are told how. A Super
    User approves a request to leave by planning it (accounts.services.offboarding); when staff
    approve it, the person is removed. `how` goes to the upper app that gives what was requested
    (None: as requested). Staff answer `for_provider`, but never give access. Raises as
    lock_to_answer, and whatever the act itself refuses.
    """
    access_request = lock_to_answer(actor, access_request, for_provider=for_provider)
    if for_provider and access_request.kind == RequestKind.ACCESS:
        raise RequestRefused(
            _("Only a Super User can give access. Send the request back to them, or refuse it."),
            code="access",
        )
    is_planned = Offboarding.objects.filter(request=access_request).exists()
    if access_request.kind == RequestKind.LEAVE and not (for_provider or is_planned):
        raise RequestRefused(
            _("Plan the offboarding to approve this request."),
            code="offboarding",
        )
    _answer(
        access_request, actor, RequestState.APPROVED, clean_text("answer", answer), for_provider
    )
    record("request.approved", access_request, actor)
    signals.request_approved.send(
        AccessRequest, access_request=access_request, actor=actor, how=how
    )
    membership = access_request.membership
    answering = access_request if for_provider else None
    if access_request.kind in (RequestKind.NAME, RequestKind.PHONE):
        details = {"work_name": membership.work_name, "work_phone": membership.work_phone}
        update_work_details(
            actor=actor,
            membership=membership,
            answering=answering,
            **(details | access_request.wanted),
        )
    if access_request.kind == RequestKind.LEAVE and for_provider:
        remove_membership(actor=actor, membership=membership, answering=answering)
    emails.send_answer(access_request=access_request)
    return access_request


@transaction.atomic
def refuse_request(
    *, actor: User, access_request: AccessRequest, reason: str, for_provider: bool = False
) -> AccessRequest:
    """Refuse a request; its author gets an email.

    Raises as lock_to_answer, and RequestRefused without a reason.
    """
    reason = clean_text("reason", reason, required=True)
    access_request = lock_to_answer(actor, access_request, for_provider=for_provider)
    _answer(access_request, actor, RequestState.REFUSED, reason, for_provider)
    record("request.refused", access_request, actor, reason=reason)
    emails.send_answer(access_request=access_request)
    return access_request


@transaction.atomic
def withdraw_request(*, actor: User, access_request: AccessRequest) -> AccessRequest:
    """Withdraw one's own request.

    Raises PermissionDenied for another's; RequestRefused once it is answered.
    """
    access_request = lock_request(access_request)
    require_requester(actor, access_request)
    require_open(access_request)
    withdraw(access_request)
    record("request.withdrawn", access_request, actor)
    return access_request


def close_requests_of_leaver(*, actor: User | None, membership: Membership) -> None:
    """Withdraw the open requests of somebody who leaves, in the transaction of the end."""
    for access_request in membership.requests.open().select_related("customer").order_by("pk"):
        withdraw(access_request)
        record("request.lapsed", access_request, actor)
