"""The undo handlers for memberships and teams.

Events refer to people and teams by their uuid, which an undo restores, so that several undos work
in any order: what one of them can't bring back yet, because somebody or a team is still gone, its
event keeps as `teams_missing` or `members_missing`, and the undo that brings them back adds it.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import HandOverState, RequestState
from accounts.models import (
    AuditEvent,
    Customer,
    Membership,
    ReassignedTeam,
    Team,
    TeamMembership,
    Undo,
    User,
)
from accounts.models.sealed_words import open_events
from accounts.services.teams import TeamRefused, make_team, remove_from_team
from accounts.services.undo import register_undo, superseded


def _gather(answers: Iterable[tuple[Any, Any]]) -> list[str]:
    """Return the names of what the receivers of a signal could not bring back."""
    return [name for _receiver, left_out in answers for name in left_out]


def handed_over_since_undone(event: AuditEvent, name: str) -> list[Any]:
    """Return what receivers had by a leaving before this event that was undone after it.

    `name` is the list in the data of `membership.left`. The undo took it back from whoever had it
    still; an undo of this event must not bring the rest.
    """
    undone = Undo.objects.filter(
        event__customer=event.customer_id,
        event__kind="membership.left",
        event__pk__lt=event.pk,
        undone_by__pk__gt=event.pk,
    ).select_related("event")
    events = [undo.event for undo in undone]
    open_events(events)
    return [part for event in events for part in event.data.get(name, [])]


def _later(event: AuditEvent, kind: str) -> list[AuditEvent]:
    """Return the undos of one kind in this company since the event; at most ten minutes of them."""
    later = AuditEvent.objects.filter(customer=event.customer_id, kind=kind, pk__gt=event.pk)
    return list(later.order_by("pk"))


def _rejoin(*, actor: User, team: Team, membership: Membership, event: AuditEvent) -> None:
    """Put a member back into a team, with the checks of joining it.

    The undo counts as the reason and the fresh sign-in. What the team got since the event is
    refused, because the member never had it.
    """
    with transaction.atomic():
        signals.team_member_joining.send(
            Team,
            actor=actor,
            team=team,
            membership=membership,
            reason=_("Restored by Undo"),
            signed_in_at=timezone.now(),
            conditions_checked_at=event.at,
        )
        TeamMembership.objects.get_or_create(team=team, membership=membership)


def restore_team_member(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo team.member_removed (see accounts.services.undo.UndoHandler)."""
    pair = [event.data["team_uuid"], event.data["membership"]]
    team = Team.objects.filter(uuid=pair[0], customer=customer).first()
    members = Membership.objects.present().filter(uuid=pair[1])
    membership = members.select_related("user").first()
    if pair in handed_over_since_undone(event, "reassigned_teams"):
        raise superseded(_("This team membership came from an offboarding that was undone later."))
    if team is None:
        raise superseded(_("This team no longer exists."))
    if membership is None:
        raise superseded(_("This person has left the company since then."))
    if team.team_memberships.filter(membership=membership).exists():
        raise superseded(_("This person is already back in the team."))
    _rejoin(actor=actor, team=team, membership=membership, event=event)
    data = {
        "team": team.name,
        "team_uuid": str(team.uuid),
        "membership": str(membership.uuid),
        "left_out": [],
    }
    return "team.member_brought_back", data


