"""Many rights given and taken at once: what a Super User reviewed, all of it or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Membership, Team, TeamMembership, User
from accounts.permissions import lock_managed_customer
from accounts.services.teams import add_to_team, remove_from_team
from portals.models import Privilege, Resource, TeamGrant
from portals.services.grants import (
    Grant,
    GrantRefused,
    GrantTerms,
    existing_grant,
    grant_privilege,
    revoke_privilege,
)

MOST_CHANGES = 500


class ChangesRefused(GrantRefused):
    """One of the changes cannot be made, so none was; the message names it."""


@dataclass(frozen=True)
class AddGrant:
    """A privilege for a person or team; `replaces` is the key of the grant it takes the place of.

    Without `replaces` nothing may stand there yet.
    """

    grantee: Membership | Team
    privilege: Privilege
    resource: Resource
    terms: GrantTerms = field(default=GrantTerms())
    replaces: int | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is about: two changes of one key contradict each other."""
        return (type(self.grantee), self.grantee.pk, self.privilege.pk, self.resource.pk)

    def __str__(self) -> str:
        return f"{self.grantee}, “{self.privilege}”, {self.resource}"


@dataclass(frozen=True)
class RemoveGrant:
    """The end of one grant, as it was reviewed: another one in its place is left alone."""

    grant: Grant

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is about, as for Give."""
        grantee = _grantee_of(self.grant)
        where = (self.grant.permission_id, self.grant.content_object_id)
        return (type(grantee), grantee and grantee.pk, *where)

    def __str__(self) -> str:
        right = f"“{self.grant.permission.privilege}”, {self.grant.content_object}"
        return f"{_grantee_of(self.grant) or self.grant}, {right}"


@dataclass(frozen=True)
class JoinTeam:
    """A person into a team, with everything that comes through it."""

    membership: Membership
    team: Team
    reason: str = ""

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is about, as for Give."""
        return (TeamMembership, self.membership.pk, self.team.pk)

    def __str__(self) -> str:
        return f"{self.membership}, {self.team}"


@dataclass(frozen=True)
class LeaveTeam:
    """A person out of a team."""

    membership: Membership
    team: Team

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is about, as for Give."""
        return (TeamMembership, self.membership.pk, self.team.pk)

    def __str__(self) -> str:
        return f"{self.membership}, {self.team}"


Change = AddGrant | RemoveGrant | JoinTeam | LeaveTeam


def _grantee_of(grant: Grant) -> Membership | Team | None:
    if isinstance(grant, TeamGrant):
        team: Team = grant.group.team
        return team
    customer = grant.content_object.subscription.customer_id
    return Membership.objects.filter(user=grant.user, customer=customer, ended_at=None).first()


def stale() -> ChangesRefused:
    """The refusal of a review that no longer says what is there."""
    return ChangesRefused(
        _(
            "Something changed since you reviewed this, so nothing was done."
            " Please look at the changes again."
        ),
        code="stale",
    )


@transaction.atomic
def apply_changes(
    *,
    actor: User,
    customer: Customer,
    changes: Iterable[Change],
    signed_in_at: datetime | None,
) -> list[AuditEvent]:
    """Make all of these changes in one customer, or none; out: the events of what was taken.

    What is taken goes first, and can be undone. Each change leaves its own event. A sensitive
    right wants a reason in its terms and a fresh sign-in (`signed_in_at`). Raises
    PermissionDenied unless the actor is a Super User here; ChangesRefused naming the change, with
    code "stale" where a grant is not, or no longer, as it was reviewed; FreshSignInRequired.
    """
    customer = lock_managed_customer(actor, customer)
    wanted = list(changes)
    if not wanted:
        raise ChangesRefused(_("There is nothing to change."), code="empty")
    if len(wanted) > MOST_CHANGES:
        raise ChangesRefused(
            _("These are more than %(most)s changes. Please make them in several steps.")
            % {"most": MOST_CHANGES},
            code="many",
        )
    _refuse_foreign(customer, wanted)
    _refuse_twice(wanted)
    taken = []
    for change in sorted(wanted, key=lambda one: isinstance(one, AddGrant | JoinTeam)):
        try:
            if isinstance(change, RemoveGrant | LeaveTeam):
                taken.append(_take(actor, change))
            else:
                _give(actor, change, signed_in_at)
        except ChangesRefused:
            raise
        except ValidationError as refusal:
            raise _naming(change, refusal) from refusal
    return taken


def _refuse_foreign(customer: Customer, changes: list[Change]) -> None:
    """One review is about one customer, whoever else the actor is a Super User of."""
    for change in changes:
        if isinstance(change, JoinTeam | LeaveTeam):
            owners = {change.membership.customer_id, change.team.customer_id}
        elif isinstance(change, AddGrant):
            owners = {change.grantee.customer_id, change.resource.subscription.customer_id}
        else:
            owners = {change.grant.content_object.subscription.customer_id}
        if owners != {customer.pk}:
            raise ChangesRefused(_("This is not of this company."), code="foreign")


def _refuse_twice(changes: list[Change]) -> None:
    seen: set[tuple[Any, ...]] = set()
    for change in changes:
        if change.key in seen:
            raise ChangesRefused(
                _("%(change)s: this is changed twice.") % {"change": change}, code="twice"
            )
        seen.add(change.key)


def _naming(change: Change, refusal: ValidationError) -> ChangesRefused:
    """The same refusal, at the same field, saying which change it is about."""
    if hasattr(refusal, "error_dict"):
        return ChangesRefused(
            {
                name: [f"{change}: {message}" for message in messages]
                for name, messages in refusal.message_dict.items()
            }
        )
    return ChangesRefused([f"{change}: {message}" for message in refusal.messages])


def _take(actor: User, change: RemoveGrant | LeaveTeam) -> AuditEvent:
    if isinstance(change, RemoveGrant):
        event = revoke_privilege(actor=actor, grant=change.grant)
    else:
        event = remove_from_team(actor=actor, team=change.team, membership=change.membership)
    if event is None:  # nothing was there to take
        raise stale()
    return event


def _give(actor: User, change: AddGrant | JoinTeam, signed_in_at: datetime | None) -> None:
    if isinstance(change, JoinTeam):
        if change.team.team_memberships.filter(membership=change.membership).exists():
            raise stale()
        add_to_team(
            actor=actor,
            team=change.team,
            membership=change.membership,
            reason=change.reason,
            signed_in_at=signed_in_at,
        )
        return
    there = existing_grant(change.grantee, change.privilege, change.resource)
    if (there and there.pk) != change.replaces:
        raise stale()
    grant_privilege(
        actor=actor,
        grantee=change.grantee,
        privilege=change.privilege,
        resource=change.resource,
        terms=change.terms,
        signed_in_at=signed_in_at,
    )
