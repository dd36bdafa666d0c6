"""Undo of grants: one given, changed or removed, those of a deleted team, those of a leaver."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Invitation, Membership, Team, Undo, User
from accounts.services.audit import record_event
from accounts.services.undo import register_undo, superseded
from accounts.services.undo_handlers import handed_over_since_undone
from portals import emails
from portals.models import PersonGrant, Privilege, Resource
from portals.selectors.losses import name_privilege, terms_event_data
from portals.selectors.privileges import is_sensitive
from portals.services.grants import (
    Grant,
    GrantTerms,
    check_privilege,
    current_resource,
    end_grant,
    existing_grant,
    grant_event_data,
    grant_row,
    grantee_user_ids,
    revoke_privilege,
)


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


@transaction.atomic
def restore_grant(
    *, actor: User, customer: Customer, grantee: Membership | Team, kept: Mapping[str, Any]
) -> Grant:
    """Give a removed grant again, from its event data, on the same resource and terms.

    It says who gave it and when, as before: the event of the undo says who brought it back. The
    rules of every grant hold: a sensitive one needs its reason, and nobody gives one to themselves.
    The undo counts as the fresh sign-in (accounts.services.undo says why). Raises
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
        raise superseded(_("This permission doesn't exist for this resource. Choose another."))
    terms = GrantTerms(
        starts_at=_moment(kept["starts_at"]),
        expires_at=_moment(kept["expires_at"]),
        reason=kept["reason"],
    )
    if terms.is_expired:
        raise superseded(_("The end date of this permission has passed."))
    model, key = grant_row(grantee, privilege, resource)
    if model._default_manager.filter(**key).exists():
        raise superseded(_("This permission was given again in the meantime."))
    grantees = grantee_user_ids(customer, grantee)
    check_privilege(
        actor=actor,
        grantees=grantees,
        privilege=privilege,
        resource=resource,
        terms=terms,
        signed_in_at=timezone.now(),
    )
    grant: Grant = model._default_manager.create(
        **key,
        granted_by=User.objects.get(sub=kept["granted_by"]),
        granted_at=datetime.fromisoformat(kept["granted_at"]),
        **asdict(terms),
    )
    if is_sensitive(privilege):
        emails.tell_about_sensitive_grant(actor, grantees, privilege, resource, terms.reason)
    return grant


