"""The same act on several people at once: on all of them, or on nobody."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Membership, Team, User
from accounts.permissions import (
    lock_managed_customer,
    require_fresh_sign_in,
)
from accounts.services import memberships, teams
from accounts.services.confirmation_name import require_confirmation_name

MAX_AT_ONCE = 200
_ABOUT_THE_ACT = {"starts_at", "expires_at", "reason"}  # fields every person would share


class BulkRefused(ValidationError):
    """Nothing was done to anybody; the message says why, and names the person it is about.

    Codes: `nobody`, `many`, `foreign`, `person`.
    """


def too_many() -> BulkRefused:
    """The refusal of more than MAX_AT_ONCE."""
    return BulkRefused(
        _("Please select at most %(most)s people at a time."),
        code="many",
        params={"most": MAX_AT_ONCE},
    )


@transaction.atomic
def act_on_all(
    *,
    actor: User,
    customer: Customer,
    people: Iterable[Membership],
    act: Callable[[Membership], object],
) -> list[Membership]:
    """Do `act`, a service on one person, to each of these people of one customer.

    One transaction under the customer's lock; each person has their own event and notice, as if
    they had been alone. Naming one twice is naming them once. Out: the people. Raises
    PermissionDenied unless the actor is a Super User here; BulkRefused; and as it is, what `act`
    refuses about what all share (terms, reason, sign-in).
    """
    customer = lock_managed_customer(actor, customer)
    # Always in one order: two acts in two companies that share people do not wait for each other.
    chosen = sorted({one.pk: one for one in people}.values(), key=lambda one: one.user_id)
    if not chosen:
        raise BulkRefused(_("Select at least one person first."), code="nobody")
    if len(chosen) > MAX_AT_ONCE:
        raise too_many()
    if any(one.customer_id != customer.pk for one in chosen):
        raise BulkRefused(_("Someone here does not belong to this company."), code="foreign")
    for one in chosen:
        try:
            act(one)
        except ValidationError as refusal:
            if hasattr(refusal, "error_dict") and refusal.error_dict.keys() <= _ABOUT_THE_ACT:
                raise
            raise BulkRefused(
                _("%(person)s: %(why)s Nothing was changed, for anybody."),
                code="person",
                params={"person": one, "why": refusal.messages[0]},
            ) from refusal
    return chosen


@transaction.atomic
def suspend_people(
    *, actor: User, customer: Customer, people: Iterable[Membership]
) -> list[Membership]:
    """Suspend all of them. Raises like act_on_all and suspend_membership."""
    return act_on_all(
        actor=actor,
        customer=customer,
        people=people,
        act=lambda one: memberships.suspend_membership(actor=actor, membership=one),
    )


@transaction.atomic
def restore_people(
    *, actor: User, customer: Customer, people: Iterable[Membership]
) -> list[Membership]:
    """End the suspension of all of them. Raises like act_on_all and restore_membership."""
    return act_on_all(
        actor=actor,
        customer=customer,
        people=people,
        act=lambda one: memberships.restore_membership(actor=actor, membership=one),
    )


@transaction.atomic
def remove_people(
    *,
    actor: User,
    customer: Customer,
    people: Iterable[Membership],
    confirmation_name: str,
    signed_in_at: datetime | None,
) -> list[AuditEvent]:
    """Take all of them out of the customer.

    Nobody does this by a slip: the company's name is typed, and the actor signed in freshly.
    Out: an event for each, which can be undone.
    Raises like act_on_all and remove_membership, ConfirmationNameRefused, FreshSignInRequired.
    """
    customer = lock_managed_customer(actor, customer)
    require_confirmation_name(customer, confirmation_name)
    require_fresh_sign_in(signed_in_at)
    events: list[AuditEvent] = []
    act_on_all(
        actor=actor,
        customer=customer,
        people=people,
        act=lambda one: events.append(memberships.remove_membership(actor=actor, membership=one)),
    )
    return events


@transaction.atomic
def add_people_to_team(
    *,
    actor: User,
    customer: Customer,
    people: Iterable[Membership],
    team: Team,
    reason: str = "",
    signed_in_at: datetime | None = None,
) -> list[Membership]:
    """Put all of them into a team; who is in it already stays. Raises like add_to_team."""
    return act_on_all(
        actor=actor,
        customer=customer,
        people=people,
        act=lambda one: teams.add_to_team(
            actor=actor, team=team, membership=one, reason=reason, signed_in_at=signed_in_at
        ),
    )
