"""The same act on several people at once: on all of them, or on none."""

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
from accounts.services.confirmation_name import require_confirmation_name
from accounts.services.memberships import (
    remove_membership,
    restore_membership,
    suspend_membership,
)
from accounts.services.teams import add_to_team

MAX_AT_ONCE = 200
_ABOUT_THE_ACT = {"starts_at", "expires_at", "reason"}  # fields with one value for everybody


class BulkRefused(ValidationError):
    """Nothing was done to anybody; the message says why, and whom it concerns.

    Codes: `nobody`, `many`, `foreign`, `person`.
    """


def too_many() -> BulkRefused:
    """Return the refusal of more than MAX_AT_ONCE people."""
    return BulkRefused(
        _("Select at most %(most)s people at a time."),
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
    """Call `act`, a service for one person, for each of these people of one customer.

    All happens in one transaction under the customer's lock. Each person has their own event and
    notice, and whoever is named twice counts once. Returns the people, sorted. Raises
    PermissionDenied unless the actor is a Super User of the customer; BulkRefused; and, as it is,
    what `act` refuses about values that all share (dates, reason, sign-in).
    """
    customer = lock_managed_customer(actor, customer)
    # Always in one order, so that acts in two companies that share people can't deadlock.
    distinct = {membership.pk: membership for membership in people}
    memberships = sorted(distinct.values(), key=lambda membership: membership.user_id)
    if not memberships:
        raise BulkRefused(_("Select at least one person first."), code="nobody")
    if len(memberships) > MAX_AT_ONCE:
        raise too_many()
    if any(membership.customer_id != customer.pk for membership in memberships):
        raise BulkRefused(
            _("A selected person doesn't belong to this company. Select again."), code="foreign"
        )
    for membership in memberships:
        try:
            act(membership)
        except ValidationError as refusal:
            if hasattr(refusal, "error_dict") and refusal.error_dict.keys() <= _ABOUT_THE_ACT:
                raise
            raise BulkRefused(
                _("%(person)s: %(why)s No change was made for the others either."),
                code="person",
                params={"person": membership, "why": refusal.messages[0]},
            ) from refusal
    return memberships


@transaction.atomic
def suspend_people(
    *, actor: User, customer: Customer, people: Iterable[Membership]
) -> list[Membership]:
    """Suspend all of them. Raises as act_on_all and suspend_membership."""
    return act_on_all(
        actor=actor,
        customer=customer,
        people=people,
        act=lambda membership: suspend_membership(actor=actor, membership=membership),
    )


@transaction.atomic
def restore_people(
    *, actor: User, customer: Customer, people: Iterable[Membership]
) -> list[Membership]:
    """End the suspension of all of them. Raises as act_on_all and restore_membership."""
    return act_on_all(
        actor=actor,
        customer=customer,
        people=people,
        act=lambda membership: restore_membership(actor=actor, membership=membership),
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
    """Remove all of them from the customer, and return an event for each, which can be undone.

    The actor types the company's name and signs in freshly, so that this never happens by
    accident. Raises as act_on_all and remove_membership; ConfirmationNameRefused;
    FreshSignInRequired.
    """
    customer = lock_managed_customer(actor, customer)
    require_confirmation_name(customer, confirmation_name)
    require_fresh_sign_in(signed_in_at)
    events: list[AuditEvent] = []
    act_on_all(
        actor=actor,
        customer=customer,
        people=people,
        act=lambda membership: events.append(remove_membership(actor=actor, membership=membership)),
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
    """Put all of them into a team, where they are not in it yet. Raises as add_to_team."""
    return act_on_all(
        actor=actor,
        customer=customer,
        people=people,
        act=lambda membership: add_to_team(
            actor=actor,
            team=team,
            membership=membership,
            reason=reason,
            signed_in_at=signed_in_at,
        ),
    )
