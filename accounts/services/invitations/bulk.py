"""Inviting many at once: examined first, then those that can be are invited together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import signals
from accounts.choices import InviteeState, Role
from accounts.models import Customer, Invitation, Membership, Team, User
from accounts.permissions import lock_customer, require_super_user
from accounts.services.invitations.parsing import Invitee, role_called
from accounts.services.invitations.sending import (
    InvitationRefused,
    make_invitation,
    refuse_over_daily_limit,
    send_first_time,
)
from accounts.validators import normalise_address, search_key

MAX_AT_ONCE = 500


@dataclass(frozen=True)
class CheckedInvitee:
    """One person to invite and what stands in the way, if anything."""

    invitee: Invitee  # as written
    state: InviteeState
    address: str = ""
    role: str = Role.USER
    team: Team | None = None
    problem: str = ""  # why it cannot be read

    @property
    def is_valid(self) -> bool:
        """Whether it can be invited."""
        return self.state == InviteeState.VALID


def check_invitees(
    *,
    actor: User,
    customer: Customer,
    invitees: Sequence[Invitee],
    role: str = Role.USER,
    team: Team | None = None,
) -> list[CheckedInvitee]:
    """What inviting these people would do, one by one; nothing is written.

    `role` and `team` are for those whose line names none. Raises PermissionDenied unless the actor
    is a Super User here; InvitationRefused naming `people` for none or more than MAX_AT_ONCE.
    """
    require_super_user(actor, customer)
    if not invitees:
        raise InvitationRefused({"people": _("Write at least one e-mail address.")})
    if len(invitees) > MAX_AT_ONCE:
        raise InvitationRefused(
            {
                "people": _("These are %(count)s people. Invite at most %(most)s at once.")
                % {"count": len(invitees), "most": MAX_AT_ONCE}
            }
        )
    teams = {search_key(one.name): one for one in customer.teams.all()}
    read = [_read(customer, one, role, team, teams) for one in invitees]
    addresses = [one.address for one in read if one.is_valid]
    present = Membership.objects.present().filter(customer=customer, user__email__in=addresses)
    here = set(present.values_list("user__email", flat=True))
    waiting = customer.invitations.open().filter(address__in=addresses)
    invited = set(waiting.values_list("address", flat=True))
    seen: set[str] = set()
    found = []
    for one in read:
        if one.is_valid and one.address in seen:
            one = replace(one, state=InviteeState.DUPLICATE)
        elif one.is_valid and one.address in here:
            one = replace(one, state=InviteeState.ALREADY_MEMBER)
        elif one.is_valid and one.address in invited:
            one = replace(one, state=InviteeState.ALREADY_INVITED)
        seen.add(one.address)
        found.append(one)
    return found


def _read(
    customer: Customer, invitee: Invitee, role: str, team: Team | None, teams: dict[str, Team]
) -> CheckedInvitee:
    """One line on its own: can it be read?"""
    try:
        address = normalise_address(invitee.address)
        named = role_called(invitee.role) if invitee.role else role
        if named not in Role.values:
            raise ValidationError(_("There is no such role. Write User or Super User."))
        if invitee.team:
            team = teams.get(search_key(invitee.team))
            if team is None:
                raise ValidationError(_("There is no team of this name."))
        Invitation(
            customer=customer, name=invitee.name, work_phone=invitee.work_phone
        ).clean_fields(
            exclude=["address", "customer", "token_hash", "invited_by", "expires_at", "team"]
        )
    except ValidationError as error:
        return CheckedInvitee(invitee, InviteeState.BAD, problem=str(error.messages[0]))
    return CheckedInvitee(invitee, InviteeState.VALID, address=address, role=str(named), team=team)


@transaction.atomic
def invite_people(
    *,
    actor: User,
    customer: Customer,
    invitees: Sequence[Invitee],
    role: str = Role.USER,
    team: Team | None = None,
    reason: str = "",
    signed_in_at: datetime | None = None,
    offer: Callable[[list[Invitation]], None] | None = None,
) -> list[CheckedInvitee]:
    """Invite whom of these people one can, in one transaction; the others get no mail.

    All are examined again, as check_invitees does, since things may have changed. A team with a
    sensitive right is offered as it is joined: with a reason and a fresh sign-in. `offer` adds rows
    of an upper app to all invitations. Out: what became of each. Raises as check_invitees;
    InvitationRefused above MAX_A_DAY; what `offer` or joining a team refuses.
    """
    customer = lock_customer(customer)
    examined = check_invitees(
        actor=actor, customer=customer, invitees=invitees, role=role, team=team
    )
    valid = [one for one in examined if one.is_valid]
    refuse_over_daily_limit(customer, len(valid))
    _check_teams(actor, {one.team for one in valid if one.team}, reason, signed_in_at)
    made = [
        make_invitation(
            actor=actor,
            customer=customer,
            address=one.address,
            name=one.invitee.name,
            role=one.role,
            work_phone=one.invitee.work_phone,
            team=one.team,
        )
        for one in valid
    ]
    if offer is not None and made:
        offer(made)
    for invitation in made:
        send_first_time(actor, invitation)
    return [replace(one, state=InviteeState.SENT) if one.is_valid else one for one in examined]


def _check_teams(
    actor: User, teams: Iterable[Team], reason: str, signed_in_at: datetime | None
) -> None:
    """Whether people may be promised a place in these teams; upper apps may refuse."""
    for team in teams:
        signals.team_member_joining.send(
            Team,
            actor=actor,
            team=team,
            membership=None,
            reason=reason,
            signed_in_at=signed_in_at,
        )
