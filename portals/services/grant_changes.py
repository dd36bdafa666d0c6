"""Many grants given and removed at once: all the changes a Super User reviewed, or none."""

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

MAX_CHANGES = 500


class ChangesRefused(GrantRefused):
    """A change that cannot be made, so none was; the message names it."""


@dataclass(frozen=True)
class AddGrant:
    """A privilege for a person or team.

    `replaces` is the key of the grant that it replaces. Where that is None, there may be no grant
    of this privilege yet.
    """

    grantee: Membership | Team
    privilege: Privilege
    resource: Resource
    terms: GrantTerms = field(default=GrantTerms())
    replaces: int | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """Its subject: two changes with one key contradict each other."""
        return (type(self.grantee), self.grantee.pk, self.privilege.pk, self.resource.pk)

    def __str__(self) -> str:
        return f"{self.grantee}, “{self.privilege}”, {self.resource}"


@dataclass(frozen=True)
class RemoveGrant:
    """The end of one grant row; a grant that replaced it meanwhile is left alone."""

    grant: Grant

    @property
    def key(self) -> tuple[Any, ...]:
        """Its subject, as for AddGrant."""
        grantee = _grantee_of(self.grant)
        return (
            type(grantee),
            grantee and grantee.pk,
            self.grant.permission_id,
            self.grant.content_object_id,
        )

    def __str__(self) -> str:
        grantee = _grantee_of(self.grant) or self.grant
        return f"{grantee}, “{self.grant.permission.privilege}”, {self.grant.content_object}"


@dataclass(frozen=True)
class JoinTeam:
    """A person joins a team and has its access from then on."""

    membership: Membership
    team: Team
    reason: str = ""

    @property
    def key(self) -> tuple[Any, ...]:
        """Its subject, as for AddGrant."""
        return (TeamMembership, self.membership.pk, self.team.pk)

    def __str__(self) -> str:
        return f"{self.membership}, {self.team}"


@dataclass(frozen=True)
class LeaveTeam:
    """A person leaves a team."""

    membership: Membership
    team: Team

    @property
    def key(self) -> tuple[Any, ...]:
        """Its subject, as for AddGrant."""
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


def outdated_review() -> ChangesRefused:
    """Return the refusal of a review whose grants were changed meanwhile."""
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
    """Make all of these changes in one customer, or none, and return the events of removals.

    Removals come first and can be undone. Each change records its own event. A sensitive privilege
    needs a reason in its terms and a fresh sign-in (`signed_in_at`). Raises PermissionDenied unless
    the actor is a Super User here; FreshSignInRequired; and ChangesRefused naming the change, with
    code "stale" where a grant is no longer as it was reviewed.
    """
    customer = lock_managed_customer(actor, customer)
    requested = list(changes)
    if not requested:
        raise ChangesRefused(_("There is nothing to change."), code="empty")
    if len(requested) > MAX_CHANGES:
        raise ChangesRefused(
            _("These are more than %(most)s changes. Please make them in several steps.")
            % {"most": MAX_CHANGES},
            code="many",
        )
    _check_customer(customer, requested)
    _check_duplicates(requested)
    removals = []
    for change in sorted(requested, key=lambda change: isinstance(change, AddGrant | JoinTeam)):
        try:
            if isinstance(change, RemoveGrant | LeaveTeam):
                removals.append(_remove(actor, change))
            else:
                _add(actor, change, signed_in_at)
        except ChangesRefused:
            raise
        except ValidationError as refusal:
            raise _refusal_of(change, refusal) from refusal
    return removals


def _check_customer(customer: Customer, changes: list[Change]) -> None:
    """Refuse a change in another customer, even where the actor is a Super User there too."""
    for change in changes:
        if isinstance(change, JoinTeam | LeaveTeam):
            owners = {change.membership.customer_id, change.team.customer_id}
        elif isinstance(change, AddGrant):
            owners = {change.grantee.customer_id, change.resource.subscription.customer_id}
        else:
            owners = {change.grant.content_object.subscription.customer_id}
        if owners != {customer.pk}:
            raise ChangesRefused(_("This is not of this company."), code="foreign")


def _check_duplicates(changes: list[Change]) -> None:
    seen: set[tuple[Any, ...]] = set()
    for change in changes:
        if change.key in seen:
            raise ChangesRefused(
                _("%(change)s: this is changed twice.") % {"change": change}, code="twice"
            )
        seen.add(change.key)


def _refusal_of(change: Change, refusal: ValidationError) -> ChangesRefused:
    """Return the same refusal, at the same field, with the change named in each message."""
    if hasattr(refusal, "error_dict"):
        return ChangesRefused(
            {
                name: [f"{change}: {message}" for message in messages]
                for name, messages in refusal.message_dict.items()
            }
        )
    return ChangesRefused([f"{change}: {message}" for message in refusal.messages])


def _remove(actor: User, change: RemoveGrant | LeaveTeam) -> AuditEvent:
    if isinstance(change, RemoveGrant):
        event = revoke_privilege(actor=actor, grant=change.grant)
    else:
        event = remove_from_team(actor=actor, team=change.team, membership=change.membership)
    if event is None:  # somebody has removed it meanwhile
        raise outdated_review()
    return event


def _add(actor: User, change: AddGrant | JoinTeam, signed_in_at: datetime | None) -> None:
    if isinstance(change, JoinTeam):
        if change.team.team_memberships.filter(membership=change.membership).exists():
            raise outdated_review()
        add_to_team(
            actor=actor,
            team=change.team,
            membership=change.membership,
            reason=change.reason,
            signed_in_at=signed_in_at,
        )
        return
    existing = existing_grant(change.grantee, change.privilege, change.resource)
    if (existing and existing.pk) != change.replaces:
        raise outdated_review()
    grant_privilege(
        actor=actor,
        grantee=change.grantee,
        privilege=change.privilege,
        resource=change.resource,
        terms=change.terms,
        signed_in_at=signed_in_at,
    )
