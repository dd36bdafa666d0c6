"""Requests made: by anyone of a customer to its Super Users, by these to the provider."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Field
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import ASKED_OF_PROVIDER, RequestKind
from accounts.models import AccessRequest, Customer, Membership, User
from accounts.permissions import RequestRefused, lock_customer, require_member
from accounts.selectors import super_users_of
from accounts.services.requests.common_rules import (
    belongs_elsewhere,
    clean_text,
    record,
)
from accounts.validators import normalise_address

MAX_OPEN = 20  # of one person, at a time
MAX_A_DAY = 40  # likewise, withdrawn ones too: each is a mail to every Super User

# kind → the one value it asks for
WANTED = {
    RequestKind.NAME: "work_name",
    RequestKind.PHONE: "work_phone",
    RequestKind.ADDRESS: "address",
}


@transaction.atomic
def open_request(
    *,
    actor: User,
    customer: Customer,
    kind: str,
    text: str = "",
    wanted: Mapping[str, Any] | None = None,
    about: str = "",
    add: Callable[[AccessRequest], None] | None = None,
) -> AccessRequest:
    """Ask the Super Users of a customer for something, or as one of them the provider.

    Whoever answers is told by mail. `wanted` is the new value of a name, phone or address, or what
    a service is called; `about` is the service's own key; `add` adds rows of an upper app (the
    rights asked for) inside the same transaction. What no Super User could answer goes to the
    provider at once: a service, an address that is not one firm's affair, anything where no Super
    User is there. Raises PermissionDenied unless the actor is a live member of an active customer,
    and for a service its Super User; RequestRefused naming the field.
    """
    customer = lock_customer(customer)
    membership = require_member(actor, customer)
    if kind not in RequestKind.values:
        raise RequestRefused({"kind": _("Choose what you ask for.")})
    of_provider = kind in ASKED_OF_PROVIDER
    if of_provider and not membership.is_super_user:
        raise PermissionDenied("only a Super User asks the provider")
    text = clean_text("text", text, required=kind == RequestKind.OTHER)
    readers = list(super_users_of(customer).exclude(pk=membership.pk))
    elsewhere = kind == RequestKind.ADDRESS and belongs_elsewhere(membership)
    if not (of_provider or elsewhere):
        _refuse_in_vain(customer, membership, kind, readers)
    _refuse_flood(membership)
    to_provider = of_provider or elsewhere or not readers
    access_request = AccessRequest(
        customer=customer,
        membership=membership,
        kind=kind,
        text=text,
        about=about,
        wanted=_clean_wanted(membership, kind, wanted or {}),
        passed_at=timezone.now() if to_provider else None,
    )
    try:
        with transaction.atomic():
            access_request.save()
    except IntegrityError as error:
        raise RequestRefused(
            _("You have already asked for this. It waits for an answer."), code="already_asked"
        ) from error
    if add is not None:
        add(access_request)
    record("request.opened", access_request, actor)
    if to_provider:
        emails.send_to_provider(access_request=access_request)
    else:
        for reader in readers:
            emails.send_request(access_request=access_request, reader=reader.user)
    return access_request


def _refuse_in_vain(
    customer: Customer, membership: Membership, kind: str, readers: list[Membership]
) -> None:
    """What nobody could answer, or would have to refuse, is not asked."""
    if kind == RequestKind.LEAVE and customer.main_super_user_id == membership.pk:
        raise RequestRefused(
            _("You are the main Super User. Hand the role over to someone else first."),
            code="main_super_user",
        )
    if not readers and membership.is_super_user:
        raise RequestRefused(_("There is no other Super User who could answer."), code="alone")


def _refuse_flood(membership: Membership) -> None:
    if membership.requests.open().count() >= MAX_OPEN:
        raise RequestRefused(
            _("%(count)s requests of yours wait already. Withdraw one you no longer need."),
            code="too_many",
            params={"count": MAX_OPEN},
        )
    yesterday = timezone.now() - timedelta(days=1)
    if membership.requests.filter(created_at__gt=yesterday).count() >= MAX_A_DAY:
        raise RequestRefused(
            _("That is a lot for one day. Please talk to your Super User."), code="too_many"
        )


def _clean_wanted(membership: Membership, kind: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The new value, as it would be stored; nothing for a kind that has none."""
    if kind in ASKED_OF_PROVIDER and set(wanted) == {"service"}:
        return dict(wanted)
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
