"""Inviting many people at once: checked first, then those who can be are invited together."""

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
from accounts.search import search_key
from accounts.services.invitations.parsing import Invitee, role_called
from accounts.services.invitations.sending import (
    InvitationRefused,
    make_invitation,
    refuse_over_daily_limit,
    send_first_time,
)
from accounts.validators import normalise_address

MAX_AT_ONCE = 500


@dataclass(frozen=True)
class CheckedInvitee:
    """One person to invite, and whether they can be invited."""

    invitee: Invitee  # as written
    state: InviteeState
    address: str = ""
    role: str = Role.USER
    team: Team | None = None
    problem: str = ""  # why it is BAD

    @property
    def is_valid(self) -> bool:
        """Whether the person can be invited."""
        return self.state == InviteeState.VALID


def check_invitees(
    *,
    actor: User,
    customer: Customer,
    invitees: Sequence[Invitee],
    role: str = Role.USER,
    team: Team | None = None,
) -> list[CheckedInvitee]:
    """Return for each person whether they can be invited; write nothing.

    `role` and `team` are for those whose line names none. Raises PermissionDenied unless the actor
    is a Super User of the customer; InvitationRefused naming `people` for none, or more than
    MAX_AT_ONCE.
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
    teams = {search_key(existing.name): existing for existing in customer.teams.all()}
    parsed = [_parse(customer, invitee, role, team, teams) for invitee in invitees]
    addresses = [invitee.address for invitee in parsed if invitee.is_valid]
    members = Membership.objects.present().filter(customer=customer, user__email__in=addresses)
    member_addresses = set(members.values_list("user__email", flat=True))
    invitations = customer.invitations.acceptable().filter(address__in=addresses)
    invited_addresses = set(invitations.values_list("address", flat=True))
    seen: set[str] = set()
    checked = []
    for invitee in parsed:
        state = invitee.state
        if invitee.is_valid and invitee.address in seen:
            state = InviteeState.DUPLICATE
        elif invitee.is_valid and invitee.address in member_addresses:
            state = InviteeState.ALREADY_MEMBER
        elif invitee.is_valid and invitee.address in invited_addresses:
            state = InviteeState.ALREADY_INVITED
        seen.add(invitee.address)
        checked.append(replace(invitee, state=state))
    return checked


def _parse(
    customer: Customer, invitee: Invitee, role: str, team: Team | None, teams: dict[str, Team]
) -> CheckedInvitee:
    """Check one line, without the others."""
    try:
        address = normalise_address(invitee.address)
        role_code = role_called(invitee.role) if invitee.role else role
        if role_code not in Role.values:
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
    return CheckedInvitee(
        invitee, InviteeState.VALID, address=address, role=str(role_code), team=team
    )


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
    """Invite those of these people who can be invited, in one transaction.

    They are checked again, as check_invitees does, since much may have changed. A team with a
    sensitive privilege needs what joining it needs: a reason and a fresh sign-in. `offer` adds rows
    of an upper app to all invitations. Returns each person with what became of them. Raises as
    check_invitees; InvitationRefused above MAX_A_DAY; whatever `offer` or joining a team refuses.
    """
    customer = lock_customer(customer)
    checked = check_invitees(
        actor=actor, customer=customer, invitees=invitees, role=role, team=team
    )
    valid = [invitee for invitee in checked if invitee.is_valid]
    refuse_over_daily_limit(customer, len(valid))
    teams = {invitee.team for invitee in valid if invitee.team}
    _check_teams(actor, teams, reason, signed_in_at)
    invitations = [
        make_invitation(
            actor=actor,
            customer=customer,
            address=invitee.address,
            name=invitee.invitee.name,
            role=invitee.role,
            work_phone=invitee.invitee.work_phone,
            team=invitee.team,
        )
        for invitee in valid
    ]
    if offer is not None and invitations:
        offer(invitations)
    for invitation in invitations:
        send_first_time(actor, invitation)
    return [
        replace(invitee, state=InviteeState.SENT) if invitee.is_valid else invitee
        for invitee in checked
    ]


def _check_teams(
    actor: User, teams: Iterable[Team], reason: str, signed_in_at: datetime | None
) -> None:
    """Let upper apps refuse to promise people a place in these teams."""
    for team in teams:
        signals.team_member_joining.send(
            Team,
            actor=actor,
            team=team,
            membership=None,
            reason=reason,
            signed_in_at=signed_in_at,
        )
