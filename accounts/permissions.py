"""Guards that say who may act, and the locks that are taken before one asks.

Services call them first. Each raises PermissionDenied (Django answers 403) where no page offers the
act to this person, and a refusal with a message where a page may lead there.
"""

from datetime import datetime, timedelta

from allauth.core.exceptions import ReauthenticationRequired
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import CustomerStatus
from accounts.models import AccessRequest, Customer, HandOver, Invitation, Membership, User
from accounts.selectors.company_sign_in import keeps_way_in_of
from accounts.selectors.factors import (
    has_second_factor,
    who_demands_a_factor,
    who_waits_for_a_factor,
)

FRESH_FOR = timedelta(minutes=5)
DESK_FRESH_FOR = timedelta(hours=1)


class FreshSignInRequired(ReauthenticationRequired):
    """The act needs a sign-in within the last five minutes.

    No view catches it: allauth's middleware leads to the sign-in and back to the act.
    """


class SecondFactorRequired(PermissionDenied):
    """Somebody demands a second factor of this person, who has none: `by` says who."""

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} demands a second factor")
        self.by = by


class MembershipRefused(ValidationError):
    """The membership cannot be changed this way; the message says why."""


class RequestRefused(ValidationError):
    """The request cannot be made or answered this way; the message says why."""


def lock_customer(customer: Customer) -> Customer:
    """Lock the customer's row: the first step of every write inside a customer."""
    return Customer.objects.select_for_update().get(pk=customer.pk)


def lock_managed_customer(actor: User, customer: Customer, *, to_read: bool = False) -> Customer:
    """Lock the customer's row for one of its Super Users. Raises as require_super_user."""
    customer = lock_customer(customer)
    require_super_user(actor, customer, to_read=to_read)
    return customer


def lock_managed_membership(
    actor: User, membership: Membership, answering: AccessRequest | None = None
) -> tuple[Customer, Membership]:
    """Lock the customer, then the membership, for whoever may change it.

    That is a Super User of the customer, or staff `answering` a request of this person that was
    passed on to the provider. Raises PermissionDenied for anyone else, and MembershipRefused for a
    person who has left.
    """
    customer = lock_customer(membership.customer)
    if answering is None:
        require_super_user(actor, customer)
    elif answering.passed_at is None or answering.membership_id != membership.pk:
        raise PermissionDenied("not this person's request, or not the provider's to answer")
    else:
        require_staff(actor, "accounts.change_accessrequest")
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    is_over = membership.ends_at is not None and membership.ends_at <= timezone.now()
    if is_over or membership.ended_at is not None:
        raise MembershipRefused(_("This person has already left the company."))
    return customer, membership


def require_super_user(actor: User, customer: Customer, *, to_read: bool = False) -> Membership:
    """Return the actor's live Super User membership of an active customer.

    `to_read` allows a customer that is not active, because its data can still be read. Raises
    PermissionDenied for anyone else.
    """
    live = customer.memberships.live().filter(user__is_active=True)  # now, not at their sign-in
    membership = live.filter(user=actor).first()
    if membership is None or not membership.is_super_user or not actor.is_active:
        raise PermissionDenied("not a Super User of this customer")
    if customer.status != CustomerStatus.ACTIVE and not to_read:
        raise PermissionDenied("this customer is not active")
    return membership


def require_main_super_user(actor: User, customer: Customer) -> Membership:
    """Return the main Super User's membership, if it is the actor's; else PermissionDenied."""
    membership = require_super_user(actor, customer)
    if customer.main_super_user_id != membership.pk:
        raise PermissionDenied("not the main Super User")
    return membership


def require_member(actor: User, customer: Customer) -> Membership:
    """Return the actor's live membership of an active customer; else PermissionDenied."""
    membership = Membership.objects.live().filter(user=actor, customer=customer).first()
    if membership is None or not actor.is_active or customer.status != CustomerStatus.ACTIVE:
        raise PermissionDenied("not a live member of an active customer")
    return membership


def require_staff(actor: User, permission: str) -> None:
    """Raise PermissionDenied unless the actor is active staff with this model permission."""
    if not (actor.is_active and actor.is_staff and actor.has_perm(permission)):
        raise PermissionDenied(permission)


