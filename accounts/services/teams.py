"""Teams of a customer."""

import uuid

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import signals
from accounts.models import Customer, Membership, Team, TeamMembership, User
from accounts.services.audit import record_event
from accounts.services.customers import lock_customer, require_super_user


class TeamRefused(ValidationError):
    """What was asked of a team makes no sense; the message says why."""


@transaction.atomic
def create_team(*, actor: User, customer: Customer, name: str) -> Team:
    """A new, empty team. Raises PermissionDenied, or ValidationError for a bad or taken name."""
    customer = lock_customer(customer)
    require_super_user(actor, customer)
    key = uuid.uuid4()
    team = Team(
        uuid=key,
        customer=customer,
        name=name,
        group=Group.objects.create(name=f"team:{key}"),
    )
    team.full_clean()
    team.save()
    record_event(kind="team.created", actor=actor, customer=customer, team=name)
    return team


@transaction.atomic
def add_to_team(*, actor: User, team: Team, membership: Membership) -> TeamMembership:
    """Put a present member into a team. Raises PermissionDenied or TeamRefused."""
    customer = lock_customer(team.customer)
    require_super_user(actor, customer)
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    if membership.customer_id != customer.pk or membership.ended_at is not None:
        raise TeamRefused(_("Only people of this company can be in its teams."))
    signals.team_member_joining.send(Team, actor=actor, team=team, membership=membership)
    row, created = TeamMembership.objects.get_or_create(team=team, membership=membership)
    if created:
        record_event(
            kind="team.member_added",
            actor=actor,
            customer=customer,
            person=membership.user,
            team=team.name,
        )
    return row


@transaction.atomic
def remove_from_team(*, actor: User, team: Team, membership: Membership) -> None:
    """Take a member out of a team, with everything that came through it."""
    customer = lock_customer(team.customer)
    require_super_user(actor, customer)
    deleted, _rows = TeamMembership.objects.filter(team=team, membership=membership).delete()
    if deleted:
        record_event(
            kind="team.member_removed",
            actor=actor,
            customer=customer,
            person=membership.user,
            team=team.name,
        )
