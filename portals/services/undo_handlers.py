"""Undo of removed grants: one grant, those of a deleted team, and those of a leaver."""

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
    """Give a removed grant again, from its event data, on the same resource and terms.

    The rules of every grant hold: a sensitive one needs its reason, and nobody gives one to
    themselves. The undo counts as the fresh sign-in (accounts.services.undo says why). Raises
    UndoRefused when the resource or the privilege is gone, the grant has expired, or it was given
    again meanwhile.
    """
    resource = Resource.objects.filter(
        pk=kept["resource_id"], subscription__customer=customer
    ).first()  # by key: a new resource with the old name is another row
    if resource is None:
        raise superseded(_("This resource no longer exists."))
    resource = current_resource(resource)
    privilege = Privilege.objects.filter(
        portal=resource.subscription.portal_id, codename=kept["codename"]
    ).first()
    if privilege is None:
        raise superseded(_("This right does not exist for this resource."))
    terms = GrantTerms(
        starts_at=_moment(kept["starts_at"]),
        expires_at=_moment(kept["expires_at"]),
        reason=kept["reason"],
    )
    if terms.is_expired:
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
    """Undo a grant.revoked event; see accounts.services.undo.UndoHandler."""
    grantee: Membership | Team | None
    if "team_id" in event.data:
        grantee = Team.objects.filter(pk=event.data["team_id"], customer=customer).first()
    else:
        grantee = Membership.objects.present().filter(pk=event.data["membership_id"]).first()
    if grantee is None:
        raise superseded(_("Whoever held this right is no longer here."))
    if isinstance(grantee, Team) and "memberships" in event.data:
        newcomers = grantee.team_memberships.exclude(membership__in=event.data["memberships"])
        if newcomers.exists():
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
    """Give again every grant that ended with a team or membership, and name those that fail.

    A grant that had expired by then is skipped. Registrations are grants too. Runs inside the
    undo's transaction.
    """
    failed = []
    for kept in event.data["grants"]:
        ends = _moment(kept["expires_at"])
        if ends is not None and ends <= event.at:
            continue
        try:
            restore_grant(actor=actor, customer=grantee.customer, grantee=grantee, kept=kept)
        except ValidationError:
            failed.append(kept["resource"])
    return list(dict.fromkeys(failed))


def revoke_reassigned_grants(*, actor: User, customer: Customer, event: AuditEvent) -> None:
    """Revoke the grants that colleagues got from a leaver, and restore those they replaced.

    A grant that was changed meanwhile is left alone. Runs inside the undo's transaction.
    """
    for change in event.data.get("reassigned_grants", []):
        grant = PersonGrant.objects.filter(pk=change["grant_id"]).first()
        if grant is None:
            continue
        revoke_privilege(actor=actor, grant=grant)
        if before := change.get("before"):
            restore_grant(
                actor=actor,
                customer=customer,
                grantee=Membership.objects.get(pk=change["membership_id"]),
                kept=before
                | {
                    "resource_id": grant.content_object_id,
                    "codename": grant.permission.privilege.codename,
                },
            )


def register() -> None:
    """Register the undo handlers of this app, once at start-up."""
    register_undo("grant.revoked", restore_revoked_grant)