def require_desk(actor: User, signed_in_at: datetime | None) -> None:
    """Raise unless the actor may open the support desk, with a second factor of the last hour.

    PermissionDenied without the permission; FreshSignInRequired where the proof is older. Staff
    without a second factor exist only where none is demanded of them (HUB_STAFF_SECOND_FACTOR).
    """
    require_staff(actor, "accounts.use_desk")
    is_recent = signed_in_at is not None and timezone.now() - signed_in_at <= DESK_FRESH_FOR
    if has_second_factor(actor) and not is_recent:
        raise FreshSignInRequired


def require_support(actor: User, person: User) -> None:
    """Raise PermissionDenied unless the actor may help this person at the support desk.

    Support never acts on staff, nor on itself (G1).
    """
    require_staff(actor, "accounts.use_desk")
    if person.is_staff or person.pk == actor.pk:
        raise PermissionDenied("the desk never acts on staff or on itself")


def require_inviter(actor: User, invitation: Invitation) -> None:
    """Raise PermissionDenied unless the actor may send or withdraw this invitation.

    Staff invite the main Super User, Super Users everybody else.
    """
    if invitation.as_main_super_user:
        require_staff(actor, "accounts.change_customer")
    else:
        require_super_user(actor, invitation.customer)


def require_answerer(actor: User, access_request: AccessRequest, *, for_provider: bool) -> None:
    """Raise PermissionDenied unless the actor may answer this request.

    That is a Super User of the customer or, `for_provider`, staff with
    `accounts.change_accessrequest` (for a service `accounts.change_customer`), once the request is
    with the provider.
    """
    if not for_provider:
        require_super_user(actor, access_request.customer)
        return
    codename = "change_customer" if access_request.is_of_provider else "change_accessrequest"
    require_staff(actor, f"accounts.{codename}")
    if access_request.passed_at is None:
        raise PermissionDenied("nobody passed this on to the provider")


def require_requester(actor: User, access_request: AccessRequest) -> None:
    """Raise PermissionDenied unless the actor made the request and still is a live member."""
    membership = access_request.membership
    if membership.user_id != actor.pk or not membership.is_live:
        raise PermissionDenied("not the person who asked")


def require_receiver(actor: User, hand_over: HandOver) -> None:
    """Raise PermissionDenied unless the role was offered to the actor, a Super User."""
    membership = require_super_user(actor, hand_over.customer)
    if membership.pk != hand_over.receiver_id:
        raise PermissionDenied("offered to someone else")


def require_second_factor(user: User) -> None:
    """Raise SecondFactorRequired for somebody who needs a second factor and has none.

    Until then they can only set one up; hub.second_factor asks it before every view.
    """
    if by := who_waits_for_a_factor(user):
        raise SecondFactorRequired(by)


def refuse_last_factor(user: User, left: int) -> None:
    """Raise ValidationError if nothing is left of the second factors that somebody demands.

    A main Super User needs theirs while the company's own sign-in is in force: it is the way in for
    the day on which the provider is away.
    """
    if not left and (by := who_demands_a_factor(user) or keeps_way_in_of(user)):
        raise ValidationError(
            _(
                "%(company)s requires a second factor. Add another before you remove "
                "this passkey or app."
            )
            % {"company": by},
            code="demanded",
        )


def require_fresh_sign_in(signed_in_at: datetime | None) -> None:
    """Raise FreshSignInRequired unless the actor proved who they are within FRESH_FOR.

    `signed_in_at` is when they last did, as accounts.adapters.signed_in_at says; None for never.
    """
    if not is_fresh(signed_in_at):
        raise FreshSignInRequired


def is_fresh(signed_in_at: datetime | None) -> bool:
    """Return whether this moment is at most FRESH_FOR ago; None is never."""
    return signed_in_at is not None and timezone.now() - signed_in_at <= FRESH_FOR


def refuse_main_super_user(customer: Customer, membership: Membership) -> None:
    """Raise MembershipRefused for the main Super User, who hands over first."""
    if customer.main_super_user_id == membership.pk:
        raise main_super_user_refusal()


def main_super_user_refusal() -> MembershipRefused:
    """Return the refusal to end, suspend or demote the main Super User."""
    return MembershipRefused(
        _("You can't do this to the main Super User. They must hand over the role first."),
        code="main_super_user",
    )


def refuse_own_request(actor: User, access_request: AccessRequest) -> None:
    """Raise RequestRefused if the actor made the request: another Super User answers it."""
    if access_request.membership.user_id == actor.pk:
        raise RequestRefused(
            _("You can't answer your own request. Ask another Super User."), code="own"
        )
