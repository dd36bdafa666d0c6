"""Handing over: the main Super User offers the role, another Super User accepts it."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import HandOverState
from accounts.models import Customer, HandOver, Membership, User
from accounts.permissions import (
    lock_customer,
    require_fresh_sign_in,
    require_main_super_user,
    require_receiver,
)
from accounts.selectors import super_users_of
from accounts.selectors.company_sign_in import company_sign_in_is_on, has_own_way_in
from accounts.services.audit import record_event
from accounts.services.confirmation_name import require_confirmation_name

LIFETIME = timedelta(days=7)


class HandOverRefused(ValidationError):
    """The role cannot be offered or accepted; the message says why."""


def _can_take_over(receiver: Membership) -> bool:
    """Return whether this is a live Super User with no end date and an open account."""
    is_staying = receiver.is_live and receiver.ends_at is None
    return is_staying and receiver.is_super_user and receiver.user.is_active


@transaction.atomic
def offer_hand_over(
    *,
    actor: User,
    customer: Customer,
    to: Membership,
    confirmation_name: str,
    signed_in_at: datetime | None,
) -> HandOver:
    """Offer the role of main Super User to another live Super User, who gets an email.

    Nothing changes until they accept. An earlier offer that expired is closed. Raises
    PermissionDenied unless the actor is the main Super User; HandOverRefused naming `to`, or while
    another offer is open; ConfirmationNameRefused; FreshSignInRequired.
    """
    customer = lock_customer(customer)
    giver = require_main_super_user(actor, customer)
    to = Membership.objects.select_for_update(of=("self",)).select_related("user").get(pk=to.pk)
    if to.pk == giver.pk:
        raise HandOverRefused({"to": _("You are already the main Super User.")})
    if to.customer_id != customer.pk or not _can_take_over(to):
        raise HandOverRefused({"to": _("Choose a Super User of this company who has no last day.")})
    earlier = customer.hand_overs.open().first()
    if earlier is not None and earlier.is_expired:
        _lapse(earlier)
    elif earlier is not None:
        raise HandOverRefused(
            _("You have already offered the role to %(person)s. Withdraw that offer first."),
            code="waiting",
            params={"person": earlier.receiver},
        )
    require_confirmation_name(customer, confirmation_name)
    require_fresh_sign_in(signed_in_at)
    hand_over = HandOver.objects.create(
        customer=customer, giver=giver, receiver=to, expires_at=timezone.now() + LIFETIME
    )
    _record("offered", actor, hand_over)
    emails.send_hand_over(kind="offered", hand_over=hand_over, reader=to)
    return hand_over


def _record(kind: str, actor: User | None, hand_over: HandOver) -> None:
    record_event(
        kind=f"hand_over.{kind}",
        actor=actor,
        customer=hand_over.customer,
        person=hand_over.receiver.user,
        hand_over=str(hand_over.uuid),
    )


def _settle(hand_over: HandOver, state: HandOverState) -> None:
    hand_over.state, hand_over.settled_at = state, timezone.now()
    hand_over.save(update_fields=["state", "settled_at"])


def _lapse(hand_over: HandOver) -> None:
    _settle(hand_over, HandOverState.LAPSED)
    _record("lapsed", None, hand_over)


def _lock_open(hand_over: HandOver) -> HandOver:
    """Lock the customer, then the offer. Raises HandOverRefused if it is not open any more."""
    customer = lock_customer(hand_over.customer)
    hand_over = (
        HandOver.objects.select_for_update(of=("self",))
        .select_related("giver__user", "receiver__user")
        .get(pk=hand_over.pk)
    )
    hand_over.customer = customer
    if not hand_over.is_open:
        raise HandOverRefused(_("This offer is no longer open."), code="settled")
    return hand_over


@transaction.atomic
def accept_hand_over(
    *, actor: User, hand_over: HandOver, signed_in_at: datetime | None
) -> Customer:
    """Take over the role of main Super User; every Super User gets an email.

    Everything is checked again under the customer's lock: the giver must still be the main Super
    User with an open account, and the receiver a live Super User without an end date (the database
    refuses anyone else). Raises PermissionDenied for anyone but the receiver; HandOverRefused when
    the offer is not valid any more; FreshSignInRequired.
    """
    hand_over = _lock_open(hand_over)
    customer, giver = hand_over.customer, hand_over.giver
    require_receiver(actor, hand_over)
    giver_may = customer.main_super_user_id == giver.pk and giver.user.is_active
    if hand_over.is_expired or not giver_may:
        raise HandOverRefused(_("This offer is no longer open."), code="gone")
    if not _can_take_over(hand_over.receiver):
        raise HandOverRefused(
            _("Choose a Super User of this company who has no last day."),
            code="offboarding",
        )
    if company_sign_in_is_on(customer) and not has_own_way_in(actor):
        raise HandOverRefused(
            _(
                "The main Super User must be able to sign in when your identity provider "
                "is down. Set up a passkey in your profile first."
            ),
            code="no_way_in",
        )
    require_fresh_sign_in(signed_in_at)
    _settle(hand_over, HandOverState.ACCEPTED)
    customer.main_super_user = hand_over.receiver
    try:
        with transaction.atomic():
            customer.save(update_fields=["main_super_user"])
    except IntegrityError as error:
        raise HandOverRefused(
            _("Choose a Super User of this company who has no last day."),
            code="offboarding",
        ) from error
    record_event(
        kind="customer.main_super_user_changed",
        actor=actor,
        customer=customer,
        person=actor,
        concerned=[giver.user_id],
        previous=str(giver),
        hand_over=str(hand_over.uuid),
    )
    for reader in super_users_of(customer):
        emails.send_hand_over(kind="accepted", hand_over=hand_over, reader=reader)
    return customer


@transaction.atomic
def decline_hand_over(*, actor: User, hand_over: HandOver) -> HandOver:
    """Decline an offer; the giver gets an email.

    Raises PermissionDenied for anyone but the receiver; HandOverRefused if it is not open any more.
    """
    hand_over = _lock_open(hand_over)
    require_receiver(actor, hand_over)
    _settle(hand_over, HandOverState.DECLINED)
    _record("declined", actor, hand_over)
    emails.send_hand_over(kind="declined", hand_over=hand_over, reader=hand_over.giver)
    return hand_over


@transaction.atomic
def withdraw_hand_over(*, actor: User, hand_over: HandOver) -> HandOver:
    """Withdraw an offer; the receiver gets an email.

    Raises PermissionDenied unless the actor is the main Super User; HandOverRefused if it is not
    open any more.
    """
    hand_over = _lock_open(hand_over)
    require_main_super_user(actor, hand_over.customer)
    _settle(hand_over, HandOverState.WITHDRAWN)
    _record("withdrawn", actor, hand_over)
    emails.send_hand_over(kind="withdrawn", hand_over=hand_over, reader=hand_over.receiver)
    return hand_over


def lapse_hand_over_to_leaver(*, membership: Membership) -> None:
    """Close an offer to somebody who leaves, in the transaction that ends the membership."""
    for hand_over in membership.hand_overs.open().select_related("receiver__user", "customer"):
        _lapse(hand_over)
