"""Requests about personal data: proved by a link or entered by staff, and answered by them."""

import calendar
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.timezones import start_of_day, today_of_provider
from compliance.choices.privacy_requests import (
    WITH_GROUND,
    PrivacyLaw,
    PrivacyRequestKind,
    PrivacyRequestState,
)
from compliance.emails import (
    send_privacy_answer,
    send_privacy_arrived,
    send_privacy_confirmation,
    send_privacy_extended,
    send_privacy_paused,
    send_privacy_received,
)
from compliance.models import PrivacyRequest
from compliance.models.privacy_requests import LONGEST_EXTENSION
from compliance.permissions import refuse_settled
from compliance.selectors.privacy_requests import is_known
from compliance.services.closings import begin_closing_of_request
from compliance.signals import privacy_link_asked
from compliance.tokens import privacy_token, read_privacy_token

# The shortest time that a law of ours gives: Quebec and PIPEDA, from receipt.
ANSWERED_WITHIN = timedelta(days=30)
ENTERED_WITHIN = timedelta(days=365)  # since receipt: a longer time is a mistyped year


@transaction.atomic
def ask_about_data(*, actor: None, address: str, kind: str, language: str) -> None:
    """Take a request for an address. The work is the same whether the address is known or not."""
    privacy_link_asked.send(
        PrivacyRequest,
        address=address,
        kind=kind,
        language=language,
        at=timezone.now().timestamp(),
    )


@transaction.atomic
def send_privacy_link(*, actor: None, address: str, kind: str, language: str, at: float) -> bool:
    """Send an address a link to confirm its request, if data is held of it. Return whether."""
    if not is_known(address):
        return False
    token = privacy_token(address=address, kind=kind, language=language, at=at)
    send_privacy_confirmation(address=address, language=language, kind=kind, token=token)
    return True


@transaction.atomic
def confirm_privacy_request(*, actor: None, token: str) -> PrivacyRequest:
    """Record a request that its address confirmed; doing it again records nothing.

    The time to answer runs since it was asked. Raises BadToken.
    """
    link = read_privacy_token(token)
    request, is_new = PrivacyRequest.objects.get_or_create(
        address=link.address,
        kind=link.kind,
        received_at=link.asked_at,
        defaults={
            "person": User.objects.filter(email=link.address).first(),
            "language": link.language,
            "due_at": due_at(link.asked_at, PrivacyLaw.CANADA),
        },
    )
    if is_new:
        _record("privacy.received", None, request)
        send_privacy_received(request)
        send_privacy_arrived(request)
    return request


@transaction.atomic
def enter_privacy_request(
    *,
    actor: User,
    kind: str,
    source: str,
    law: str,
    address: str,
    language: str,
    received_on: date,
    details: str,
) -> PrivacyRequest:
    """Enter a request that came by phone, email or post. Its time runs since it was received.

    Raises PermissionDenied, and ValidationError for a day to come, one long ago, and a second time.
    """
    require_staff(actor, "compliance.change_privacyrequest")
    today = today_of_provider()
    if not today - ENTERED_WITHIN <= received_on <= today:
        raise ValidationError({"received_on": _("Choose a day that is not after today.")})
    received_at = start_of_day(received_on, timezone.get_default_timezone())
    try:
        with transaction.atomic():
            request = PrivacyRequest.objects.create(
                kind=kind,
                source=source,
                law=law,
                address=address,
                person=User.objects.filter(email=address).first(),
                language=language,
                received_at=received_at,
                due_at=due_at(received_at, PrivacyLaw(law)),
                details=details.strip(),
                entered_by=actor,
            )
    except IntegrityError as error:
        raise ValidationError(_("This request is on the list already."), code="twice") from error
    _record("privacy.entered", actor, request)
    send_privacy_received(request)
    return request


def due_at(received_at: datetime, law: PrivacyLaw) -> datetime:
    """Return when a request is due: 30 days, or a calendar month where that is shorter."""
    due = received_at + ANSWERED_WITHIN
    if law == PrivacyLaw.CANADA:
        return due
    local = timezone.localtime(received_at, timezone.get_default_timezone())
    year, month = local.year + local.month // 12, local.month % 12 + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    return min(due, local.replace(year=year, month=month, day=day))


