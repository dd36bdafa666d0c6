"""Teams: created, renamed, deleted; people who join and leave them."""

import unicodedata
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import signals
from accounts.choices import OffboardingState
from accounts.models import (
    AuditEvent,
    Customer,
    Membership,
    ReassignedTeam,
    Team,
    TeamMembership,
    User,
)
from accounts.permissions import lock_managed_customer
from accounts.services.audit import record_event
from accounts.services.versions import refuse_overwriting
from accounts.validators import validate_plain_lines

MAX_AT_ONCE = 50  # teams deleted together


class TeamRefused(ValidationError):
    """The team cannot be changed this way; the message says why."""


def _lock_for_change(actor: User, team: Team) -> tuple[Customer, Team]:
    """Lock the customer, then the team, for one of its Super Users."""
    customer = lock_managed_customer(actor, team.customer)
    current = Team.objects.select_for_update().filter(pk=team.pk).first()
    if current is None:
        raise TeamRefused(_("This team no longer exists."), code="gone")
    return customer, current


def _as_compared(name: str) -> str:
    """Return a name without case, spacing and forms of a letter: names that look the same."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _save(team: Team) -> None:
    """Check the name and save. Raises ValidationError naming the field."""
    taken = TeamRefused(
        {"name": _("Another team has this name. Choose another name.")}, code="taken"
    )
    team.name = team.name.strip()
    team.clean_fields(exclude=["group"])
    others = Team.objects.filter(customer=team.customer_id).exclude(pk=team.pk)
    compared = _as_compared(team.name)
    if any(_as_compared(name) == compared for name in others.values_list("name", flat=True)):
        raise taken
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:
        raise taken from error


@transaction.atomic
def create_team(*, actor: User, customer: Customer, name: str) -> Team:
    """Create an empty team. Raises PermissionDenied; ValidationError for a bad or taken name."""
    customer = lock_managed_customer(actor, customer)
    team = make_team(customer=customer, name=name, key=uuid.uuid4())
    record_event(
        kind="team.created",
        actor=actor,
        customer=customer,
        team=team.name,
        team_uuid=str(team.uuid),
    )
    return team


def make_team(*, customer: Customer, name: str, key: uuid.UUID) -> Team:
    """Write the rows of a team, in the caller's transaction. Raises TeamRefused if it is taken."""
    team = Team(
        uuid=key,
        customer=customer,
        name=name,
        group=Group.objects.create(name=f"team:{key}"),
    )
    _save(team)
    return team


@transaction.atomic
def rename_team(*, actor: User, team: Team, name: str, version: str | None = None) -> Team:
    """Rename a team; the name it already has changes nothing.

    Raises PermissionDenied; TeamRefused; ValidationError for a bad or taken name; ChangedMeanwhile
    where somebody renamed it since `version`.
    """
    customer, team = _lock_for_change(actor, team)
    refuse_overwriting(
        version,
        saved={"name": team.name},
        wanted={"name": name},
        edits=AuditEvent.objects.filter(
            customer=customer, kind="team.renamed", public__team=team.name
        ),
    )
    previous, team.name = team.name, name
    _save(team)
    if team.name != previous:
        record_event(
            kind="team.renamed",
            actor=actor,
            customer=customer,
            team=team.name,
            team_uuid=str(team.uuid),
            previous=previous,
        )
    return team


