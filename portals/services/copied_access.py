"""Copying a colleague's own access to somebody: all that the page showed, or nothing."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Membership, User
from accounts.permissions import lock_managed_customer
from accounts.services.teams import add_to_team, remove_from_team
from portals.selectors.copied_access import copy_plan
from portals.services.grant_changes import ChangeRefused, events_since, last_event, naming, outdated
from portals.services.grants import GrantTerms, grant_privilege, revoke_privilege


@transaction.atomic
def copy_access(
    *,
    actor: User,
    membership: Membership,
    colleague: Membership,
    equal: bool,
    with_teams: bool,
    reason: str,
    shown: str,
    signed_in_at: datetime | None,
) -> list[AuditEvent]:
    """Make the changes of selectors.copied_access.copy_plan, and return their events.

    Sensitive permissions are copied only with a reason. `shown` is the fingerprint of the plan that
    the page showed. Raises PermissionDenied unless the actor is a Super User of the company;
    ChangeRefused, with code "stale" where the plan would be another one now; what giving a grant
    and joining a team refuse, with what it is about named.
    """
    customer = lock_managed_customer(actor, membership.customer)
    if colleague.customer_id != customer.pk or colleague.pk == membership.pk:
        raise ChangeRefused({"colleague": _("Choose a colleague.")}, code="foreign")
    plan = copy_plan(membership, colleague, equal=equal, with_teams=with_teams)
    if plan.fingerprint != shown:
        raise outdated()
    before = last_event(customer)
    for grant in plan.removed:
        revoke_privilege(actor=actor, grant=grant)
    for team in plan.left:
        remove_from_team(actor=actor, team=team, membership=membership)
    for grant in plan.given_with(reason):
        privilege, resource = grant.permission.privilege, grant.content_object
        try:
            grant_privilege(
                actor=actor,
                grantee=membership,
                privilege=privilege,
                resource=resource,
                terms=GrantTerms(
                    grant.starts_at if grant.begins_later else None, grant.expires_at, reason
                ),
                signed_in_at=signed_in_at,
            )
        except ValidationError as refusal:
            raise naming(f"“{privilege}”, {resource}", refusal) from refusal
    for team in plan.joined:
        try:
            add_to_team(
                actor=actor,
                team=team,
                membership=membership,
                reason=reason,
                signed_in_at=signed_in_at,
            )
        except ValidationError as refusal:
            raise naming(str(team), refusal) from refusal
    return events_since(customer, before, actor)
