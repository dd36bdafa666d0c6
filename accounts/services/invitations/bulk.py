"""Inviting many people at once: checked first, then those who can be are invited together."""

from collections.abc import Callable, Collection, Iterable, Sequence
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
from accounts.spreadsheets import addresses_in
from accounts.validators import normalise_address

MAX_AT_ONCE = 500
MAX_VALUE = 200  # characters of a cell that a report shows
GUEST_SIGN = "#EXT#"  # Microsoft writes a guest's sign-in name with it; no mail arrives there
_NOT_IN_A_LIST = {"address", "customer", "token_hash", "invited_by", "expires_at", "team"}
_EXCEPT_NAME = _NOT_IN_A_LIST | {"work_phone"}
_EXCEPT_PHONE = _NOT_IN_A_LIST | {"name"}


@dataclass(frozen=True)
class CheckedInvitee:
    """One person to invite, and whether they can be invited."""

    invitee: Invitee  # as written
    state: InviteeState
    address: str = ""
    role: str = Role.USER
    team: Team | None = None
    problem: str = ""  # why it is BAD, INACTIVE or DUPLICATE, and what to do
    column: str = ""  # of the cell that says so: what it holds, or its heading in the file
    value: str = ""  # of that cell

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
    ticked: Collection[str] = (),
) -> list[CheckedInvitee]:
    """Return for each person whether they can be invited; write nothing.

    `role` and `team` are for those whose line names none. A person whose account some line calls
    suspended, blocked or deactivated is INACTIVE, as is one whom a line names that can't be read,
    unless their address is `ticked`. Raises PermissionDenied unless the actor is a Super User of
    the customer; InvitationRefused naming `people` for none, or more than MAX_AT_ONCE.
    """
    require_super_user(actor, customer)
    if not invitees:
        raise InvitationRefused({"people": _("Enter at least one email address.")})
    if len(invitees) > MAX_AT_ONCE:
        raise InvitationRefused(
            {
                "people": _("You listed %(count)s people. Invite at most %(most)s at a time.")
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
    warnings = _warnings(parsed)
    seen: dict[str, CheckedInvitee] = {}
    checked = []
    for invitee in parsed:
        if invitee.is_valid and invitee.address in seen:
            invitee = _duplicate(invitee, seen[invitee.address])
        elif invitee.is_valid and invitee.address in member_addresses:
            invitee = replace(invitee, state=InviteeState.ALREADY_MEMBER)
        elif invitee.is_valid and invitee.address in invited_addresses:
            invitee = replace(invitee, state=InviteeState.ALREADY_INVITED)
        elif invitee.is_valid and invitee.address in warnings and invitee.address not in ticked:
            column, value, problem = warnings[invitee.address]
            invitee = replace(
                invitee, state=InviteeState.INACTIVE, column=column, value=value, problem=problem
            )
        seen.setdefault(invitee.address, invitee)
        checked.append(invitee)
    return checked


def _warnings(parsed: Sequence[CheckedInvitee]) -> dict[str, tuple[str, str, str]]:
    """Return for each address not to invite unasked the column, the value, and why."""
    warnings: dict[str, tuple[str, str, str]] = {}
    for row in parsed:
        invitee = row.invitee
        why = _("This account may be suspended, blocked or closed. Tick it to invite it.")
        for address in _addresses_of(row) if invitee.inactive else ():
            warnings[address] = (invitee.inactive_column, invitee.inactive, why)
    for row in parsed:
        for address in addresses_in(row.invitee.unreadable):
            why = _(
                "Line %(line)s also has this address and can't be read. Tick the address "
                "to invite it."
            )
            values = ("", row.invitee.unreadable, why % {"line": row.invitee.line})
            warnings.setdefault(address, values)
    return warnings


def _addresses_of(row: CheckedInvitee) -> set[str]:
    """Return the addresses that a line may mean: its own, or what its cell seems to hold."""
    text = row.invitee.address
    return {row.address} if row.is_valid else addresses_in(text) | addresses_in(_bare(text))


def _bare(text: str) -> str:
    return text.replace('"', "")


def _duplicate(invitee: CheckedInvitee, first: CheckedInvitee) -> CheckedInvitee:
    """Return a person of a list again, with the line that counts."""
    problem = ""
    if first.invitee.line is not None:
        problem = _("No action needed: line %(line)s has this address.")
        problem %= {"line": first.invitee.line}
    return replace(
        invitee,
        state=InviteeState.DUPLICATE,
        problem=problem,
        column=_("Email address") if problem else "",
        value=invitee.invitee.address if problem else "",
    )


def _parse(
    customer: Customer, invitee: Invitee, role: str, team: Team | None, teams: dict[str, Team]
) -> CheckedInvitee:
    """Check one line, without the others."""
    if invitee.unreadable:
        problem = _(
            "This line can't be read. Check its quotation marks and its number of "
            "cells. Then import it again."
        )
        return CheckedInvitee(
            invitee, InviteeState.BAD, problem=problem, value=invitee.unreadable[:MAX_VALUE]
        )
    column, value = _("Email address"), invitee.address
    try:
        if GUEST_SIGN in invitee.address.upper():
            raise ValidationError(
                _("This is the sign-in name of a guest. Enter the guest's own address.")
            )
        address = normalise_address(invitee.address)
        column, value = _("Role"), invitee.role
        role_code = role_called(invitee.role) if invitee.role else role
        if role_code not in Role.values:
            raise ValidationError(_("This role doesn't exist. Enter User or Super User."))
        column, value = _("Team"), invitee.team
        if invitee.team:
            team = teams.get(search_key(invitee.team))
            if team is None:
                raise ValidationError(
                    _("No team has this name. Create the team first, or leave this empty.")
                )
        column, value = _("Name"), invitee.name
        Invitation(customer=customer, name=value).clean_fields(exclude=_EXCEPT_NAME)
        column, value = _("Work phone"), invitee.work_phone
        Invitation(customer=customer, work_phone=value).clean_fields(exclude=_EXCEPT_PHONE)
    except ValidationError as error:
        problem = str(error.messages[0])
        if column not in (_("Role"), _("Team")):  # whose messages say it
            problem = f"{problem} {_('Correct it and check the list again.')}"
        return CheckedInvitee(
            invitee, InviteeState.BAD, problem=problem, column=column, value=value[:MAX_VALUE]
        )
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
    ticked: Collection[str] = (),
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
        actor=actor, customer=customer, invitees=invitees, role=role, team=team, ticked=ticked
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