@transaction.atomic
def delete_team(*, actor: User, team: Team) -> AuditEvent:
    """Delete a team, with the access that people have through it; they stay in the company.

    Upper apps delete their rows in the same transaction (signals.team_ending). Returns the event,
    which holds all that ended and can be undone. Raises PermissionDenied or TeamRefused.
    """
    customer, team = _lock_for_change(actor, team)
    answers: list[tuple[Any, Any]] = signals.team_ending.send(Team, actor=actor, team=team)
    ended = {key: value for _receiver, data in answers for key, value in data.items()}
    members = [
        row.membership
        for row in team.team_memberships.select_related("membership").order_by("membership_id")
    ]
    invitations = customer.invitations.open().filter(team=team).order_by("pk")
    plans = ReassignedTeam.objects.filter(team=team, offboarding__state=OffboardingState.OPEN)
    ended |= {
        "invitations": [
            {"address": invitation.address, "invitation": str(invitation.uuid)}
            for invitation in invitations
        ],
        "planned": [
            {
                "offboarding": str(row.offboarding.uuid),
                "person": str(row.offboarding.membership),
                "person_sub": str(row.offboarding.membership.user.sub),
                "receiver": str(row.receiver),
                "receiver_sub": str(row.receiver.user.sub),
            }
            for row in plans.select_related(
                "offboarding__membership__user", "receiver__user"
            ).order_by("pk")
        ],
    }
    team.delete()
    team.group.delete()
    return record_event(
        kind="team.deleted",
        actor=actor,
        customer=customer,
        team=team.name,
        team_uuid=str(team.uuid),
        people=len(members),
        members=[str(membership.uuid) for membership in members],
        concerned=[membership.user_id for membership in members],
        **ended,
    )


@transaction.atomic
def delete_teams(*, actor: User, customer: Customer, teams: Iterable[Team]) -> list[AuditEvent]:
    """Delete teams of one customer: all of them, or none. Raises as delete_team."""
    customer = lock_managed_customer(actor, customer)
    chosen = sorted(teams, key=lambda team: team.pk)
    if not chosen or len(chosen) > MAX_AT_ONCE:
        raise TeamRefused(_("Select 1 to %(count)s teams.") % {"count": MAX_AT_ONCE})
    if any(team.customer_id != customer.pk for team in chosen):
        raise TeamRefused(_("Select teams of one company."))
    return [delete_team(actor=actor, team=team) for team in chosen]


@transaction.atomic
def add_to_team(
    *,
    actor: User,
    team: Team,
    membership: Membership,
    reason: str = "",
    signed_in_at: datetime | None = None,
    conditions_checked_at: datetime | None = None,
) -> TeamMembership:
    """Put a member into a team; nothing happens if they are in it already.

    To join a team that has a sensitive privilege is to get it, so the same conditions hold: a
    reason, a fresh sign-in of the actor (`signed_in_at`), and nobody adds themselves. Where these
    were met earlier, at `conditions_checked_at`, what the team got since is refused. Raises
    PermissionDenied; TeamRefused; FreshSignInRequired; whatever an upper app refuses
    (signals.team_member_joining).
    """
    validate_plain_lines(reason)
    customer, team = _lock_for_change(actor, team)
    present = Membership.objects.present().select_for_update()
    member = present.filter(pk=membership.pk, customer=customer).first()
    if member is None:
        raise TeamRefused(_("Only members of this company can join its teams."))
    row = team.team_memberships.filter(membership=member).first()
    if row is not None:
        return row
    signals.team_member_joining.send(
        Team,
        actor=actor,
        team=team,
        membership=member,
        reason=reason,
        signed_in_at=signed_in_at,
        conditions_checked_at=conditions_checked_at,
    )
    row = TeamMembership.objects.create(team=team, membership=member)
    record_event(
        kind="team.member_added",
        actor=actor,
        customer=customer,
        person=member.user,
        team=team.name,
        team_uuid=str(team.uuid),
        reason=reason,
    )
    return row


@transaction.atomic
def remove_from_team(
    *, actor: User, team: Team, membership: Membership, kind: str = "team.member_removed"
) -> AuditEvent | None:
    """Take a member out of a team; the access that they have through it ends.

    `kind` is another one where this is part of an undo. Returns the event, which can be undone;
    None for somebody who is not in the team. Raises PermissionDenied or TeamRefused.
    """
    customer, team = _lock_for_change(actor, team)
    deleted, _rows = TeamMembership.objects.filter(team=team, membership=membership).delete()
    if not deleted:
        return None
    return record_event(
        kind=kind,
        actor=actor,
        customer=customer,
        person=membership.user,
        team=team.name,
        team_uuid=str(team.uuid),
        membership=str(membership.uuid),
    )