def restore_revoked_grant(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo a grant.revoked event; see accounts.services.undo.UndoHandler."""
    kept = event.data
    grantee = _grantee_of(customer, kept)
    if "team_uuid" not in kept:
        change = _handed_over(event).get(_key(kept))
        if change is not None and "before" not in change:
            raise superseded(_("This access came from an offboarding that was undone later."))
        kept = kept if change is None else kept | change["before"]
    if grantee is None:
        raise superseded(_("The person or team with this permission has left the company."))
    if isinstance(grantee, Team) and "members" in event.data:
        entitled = set(event.data["members"]) | _put_back_with_privilege(event)
        if grantee.team_memberships.exclude(membership__uuid__in=entitled).exists():
            raise superseded(
                _("Others have joined this team, and this permission is sensitive. Give it again.")
            )
        # They were invited to a team without the right, so they must not join one with it.
        if Invitation.objects.open().filter(team=grantee, created_at__gt=event.at).exists():
            raise superseded(
                _(
                    "People were invited to this team, and this permission is sensitive. "
                    "Give it again."
                )
            )
    grant = restore_grant(actor=actor, customer=customer, grantee=grantee, kept=kept)
    return "grant.reinstated", _reinstated(customer, grantee, grant)


def _put_back_with_privilege(event: AuditEvent) -> set[str]:
    """Return the memberships that had a team's grant, and are back in the team by an undo.

    They were taken out of the team before the event, and after the grant was given.
    """
    undone = Undo.objects.filter(
        event__customer=event.customer_id,
        event__kind__in=["membership.removed", "membership.left", "team.member_removed"],
        event__at__gte=_moment(event.data["granted_at"]),
        event__pk__lt=event.pk,
        undone_by__pk__gt=event.pk,
    )
    return {row.event.public["membership"] for row in undone.select_related("event")}


def _reinstated(customer: Customer, grantee: Membership | Team, grant: Grant) -> dict[str, Any]:
    """Return the event data of a restored grant; a person's own event has the person already."""
    data = grant_event_data(
        grantee, grant.permission.privilege, grant.content_object
    ) | terms_event_data(grant)
    del data["person"]  # the engine takes it from the event
    if isinstance(grantee, Team):
        data["concerned"] = grantee_user_ids(customer, grantee)
    return data


def _key(part: Mapping[str, Any]) -> tuple[str, int, str]:
    return part["membership"], part["resource_id"], part["codename"]


def _handed_over(event: AuditEvent) -> dict[tuple[str, int, str], dict[str, Any]]:
    """Return the grants by a leaving before this event that was undone after it, by their key."""
    changes = handed_over_since_undone(event, "reassigned_grants")
    return {_key(change): change for change in changes}


def take_back_given_grant(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo a grant.given event; see accounts.services.undo.UndoHandler."""
    return "grant.taken_back", _ended_as_given(customer, event)[1]


def restore_replaced_grant(
    *, actor: User, customer: Customer, event: AuditEvent
) -> tuple[str, dict[str, Any]]:
    """Undo a grant.replaced event: the grant has its former terms again."""
    grantee, _ended = _ended_as_given(customer, event)
    kept = event.data | event.data["before"]
    grant = restore_grant(actor=actor, customer=customer, grantee=grantee, kept=kept)
    return "grant.reinstated", _reinstated(customer, grantee, grant)


def _ended_as_given(
    customer: Customer, event: AuditEvent
) -> tuple[Membership | Team, dict[str, Any]]:
    """End the grant that an event gave, and return whose it was and the data of its end.

    Raises UndoRefused where it was changed or removed since.
    """
    grantee = _grantee_of(customer, event.data)
    resource = Resource.objects.filter(
        pk=event.data["resource_id"], subscription__customer=customer
    ).first()
    privilege = (
        resource
        and Privilege.objects.filter(
            portal=resource.subscription.portal_id, codename=event.data["codename"]
        ).first()
    )
    grant = (
        existing_grant(grantee, privilege, resource) if grantee and privilege and resource else None
    )
    given = (_moment(event.data["starts_at"]), _moment(event.data["expires_at"]))
    if (
        grantee is None
        or grant is None
        or grant.granted_at > event.at
        or (grant.starts_at, grant.expires_at) != given
    ):
        raise superseded(_("This access was changed in the meantime."))
    ended = end_grant(customer, grant) or {}
    ended.pop("person")  # the engine takes it from the event
    return grantee, ended


def _grantee_of(customer: Customer, kept: Mapping[str, Any]) -> Membership | Team | None:
    if "team_uuid" in kept:
        return Team.objects.filter(uuid=kept["team_uuid"], customer=customer).first()
    return Membership.objects.present().filter(uuid=kept["membership"]).first()


def restore_grants(
    *, actor: User, grantee: Membership | Team, event: AuditEvent
) -> list[str]:  # fmt: skip
    """Give again every grant that ended with a team or membership, and name those that fail.

    A grant that had expired by then is skipped. Registrations are grants too. Runs inside the
    undo's transaction.
    """
    failed = []
    handed_over = {} if isinstance(grantee, Team) else _handed_over(event)
    for kept in event.data["grants"]:
        ends = _moment(kept["expires_at"])
        if ends is not None and ends <= event.at:
            continue
        change = handed_over.get(_key(kept | {"membership": event.data.get("membership")}))
        if change is not None and "before" not in change:
            continue
        terms = kept if change is None else kept | change["before"]
        try:
            restore_grant(actor=actor, customer=grantee.customer, grantee=grantee, kept=terms)
        except ValidationError:
            failed.append(name_privilege(kept))
    return list(dict.fromkeys(failed))


def take_back_reassigned_grants(
    *, actor: User, customer: Customer, event: AuditEvent
) -> list[str]:  # fmt: skip
    """Revoke the grants that colleagues got from a leaver, and restore those they replaced.

    A grant that was changed meanwhile is left alone, and named. Runs inside the undo's transaction.
    """
    left_out = []
    for change in event.data.get("reassigned_grants", []):
        membership = Membership.objects.select_related("user").get(uuid=change["membership"])
        grant = PersonGrant.objects.filter(
            user=membership.user_id,
            content_object=change["resource_id"],
            permission__privilege__codename=change["codename"],
        ).first()
        if grant is None:
            continue
        if terms_event_data(grant) != change["given"]:
            left_out.append(
                _(
                    "%(person)s keeps “%(privilege)s” on %(resource)s, which was changed in "
                    "the meantime"
                )
                % {
                    "person": membership,
                    "privilege": grant.permission.privilege,
                    "resource": grant.place,
                }
            )
            continue
        revoke_privilege(actor=actor, grant=grant, kind="grant.taken_back")
        if "before" in change:
            left_out += _restore_replaced(actor, customer, membership, change["before"])
    return left_out


def _restore_replaced(
    actor: User, customer: Customer, membership: Membership, before: Mapping[str, Any]
) -> list[str]:
    """Give a receiver their own former grant again, with an event; name it where that fails."""
    try:
        grant = restore_grant(actor=actor, customer=customer, grantee=membership, kept=before)
    except ValidationError:
        return [name_privilege({"grantee": str(membership), **before})]
    record_event(
        kind="grant.reinstated",
        actor=actor,
        customer=customer,
        person=membership.user,
        **_reinstated(customer, membership, grant),
    )
    return []


def register() -> None:
    """Register the undo handlers of this app, once at start-up."""
    register_undo("grant.revoked", restore_revoked_grant)
    register_undo("grant.given", take_back_given_grant, is_removal=False)
    register_undo("grant.replaced", restore_replaced_grant, is_removal=False)
