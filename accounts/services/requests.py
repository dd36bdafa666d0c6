"""Requests: made, withdrawn, approved or refused; answered once, by a Super User."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Field
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import CustomerStatus, RequestKind, RequestState
from accounts.models import Customer, Leaving, Membership, Request, User
from accounts.models.requests import TEXT_LENGTH
from accounts.selectors import super_users_of
from accounts.services.audit import record_event
from accounts.services.customers import lock_customer, require_super_user
from accounts.services.memberships import update_work_details
from accounts.validators import normalise_address, validate_plain_lines

MOST_OPEN = 20  # of one person, at a time
MOST_A_DAY = 40  # likewise, withdrawn ones too: each is a mail to every Super User

# kind → the one value it asks for
WANTED = {
    RequestKind.NAME: "work_name",
    RequestKind.PHONE: "work_phone",
    RequestKind.ADDRESS: "address",
}


class RequestRefused(ValidationError):
    """The request cannot be made or answered so; the message says why."""


@transaction.atomic
def open_request(
    *,
    actor: User,
    customer: Customer,
    kind: str,
    text: str = "",
    wanted: Mapping[str, str] | None = None,
    add: Callable[[Request], None] | None = None,
) -> Request:
    """Ask the Super Users of a customer for something; they are told by mail.

    `wanted` is the new value of a name, phone or address; `add` adds rows of an upper app (the
    rights asked for) inside the same transaction. Raises PermissionDenied unless the actor is a
    live member of an active customer; RequestRefused naming the field.
    """
    customer = lock_customer(customer)
    membership = Membership.objects.live().filter(user=actor, customer=customer).first()
    if membership is None or not actor.is_active or customer.status != CustomerStatus.ACTIVE:
        raise PermissionDenied("not a live member of an active customer")
    if kind not in RequestKind.values:
        raise RequestRefused({"kind": _("Choose what you ask for.")})
    text = _clean_text("text", text, required=kind == RequestKind.OTHER)
    readers = list(super_users_of(customer).exclude(pk=membership.pk))
    _refuse_in_vain(customer, membership, kind, readers)
    _refuse_flood(membership)
    asked = Request(
        customer=customer,
        membership=membership,
        kind=kind,
        text=text,
        wanted=_clean_wanted(membership, kind, wanted or {}),
    )
    try:
        with transaction.atomic():
            asked.save()
    except IntegrityError as error:
        raise RequestRefused(
            _("You have already asked for this. It waits for an answer."), code="already_asked"
        ) from error
    if add is not None:
        add(asked)
    record_event(kind="request.opened", person=actor, **_event(asked, actor))
    for reader in readers:
        emails.send_request(asked=asked, reader=reader.user)
    return asked


def _refuse_in_vain(
    customer: Customer, membership: Membership, kind: str, readers: list[Membership]
) -> None:
    """What nobody could answer, or would have to refuse, is not asked."""
    if kind == RequestKind.LEAVE and customer.main_super_user_id == membership.pk:
        raise RequestRefused(
            _("You are the main Super User. Hand the role over to someone else first."),
            code="main_super_user",
        )
    if not readers:
        raise RequestRefused(_("There is no other Super User who could answer."), code="alone")


def _refuse_flood(membership: Membership) -> None:
    if membership.requests.open().count() >= MOST_OPEN:
        raise RequestRefused(
            _("%(count)s requests of yours wait already. Withdraw one you no longer need."),
            code="too_many",
            params={"count": MOST_OPEN},
        )
    yesterday = timezone.now() - timedelta(days=1)
    if membership.requests.filter(created_at__gt=yesterday).count() >= MOST_A_DAY:
        raise RequestRefused(
            _("That is a lot for one day. Please talk to your Super User."), code="too_many"
        )


def _clean_text(field: str, text: str, *, required: bool = False) -> str:
    """Free text, in plain lines. Raises RequestRefused naming the field."""
    text = text.replace("\r\n", "\n").strip()
    try:
        if required and not text:
            raise ValidationError(_("Please say it in a sentence."))
        if len(text) > TEXT_LENGTH:
            raise ValidationError(
                _("Please keep this under %(length)s characters."), params={"length": TEXT_LENGTH}
            )
        validate_plain_lines(text)
    except ValidationError as error:
        raise RequestRefused({field: error.error_list}) from error
    return text


def _clean_wanted(membership: Membership, kind: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """The new value, as it would be stored; nothing for a kind that has none."""
    field = WANTED.get(RequestKind(kind))
    if set(wanted) != ({field} if field else set()):
        raise RequestRefused(_("Say what it should become."), code="wanted")
    if field is None:
        return {}
    value = wanted[field].strip()
    try:
        if not value:
            raise ValidationError(_("Say what it should become."))
        if field == "address":
            value, current = normalise_address(value), membership.user.email
        else:
            column = cast("Field[str, str]", Membership._meta.get_field(field))
            value = column.clean(value, membership)
            current = getattr(membership, field)
        if value == current:
            raise ValidationError(_("It is this already."))
    except ValidationError as error:
        raise RequestRefused({field: error.error_list}) from error
    return {field: value}


def _event(asked: Request, actor: User | None) -> dict[str, Any]:
    """What every event about a request says of it."""
    return {
        "actor": actor,
        "customer": asked.customer,
        "request": str(asked.kind),
        "request_id": str(asked.uuid),
    }


def _lock(asked: Request) -> Request:
    """The customer first, then the request, read again."""
    lock_customer(asked.customer)
    return (
        Request.objects.select_for_update(of=("self",))
        .select_related("membership__user", "membership__customer", "customer")
        .get(pk=asked.pk)
    )


def _require_open(asked: Request) -> None:
    if asked.state == RequestState.WITHDRAWN:
        raise RequestRefused(_("This request was withdrawn."), code="withdrawn")
    if not asked.is_open:
        raise RequestRefused(
            _("%(person)s has already answered this request."),
            code="answered",
            params={"person": asked.answered_by},
        )


def _lock_to_answer(actor: User, asked: Request) -> Request:
    asked = _lock(asked)
    require_super_user(actor, asked.customer)
    _require_open(asked)
    if asked.membership.user_id == actor.pk:
        raise RequestRefused(
            _("This is your own request. Another Super User answers it."), code="own"
        )
    return asked


def _answer(asked: Request, actor: User, state: RequestState, answer: str) -> None:
    asked.state, asked.answer = state, answer
    asked.answered_by, asked.answered_at = actor, timezone.now()
    asked.save(update_fields=["state", "answer", "answered_by", "answered_at"])


@transaction.atomic
def withdraw_request(*, actor: User, asked: Request) -> Request:
    """Take one's own request back. Raises PermissionDenied for another's, RequestRefused once
    answered.
    """
    asked = _lock(asked)
    if asked.membership.user_id != actor.pk or not asked.membership.is_live:
        raise PermissionDenied("not the person who asked")
    _require_open(asked)
    _withdraw(asked)
    record_event(kind="request.withdrawn", person=actor, **_event(asked, actor))
    return asked


def _withdraw(asked: Request) -> None:
    asked.state, asked.answered_at = RequestState.WITHDRAWN, timezone.now()
    asked.save(update_fields=["state", "answered_at"])


@transaction.atomic
def approve_request(*, actor: User, asked: Request, answer: str = "", how: Any = None) -> Request:
    """Say yes, and do what was asked in the same transaction; the asker is told.

    A name or phone is changed; an address only its owner can change, so they are told how; a
    request to leave is approved by planning it (accounts.services.leavings). `how` is for the
    upper app that applies its rows (None: as asked). Raises
    PermissionDenied unless the actor is a Super User here; RequestRefused for one's own or an
    answered request; and whatever the act itself refuses.
    """
    asked = _lock_to_answer(actor, asked)
    if asked.kind == RequestKind.LEAVE and not Leaving.objects.filter(request=asked).exists():
        raise RequestRefused(
            _("Plan their leaving: what they hold, and from when. That approves the request."),
            code="leaving",
        )
    _answer(asked, actor, RequestState.APPROVED, _clean_text("answer", answer))
    signals.request_approved.send(Request, asked=asked, actor=actor, how=how)
    membership = asked.membership
    if asked.kind in (RequestKind.NAME, RequestKind.PHONE):
        details = {"work_name": membership.work_name, "work_phone": membership.work_phone}
        update_work_details(actor=actor, membership=membership, **(details | asked.wanted))
    record_event(kind="request.approved", person=membership.user, **_event(asked, actor))
    emails.send_answer(asked=asked)
    return asked


@transaction.atomic
def refuse_request(*, actor: User, asked: Request, reason: str) -> Request:
    """Say no, and why; the asker is told. Raises like approve_request, and without a reason."""
    reason = _clean_text("reason", reason, required=True)
    asked = _lock_to_answer(actor, asked)
    _answer(asked, actor, RequestState.REFUSED, reason)
    record_event(
        kind="request.refused",
        person=asked.membership.user,
        reason=reason,
        **_event(asked, actor),
    )
    emails.send_answer(asked=asked)
    return asked


def close_requests_of_leaver(*, actor: User, membership: Membership) -> None:
    """What a leaver still asked for ends with the membership, in its transaction."""
    for asked in membership.requests.open().select_related("customer").order_by("pk"):
        _withdraw(asked)
        record_event(kind="request.lapsed", person=membership.user, **_event(asked, actor))
