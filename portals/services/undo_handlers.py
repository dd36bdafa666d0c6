"""What an undo brings back of rights: one grant, a team's, a leaver's."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Membership, Team, User
from accounts.services.undo import register_undo, superseded
from portals import emails
from portals.models import PersonGrant, Privilege, Resource
from portals.selectors.privileges import is_sensitive
from portals.services.grants import (
    Grant,
    GrantTerms,
    check_privilege,
    current_resource,
    grant_event_data,
    grant_row,
    grantee_user_ids,
    revoke_privilege,
    terms_event_data,
)


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


@transaction.atomic
def restore_grant(
    *, actor: User, customer: Customer, grantee: Membership | Team, kept: Mapping[str, Any]
) -> Grant:
    """Give again what the trail keeps of a grant, on the very row it was on, on the same terms.

    It passes the rules of every grant: a sensitive one needs its reason, nobody gives one to
    themselves. The undo counts as the fresh sign-in (accounts.services.undo says why). Raises
    UndoRefused when the thing, the right or the time is over, or it was given again since.
    """
    resource = Resource.objects.filter(
        pk=kept["resource_id"], subscription__customer=customer
    ).first()  # by its own key: another thing of the same name is another row
    if resource is None:
        raise superseded(_("This thing no longer exists."))
    resource = current_resource(resource)
    privilege = Privilege.objects.filter(
        portal=resource.subscription.portal_id, codename=kept["codename"]
    ).first()
    if privilege is None:
        raise superseded(_("This right does not exist for this thing."))
    terms = GrantTerms(
        starts_at=_moment(kept["starts_at"]),
        expires_at=_moment(kept["expires_at"]),
        reason=kept["reason"],
    )
    if terms.expires_at is not None and terms.expires_at <= timezone.now():
        raise superseded(_("The time of this right is over."))
    model, key = grant_row(grantee, privilege, resource)
    if model._default_manager.filter(**key).exists():
        raise superseded(_("This right was given again since."))
    grantees = grantee_user_ids(customer, grantee)
    check_privilege(
        actor=actor,
        grantees=grantees,
        privilege=privilege,
        resource=resource,
        terms=terms,
        signed_in_at=timezone.now(),
    )
    grant: Grant = model._default_manager.create(**key, granted_by=actor, **asdict(terms))
    if is_sensitive(privilege):
        emails.tell_about_sensitive_grant(actor, grantees, privilege, resource, terms.reason)
    return grant


def restore_revoked_grant(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo of grant.revoked; see accounts.services.undo.UndoHandler."""
    grantee: Membership | Team | None
    if "team_id" in event.data:
        grantee = Team.objects.filter(pk=event.data["team_id"], customer=customer).first()
    else:
        grantee = Membership.objects.present().filter(pk=event.data["membership_id"]).first()
    if grantee is None:
        raise superseded(_("Whoever held this right is no longer here."))
    if isinstance(grantee, Team) and "memberships" in event.data:
        joined = grantee.team_memberships.exclude(membership__in=event.data["memberships"])
        if joined.exists():
            raise superseded(
                _("Others are in this team by now, and this right is sensitive. Give it anew.")
            )
    grant = restore_grant(actor=actor, customer=customer, grantee=grantee, kept=event.data)
    data = grant_event_data(
        grantee, grant.permission.privilege, grant.content_object
    ) | terms_event_data(grant)
    del data["person"]  # the engine takes it from the event
    return "grant.reinstated", data


def restore_grants(
    *, actor: User, grantee: Membership | Team, event: AuditEvent
) -> list[str]:  # fmt: skip
    """Give again every grant that ended with its team or membership; out: what could not, in words.

    One whose time was over by then was not taken, and is not missed. Registrations are grants too.
    Runs inside the undo's transaction.
    """
    left_out = []
    for kept in event.data["grants"]:
        ends = _moment(kept["expires_at"])
        if ends is not None and ends <= event.at:
            continue  # it was over before, and nobody misses it
        try:
            restore_grant(actor=actor, customer=grantee.customer, grantee=grantee, kept=kept)
        except ValidationError:
            left_out.append(kept["resource"])
    return list(dict.fromkeys(left_out))


def revoke_reassigned_grants(*, actor: User, customer: Customer, event: AuditEvent) -> None:
    """Take away what a leaving handed on, where it is still that very grant; what it had replaced
    comes back. Runs inside the undo's transaction.
    """
    for made in event.data.get("reassigned_grants", []):
        grant = PersonGrant.objects.filter(pk=made["grant_id"]).first()
        if grant is None:
            continue
        revoke_privilege(actor=actor, grant=grant)
        if before := made.get("before"):
            restore_grant(
                actor=actor,
                customer=customer,
                grantee=Membership.objects.get(pk=made["membership_id"]),
                kept=before
                | {
                    "resource_id": grant.content_object_id,
                    "codename": grant.permission.privilege.codename,
                },
            )


def register() -> None:
    """Make the removals of this app undoable; called once at start-up."""
    register_undo("grant.revoked", restore_revoked_grant)
