"""The undo handlers for memberships and teams."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import RequestState
from accounts.models import AuditEvent, Customer, Membership, Team, TeamMembership, User
from accounts.services.teams import TeamRefused, make_team, remove_from_team
from accounts.services.undo import register_undo, superseded


def _gather(answers: Iterable[tuple[Any, Any]]) -> list[str]:
    """Return the names of what the receivers of a signal could not bring back."""
    return [name for _receiver, left_out in answers for name in left_out]


def _rejoin(*, actor: User, team: Team, membership: Membership, event: AuditEvent) -> None:
    """Put a member back into a team, with the checks of joining it.

    The undo counts as the reason and the fresh sign-in. What the team got since the event is
    refused, because the member never had it.
    """
    signals.team_member_joining.send(
        Team,
        actor=actor,
        team=team,
        membership=membership,
        reason=_("Put back by an undo"),
        signed_in_at=timezone.now(),
        conditions_checked_at=event.at,
    )
    TeamMembership.objects.create(team=team, membership=membership)


def restore_team_member(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo team.member_removed (see accounts.services.undo.UndoHandler)."""
    team = Team.objects.filter(pk=event.data["team_id"], customer=customer).first()
    members = Membership.objects.present().filter(pk=event.data["membership_id"])
    membership = members.select_related("user").first()
    if team is None:
        raise superseded(_("This team no longer exists."))
    if membership is None:
        raise superseded(_("This person has left since."))
    if team.team_memberships.filter(membership=membership).exists():
        raise superseded(_("This person is in the team again already."))
    _rejoin(actor=actor, team=team, membership=membership, event=event)
    data = {"team": team.name, "team_id": team.pk, "membership_id": membership.pk}
    return "team.member_brought_back", data


def restore_team(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo team.deleted: bring back the team under its old key, with those of its people who are
    still members, the invitations into it, and what upper apps kept for it.
    """
    try:
        team = make_team(
            customer=customer, name=event.data["team"], key=uuid.UUID(event.data["team_uuid"])
        )
    except TeamRefused as refusal:
        raise superseded(_("There is another team of this name now.")) from refusal
    people = Membership.objects.present().filter(
        pk__in=event.data["memberships"], customer=customer
    )
    TeamMembership.objects.bulk_create(
        TeamMembership(team=team, membership=membership) for membership in people.order_by("pk")
    )
    invitations = customer.invitations.open().filter(pk__in=event.data.get("invitations", []))
    invitations.filter(team=None).update(team=team)
    answers = signals.team_restoring.send(Team, team=team, actor=actor, event=event)
    data = {"team": team.name, "team_id": team.pk, "left_out": _gather(answers)}
    return "team.reinstated", data


def restore_removed_membership(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo membership.removed: reopen the same membership, with its role and work details.

    What points at it is kept. Requests that ended with it stay withdrawn, and are named as left
    out. Raises UndoRefused for somebody who has a new membership by now, because nobody has two
    (one_present_membership).
    """
    membership = Membership.objects.select_for_update(of=("self",)).select_related("user").get(
        pk=event.data["membership_id"]
    )  # fmt: skip
    if membership.ends_at is not None and membership.ends_at <= timezone.now():
        raise superseded(_("Their time here is over by its own date."))
    withdrawn = [
        _("a request that stays withdrawn (%(request)s)")
        % {"request": access_request.get_kind_display()}
        for access_request in membership.requests.filter(
            state=RequestState.WITHDRAWN, answered_at__gte=membership.ended_at
        ).order_by("pk")
    ]  # after the end, nobody withdraws a request: these ended with the membership
    membership.ended_at = None
    try:
        with transaction.atomic():
            membership.save()
    except IntegrityError as error:
        raise superseded(_("This person belongs to the company again already.")) from error
    left_out = []
    teams = Team.objects.filter(pk__in=event.data["teams"], customer=customer).order_by("pk")
    for team in teams:
        try:
            _rejoin(actor=actor, team=team, membership=membership, event=event)
        except ValidationError:
            left_out.append(str(team))
    answers = signals.membership_restoring.send(
        Membership, membership=membership, actor=actor, event=event
    )
    emails.send_membership_notice(kind="reinstated", actor=actor, membership=membership)
    data = {"membership_id": membership.pk, "left_out": left_out + _gather(answers) + withdrawn}
    return "membership.reinstated", data


def restore_leaver(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo membership.left: take back what was handed over, and reopen the membership."""
    for team_id, membership_id in event.data.get("reassigned_teams", []):
        row = TeamMembership.objects.filter(team=team_id, membership=membership_id).first()
        if row is not None:
            remove_from_team(actor=actor, team=row.team, membership=row.membership)
    return restore_removed_membership(actor=actor, customer=customer, event=event)


def register() -> None:
    """Register the handlers above; called once at start-up."""
    register_undo("team.member_removed", restore_team_member)
    register_undo("team.deleted", restore_team)
    register_undo("membership.removed", restore_removed_membership)
    register_undo("membership.left", restore_leaver)