@transaction.atomic
def extend_privacy_request(
    *, actor: User, request: PrivacyRequest, days: int, reason: str
) -> PrivacyRequest:
    """Extend the time to answer, once, while it runs, and tell whoever asked (L54).

    Raises PermissionDenied, and ValidationError for a late, second, long or unexplained one.
    """
    locked = _lock(actor, request)
    if locked.extended_at is not None:
        raise ValidationError(_("The time was extended already. It can be extended once."))
    if locked.paused_at is not None:
        raise ValidationError(_("The time is paused. Resume it first."))
    now = timezone.now()
    if now > locked.due_at:
        raise ValidationError(_("The time is over. It can be extended only while it runs."))
    if not 1 <= days <= LONGEST_EXTENSION:
        raise ValidationError({"days": _("Choose from 1 to 30 days.")})
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: the person has to learn it.")})
    locked.extended_at, locked.extended_from = now, locked.due_at
    locked.extension_reason = reason.strip()
    locked.due_at += timedelta(days=days)
    locked.save()
    _record("privacy.extended", actor, locked)
    send_privacy_extended(locked)
    return locked


@transaction.atomic
def pause_privacy_request(*, actor: User, request: PrivacyRequest) -> PrivacyRequest:
    """Stop the time while whoever asked proves who they are, where the law knows a pause (L53).

    Raises PermissionDenied, and ValidationError under another law.
    """
    locked = _lock(actor, request)
    if not locked.may_pause:
        raise ValidationError(_("The law of this request knows no pause."), code="no_pause")
    locked.paused_at = timezone.now()
    locked.save(update_fields=["paused_at"])
    _record("privacy.paused", actor, locked)
    send_privacy_paused(locked)
    return locked


@transaction.atomic
def resume_privacy_request(*, actor: User, request: PrivacyRequest) -> PrivacyRequest:
    """Let the time run again; the day it is due moves by as long as the pause was.

    Raises PermissionDenied, and ValidationError for a request that is not paused.
    """
    locked = _lock(actor, request)
    if locked.paused_at is None:
        raise ValidationError(_("The time of this request runs."), code="runs")
    locked.due_at += timezone.now() - locked.paused_at
    locked.paused_at = None
    locked.save(update_fields=["due_at", "paused_at"])
    _record("privacy.resumed", actor, locked)
    return locked


@transaction.atomic
def settle_privacy_request(
    *,
    actor: User,
    request: PrivacyRequest,
    outcome: str,
    answer: str,
    ground: str = "",
    kept_items: Sequence[str] = (),
    kept_until: date | None = None,
) -> PrivacyRequest:
    """Answer a request, in part too, or refuse it, and tell whoever asked.

    A refusal and a partial answer name the reason, the ground, what is kept and until when (L55).
    An answered request to delete data begins the erasure, after its days of grace. Raises
    PermissionDenied for staff without the permission, and ValidationError for a request that
    somebody settled, and for what is missing.
    """
    locked = _lock(actor, request)
    state = PrivacyRequestState(outcome)
    needs_ground = state in WITH_GROUND
    if needs_ground:
        _refuse_incomplete(answer, ground, kept_items, kept_until)
    locked.state, locked.answer = state, answer.strip()
    locked.ground = ground if needs_ground else ""
    locked.kept_items = " ".join(kept_items) if needs_ground else ""
    locked.kept_until = kept_until if needs_ground else None
    locked.settled_at, locked.settled_by, locked.paused_at = timezone.now(), actor, None
    locked.save()
    _record(f"privacy.{state}", actor, locked)
    send_privacy_answer(locked)
    is_erasure = locked.kind == PrivacyRequestKind.ERASURE
    if is_erasure and state in (PrivacyRequestState.ANSWERED, PrivacyRequestState.PARTLY):
        begin_closing_of_request(actor=actor, request=locked)
    return locked


def _refuse_incomplete(
    answer: str, ground: str, kept_items: Sequence[str], kept_until: date | None
) -> None:
    faults: dict[str, str] = {}
    if not answer.strip():
        faults["answer"] = _("Give the reason: the person has to learn it.")
    if not ground:
        faults["ground"] = _("Name the ground.")
    if not kept_items:
        faults["kept_items"] = _("Choose the data that the person doesn't get, or that is kept.")
    if kept_until is None or kept_until <= timezone.localdate():
        faults["kept_until"] = _("Choose a day after today.")
    if faults:
        raise ValidationError(faults)


def _lock(actor: User, request: PrivacyRequest) -> PrivacyRequest:
    require_staff(actor, "compliance.change_privacyrequest")
    locked = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
    refuse_settled(locked)
    return locked


def _record(kind: str, actor: User | None, request: PrivacyRequest) -> None:
    record_event(
        kind=kind,
        actor=actor,
        person=request.person,
        privacy_kind=str(PrivacyRequestKind(request.kind).value),
    )
