"""Opening requests: of members to their Super Users, and of Super Users to the provider."""

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
from accounts.services.requests.phrases import Phrases, phrases_of
from accounts.validators import normalise_address

MAX_OPEN = 20  # open requests of one person
MAX_A_DAY = 40  # of one person, withdrawn ones too: each sends emails to every Super User

# kind → the field whose new value it asks for
FIELDS = {
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
    phrases: Phrases | None = None,
    add: Callable[[AccessRequest], None] | None = None,
) -> AccessRequest:
    """Ask the Super Users of a customer for something, or as one of them the provider.

    Those who may answer get an email. `wanted` holds the new name, phone or address, or the
    service's name; `about` is the service's own key; `add` adds rows of an upper app (the grants
    asked for) in the same transaction, and `phrases` are their words.

    A request that no Super User can answer goes to the provider at once: one for a service, one for
    a new address of somebody with two customers, any where there is no other Super User. Raises
    PermissionDenied unless the actor is a live member of an active customer, and for a service its
    Super User; RequestRefused naming the field.
    """
    customer = lock_customer(customer)
    membership = require_member(actor, customer)
    if kind not in RequestKind.values:
        raise RequestRefused({"kind": _("Choose what to ask for.")})
    is_of_provider = kind in ASKED_OF_PROVIDER
    if is_of_provider and not membership.is_super_user:
        raise PermissionDenied("only a Super User asks the provider")
    text = clean_text("text", text, required=kind == RequestKind.OTHER)
    super_users = list(super_users_of(customer).exclude(pk=membership.pk))
    elsewhere = kind == RequestKind.ADDRESS and belongs_elsewhere(membership)
    if not (is_of_provider or elsewhere):
        _refuse_pointless(customer, membership, kind, super_users)
    _refuse_over_limits(membership)
    to_provider = is_of_provider or elsewhere or not super_users
    wanted = _clean_wanted(membership, kind, wanted or {})
    access_request = AccessRequest(
        customer=customer,
        membership=membership,
        kind=kind,
        text=text,
        about=about,
        wanted=wanted,
        phrases=phrases or phrases_of(kind, customer, wanted),
        passed_at=timezone.now() if to_provider else None,
    )
    try:
        with transaction.atomic():
            access_request.save()
    except IntegrityError as error:
        raise RequestRefused(
            _("You have already asked for this. Wait for the answer."), code="already_asked"
        ) from error
    if add is not None:
        add(access_request)
    record("request.opened", access_request, actor)
    if to_provider:
        emails.send_to_provider(access_request=access_request)
    else:
        for super_user in super_users:
            emails.send_request(access_request=access_request, reader=super_user.user)
    return access_request


def _refuse_pointless(
    customer: Customer, membership: Membership, kind: str, super_users: list[Membership]
) -> None:
    """Raise RequestRefused for what nobody could answer, or would have to refuse."""
    if kind == RequestKind.LEAVE and customer.main_super_user_id == membership.pk:
        raise RequestRefused(
            _("You are the main Super User. Hand over the role first."),
            code="main_super_user",
        )
    if not super_users and membership.is_super_user:
        raise RequestRefused(
            _("No other Super User can answer. Invite a second Super User first."), code="alone"
        )


def _refuse_over_limits(membership: Membership) -> None:
    if membership.requests.open().count() >= MAX_OPEN:
        raise RequestRefused(
            _(
                "You already have %(count)s open requests. Withdraw a request that you "
                "no longer need."
            ),
            code="too_many",
            params={"count": MAX_OPEN},
        )
    yesterday = timezone.now() - timedelta(days=1)
    if membership.requests.filter(created_at__gt=yesterday).count() >= MAX_A_DAY:
        raise RequestRefused(
            _("You have sent too many requests today. Talk to your Super User."), code="too_many"
        )


def _clean_wanted(membership: Membership, kind: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new value by its field, as it would be stored; empty for a kind without one."""
    if kind in ASKED_OF_PROVIDER and set(wanted) == {"service"}:
        return dict(wanted)
    field = FIELDS.get(RequestKind(kind))
    if set(wanted) != ({field} if field else set()):
        raise RequestRefused(_("Enter the new value."), code="wanted")
    if field is None:
        return {}
    value = wanted[field].strip()
    try:
        if not value:
            raise ValidationError(_("Enter the new value."))
        if field == "address":
            value, current = normalise_address(value), membership.user.email
        else:
            column = cast("Field[str, str]", Membership._meta.get_field(field))
            value = column.clean(value, membership)
            current = getattr(membership, field)
        if value == current:
            raise ValidationError(_("This is already the current value."))
    except ValidationError as error:
        raise RequestRefused({field: error.error_list}) from error
    return {field: value}
