"""Teams of a customer."""

import unicodedata
import uuid
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import AuditEvent, Customer, Membership, Team, TeamMembership, User
from accounts.permissions import lock_managed_customer
from accounts.services.audit import record_event
from accounts.validators import validate_plain_lines


class TeamRefused(ValidationError):
    """What was asked of a team makes no sense; the message says why."""


def _lock_for_change(actor: User, team: Team) -> tuple[Customer, Team]:
    """Customer first, then the team as it is now; the actor must be a Super User here."""
    customer = lock_managed_customer(actor, team.customer)
    present = Team.objects.select_for_update().filter(pk=team.pk).first()
    if present is None:
        raise TeamRefused(_("This team no longer exists."), code="gone")
    return customer, present


def _as_compared(name: str) -> str:
    """Names that look the same are the same: forms of a letter, case and spacing apart."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _save(team: Team) -> None:
    """Check the name and save. Raises ValidationError naming the field."""
    taken = TeamRefused({"name": _("There is already a team of this name.")}, code="taken")
    team.name = team.name.strip()
    team.clean_fields(exclude=["group"])
    others = Team.objects.filter(customer=team.customer_id).exclude(pk=team.pk)
    wanted = _as_compared(team.name)
    if any(_as_compared(name) == wanted for name in others.values_list("name", flat=True)):
        raise taken
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError as error:
        raise taken from error


@transaction.atomic
def create_team(*, actor: User, customer: Customer, name: str) -> Team:
    """A new, empty team. Raises PermissionDenied, or ValidationError for a bad or taken name."""
    customer = lock_managed_customer(actor, customer)
    team = make_team(customer=customer, name=name, key=uuid.uuid4())
    record_event(kind="team.created", actor=actor, customer=customer, team=team.name)
    return team


def make_team(*, customer: Customer, name: str, key: uuid.UUID) -> Team:
    """The rows of a team, inside the caller's transaction. Raises TeamRefused for a taken name."""
    team = Team(
        uuid=key,
        customer=customer,
        name=name,
        group=Group.objects.create(name=f"team:{key}"),
    )
    _save(team)
    return team


@transaction.atomic
def rename_team(*, actor: User, team: Team, name: str) -> Team:
    """Another name for the same team; the name it has already changes nothing.

    Raises PermissionDenied, TeamRefused, or ValidationError for a bad or taken name.
    """
    customer, team = _lock_for_change(actor, team)
    previous, team.name = team.name, name
    _save(team)
    if team.name != previous:
        record_event(
            kind="team.renamed", actor=actor, customer=customer, team=team.name, previous=previous
        )
    return team


@transaction.atomic
def delete_team(*, actor: User, team: Team) -> AuditEvent:
    """End a team, with everything that came through it; its people stay.

    What upper apps keep for the team goes in the same transaction (signals.team_ending). Out: the
    event, which says all that ended and can be undone. Raises PermissionDenied or TeamRefused.
    """
    customer, team = _lock_for_change(actor, team)
    answers: list[tuple[Any, Any]] = signals.team_ending.send(Team, actor=actor, team=team)
    ended = {key: value for _receiver, said in answers for key, value in said.items()}
    members = list(team.team_memberships.order_by("pk").values_list("membership_id", flat=True))
    promised = list(customer.invitations.open().filter(team=team).values_list("pk", flat=True))
    team.delete()
    team.group.delete()
    return record_event(
        kind="team.deleted",
        actor=actor,
        customer=customer,
        team=team.name,
        team_uuid=str(team.uuid),
        people=len(members),
        memberships=members,
        invitations=promised,
        **ended,
    )


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
    """Put a present member into a team; who is in it already stays, without an event.

    A team that holds a sensitive right is joined as such a right is given: with a reason, by an
    actor who signed in freshly (`signed_in_at`), and never by oneself. Where that care was taken
    earlier, at `conditions_checked_at`, nobody gains what the team got since. Raises
    PermissionDenied, TeamRefused, FreshSignInRequired, or what an upper app refuses
    (signals.team_member_joining).
    """
    validate_plain_lines(reason)
    customer, team = _lock_for_change(actor, team)
    present = Membership.objects.present().select_for_update()
    found = present.filter(pk=membership.pk, customer=customer).first()
    if found is None:
        raise TeamRefused(_("Only people of this company can be in its teams."))
    row = team.team_memberships.filter(membership=found).first()
    if row is not None:
        return row
    signals.team_member_joining.send(
        Team,
        actor=actor,
        team=team,
        membership=found,
        reason=reason,
        signed_in_at=signed_in_at,
        conditions_checked_at=conditions_checked_at,
    )
    row = TeamMembership.objects.create(team=team, membership=found)
    record_event(
        kind="team.member_added",
        actor=actor,
        customer=customer,
        person=found.user,
        team=team.name,
        reason=reason,
    )
    return row


@transaction.atomic
def remove_from_team(*, actor: User, team: Team, membership: Membership) -> AuditEvent | None:
    """Take a member out of a team, with everything that came through it.

    Out: the event, which can be undone; None for who is not in it, and stays out. Raises
    PermissionDenied or TeamRefused.
    """
    customer, team = _lock_for_change(actor, team)
    deleted, _rows = TeamMembership.objects.filter(team=team, membership=membership).delete()
    if not deleted:
        return None
    return record_event(
        kind="team.member_removed",
        actor=actor,
        customer=customer,
        person=membership.user,
        team=team.name,
        team_id=team.pk,
        membership_id=membership.pk,
    )
