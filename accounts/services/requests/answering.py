"""Requests answered: once, by a Super User or, where it was passed on, by the provider."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import RequestKind, RequestState
from accounts.models import Leaving, Membership, Request, User
from accounts.services.customers import require_staff, require_super_user
from accounts.services.memberships import remove_membership, update_work_details
from accounts.services.requests.standing import (
    RequestRefused,
    clean_text,
    is_for_provider_alone,
    lock_request,
    record,
    require_open,
    withdraw,
)


def lock_to_answer(actor: User, asked: Request, *, for_provider: bool) -> Request:
    """The request under its lock, open and this person's to answer.

    Raises PermissionDenied unless the actor is a Super User here or, `for_provider`, staff with
    `accounts.change_request` (for a service `change_customer`) and the request was passed on;
    RequestRefused for one's own.
    """
    asked = lock_request(asked)
    if not for_provider:
        require_super_user(actor, asked.customer)
    else:
        changes = "change_customer" if asked.is_of_provider else "change_request"
        require_staff(actor, f"accounts.{changes}")
        if asked.passed_at is None:
            raise PermissionDenied("nobody passed this on to the provider")
    require_open(asked)
    if asked.membership.user_id == actor.pk:
        raise RequestRefused(
            _("This is your own request. Another Super User answers it."), code="own"
        )
    if not for_provider and is_for_provider_alone(asked):
        raise RequestRefused(_("The provider answers this request."), code="provider")
    return asked


def _answer(
    asked: Request, actor: User, state: RequestState, answer: str, for_provider: bool
) -> None:
    asked.state, asked.answer, asked.by_provider = state, answer, for_provider
    asked.answered_by, asked.answered_at = actor, timezone.now()
    asked.save(update_fields=["state", "answer", "by_provider", "answered_by", "answered_at"])


@transaction.atomic
def approve_request(
    *,
    actor: User,
    asked: Request,
    answer: str = "",
    how: Any = None,
    for_provider: bool = False,
) -> Request:
    """Say yes, and do what was asked in the same transaction; the asker is told.

    A name or phone is changed; an address only its owner can change, so they are told how. A Super
    User approves a request to leave by planning it (accounts.services.leavings); for staff the
    person is removed. `how` is for the upper app that applies its rows (None: as asked). Staff
    answer `for_provider`, but never give rights. Raises like lock_to_answer, and whatever the act
    itself refuses.
    """
    asked = lock_to_answer(actor, asked, for_provider=for_provider)
    if for_provider and asked.kind == RequestKind.ACCESS:
        raise RequestRefused(
            _("Only a Super User gives rights. Send it back to them, or refuse it."), code="access"
        )
    planned = Leaving.objects.filter(request=asked).exists()
    if asked.kind == RequestKind.LEAVE and not (for_provider or planned):
        raise RequestRefused(
            _("Plan their leaving: what they hold, and from when. That approves the request."),
            code="leaving",
        )
    _answer(asked, actor, RequestState.APPROVED, clean_text("answer", answer), for_provider)
    record("request.approved", asked, actor)
    signals.request_approved.send(Request, asked=asked, actor=actor, how=how)
    membership = asked.membership
    answering = asked if for_provider else None
    if asked.kind in (RequestKind.NAME, RequestKind.PHONE):
        details = {"work_name": membership.work_name, "work_phone": membership.work_phone}
        update_work_details(
            actor=actor, membership=membership, answering=answering, **(details | asked.wanted)
        )
    if asked.kind == RequestKind.LEAVE and for_provider:
        remove_membership(actor=actor, membership=membership, answering=answering)
    emails.send_answer(asked=asked)
    return asked


@transaction.atomic
def refuse_request(
    *, actor: User, asked: Request, reason: str, for_provider: bool = False
) -> Request:
    """Say no, and why; the asker is told. Raises like lock_to_answer, and without a reason."""
    reason = clean_text("reason", reason, required=True)
    asked = lock_to_answer(actor, asked, for_provider=for_provider)
    _answer(asked, actor, RequestState.REFUSED, reason, for_provider)
    record("request.refused", asked, actor, reason=reason)
    emails.send_answer(asked=asked)
    return asked


@transaction.atomic
def withdraw_request(*, actor: User, asked: Request) -> Request:
    """Take one's own request back. Raises PermissionDenied for another's, RequestRefused once
    answered.
    """
    asked = lock_request(asked)
    if asked.membership.user_id != actor.pk or not asked.membership.is_live:
        raise PermissionDenied("not the person who asked")
    require_open(asked)
    withdraw(asked)
    record("request.withdrawn", asked, actor)
    return asked


def close_requests_of_leaver(*, actor: User | None, membership: Membership) -> None:
    """What a leaver still asked for ends with the membership, in its transaction."""
    for asked in membership.requests.open().select_related("customer").order_by("pk"):
        withdraw(asked)
        record("request.lapsed", asked, actor)