def restore_team(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo team.deleted: bring back the team under its old key, with those of its people who are
    still members, the invitations into it, its planned handovers, and what upper apps kept for it.
    """
    try:
        team = make_team(
            customer=customer, name=event.data["team"], key=uuid.UUID(event.data["team_uuid"])
        )
    except TeamRefused as refusal:
        raise superseded(_("Another team has this name now.")) from refusal
    taken_back = handed_over_since_undone(event, "reassigned_teams")
    members = [key for key in event.data["members"] if [str(team.uuid), key] not in taken_back]
    people = Membership.objects.present().filter(uuid__in=members, customer=customer)
    TeamMembership.objects.bulk_create(
        TeamMembership(team=team, membership=membership) for membership in people.order_by("pk")
    )
    present = {str(key) for key in people.values_list("uuid", flat=True)}
    missing = [key for key in members if key not in present]
    gone = Membership.objects.filter(uuid__in=missing).order_by("search_name", "pk")
    left_out = [_("%(person)s in the team") % {"person": membership} for membership in gone]
    left_out += _restore_promises(team, event)
    answers = signals.team_restoring.send(Team, team=team, actor=actor, event=event)
    left_out += _gather(answers)
    again, refused = _rejoin_missing(actor, team, event)
    data = {
        "team": team.name,
        "team_uuid": str(team.uuid),
        "concerned": [membership.user_id for membership in [*people, *again]],
        "left_out": left_out + refused,
        "members_missing": missing,
    }
    return "team.reinstated", data


def _restore_promises(team: Team, event: AuditEvent) -> list[str]:
    """Put the team back into open invitations and planned offboardings; name what is left out."""
    invitations = team.customer.invitations.open().filter(team=None)
    left_out = []
    for part in event.data.get("invitations", []):
        if not invitations.filter(uuid=part["invitation"]).update(team=team):
            left_out.append(_("the invitation to %(address)s") % {"address": part["address"]})
    for part in event.data.get("planned", []):
        plans = ReassignedTeam.objects.filter(
            offboarding__uuid=part["offboarding"], team=None, words=event.data["team"]
        )
        if not plans.update(team=team):
            left_out.append(f"{part['person']} → {part['receiver']}")
    return left_out


def _rejoin_missing(
    actor: User, team: Team, event: AuditEvent
) -> tuple[list[Membership], list[str]]:
    """Put back those whose own removal was undone while the team was gone.

    Returns who is in the team again, and the names of the others.
    """
    again, refused = [], []
    for undone in _later(event, "membership.reinstated"):
        if str(team.uuid) not in undone.data.get("teams_missing", []):
            continue
        membership = Membership.objects.select_related("user").get(uuid=undone.data["membership"])
        try:
            if not membership.ended_at:
                _rejoin(actor=actor, team=team, membership=membership, event=undone.undoes.event)
                again.append(membership)
                continue
        except ValidationError:
            pass
        refused.append(_("%(person)s in the team") % {"person": membership})
    return again, refused


def restore_removed_membership(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo membership.removed: reopen the same membership, with its role and work details.

    What points at it is kept. Requests and plans that ended with it stay closed, and are named as
    left out. Raises UndoRefused for somebody who has a new membership by now, because nobody has
    two (one_present_membership).
    """
    membership = Membership.objects.select_for_update(of=("self",)).select_related("user").get(
        uuid=event.data["membership"]
    )  # fmt: skip
    if membership.ends_at is not None and membership.ends_at <= timezone.now():
        raise superseded(_("This person's last day has passed. Invite them again."))
    closed = _closed_with(membership, event)
    membership.ended_at = None
    try:
        with transaction.atomic():
            membership.save()
    except IntegrityError as error:
        raise superseded(_("This person already belongs to the company again.")) from error
    left_out, teams_missing = _rejoin_teams(actor, membership, event)
    answers = signals.membership_restoring.send(
        Membership, membership=membership, actor=actor, event=event
    )
    emails.send_membership_notice(kind="reinstated", actor=actor, membership=membership)
    data = {
        "membership": str(membership.uuid),
        "left_out": left_out + _gather(answers) + closed,
        "teams_missing": teams_missing,
    }
    return "membership.reinstated", data


def _closed_with(membership: Membership, event: AuditEvent) -> list[str]:
    """Return the names of what ended with a membership for good: requests, a plan, an offer."""
    closed = [
        _("a request that stays withdrawn (%(request)s)") % {"request": access_request.phrase}
        for access_request in membership.requests.filter(
            state=RequestState.WITHDRAWN, answered_at__gte=membership.ended_at
        ).order_by("pk")
    ]  # after the end, nobody withdraws a request: these ended with the membership
    if "plan_cancelled" in event.data:
        closed.append(_("the handover plan for the last day"))
    if membership.hand_overs.filter(
        state=HandOverState.LAPSED, settled_at__gte=membership.ended_at
    ).exists():
        closed.append(_("the offer of the role of main Super User"))
    return closed


def _rejoin_teams(
    actor: User, membership: Membership, event: AuditEvent
) -> tuple[list[str], list[str]]:
    """Put somebody back into the teams they left with this event.

    Teams that an undo has brought back since, and that missed them, are among these. Returns the
    names of the teams that can't be joined, and the identities of those that are gone.
    """
    key = str(membership.uuid)
    taken_back = handed_over_since_undone(event, "reassigned_teams")
    names = {
        part["team_uuid"]: part["team"]
        for part in event.data["teams"]
        if [part["team_uuid"], key] not in taken_back
    }
    for undone in _later(event, "team.reinstated"):
        if key in undone.data.get("members_missing", []):
            names[undone.data["team_uuid"]] = undone.data["team"]
    left_out, missing = [], []
    teams = Team.objects.filter(customer=membership.customer_id).in_bulk(
        list(names), field_name="uuid"
    )
    for team_uuid, name in names.items():
        team = teams.get(uuid.UUID(team_uuid))
        try:
            if team is not None:
                _rejoin(actor=actor, team=team, membership=membership, event=event)
                continue
            missing.append(team_uuid)
        except ValidationError:
            pass
        left_out.append(name)
    return left_out, missing


def restore_leaver(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo membership.left: take back what was handed over, and reopen the membership."""
    for team_uuid, receiver in event.data.get("reassigned_teams", []):
        row = TeamMembership.objects.filter(team__uuid=team_uuid, membership__uuid=receiver).first()
        if row is not None:
            remove_from_team(
                actor=actor,
                team=row.team,
                membership=row.membership,
                kind="team.member_taken_back",
            )
    return restore_removed_membership(actor=actor, customer=customer, event=event)


def register() -> None:
    """Register the handlers above; called once at start-up."""
    register_undo("team.member_removed", restore_team_member)
    register_undo("team.deleted", restore_team)
    register_undo("membership.removed", restore_removed_membership)
    register_undo("membership.left", restore_leaver)
