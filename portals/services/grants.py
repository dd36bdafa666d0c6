"""Give, replace and revoke grants. Only Super Users can, inside their customer."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Membership, Team, User
from accounts.permissions import (
    lock_managed_customer,
)
from accounts.services.audit import record_event
from portals import emails
from portals.choices import SubscriptionStatus
from portals.models import OfferedGrant, PersonGrant, Privilege, Resource, TeamGrant
from portals.permissions import GrantRefused, require_sensitive_conditions
from portals.selectors.losses import ended_grants, terms_event_data
from portals.selectors.privileges import is_sensitive, privileges_grantable_on

# Beyond these, converting to another time zone or reading from the database can overflow.
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)

Grant = PersonGrant | TeamGrant


@dataclass(frozen=True)
class GrantTerms:
    """Start, end and reason of a grant; None means from now on, and no end date."""

    starts_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str = ""

    @property
    def is_expired(self) -> bool:
        """Whether the end has come."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def check(self) -> None:
        """Raise GrantRefused naming the field where a date or the reason is not valid."""
        for field, moment in (("starts_at", self.starts_at), ("expires_at", self.expires_at)):
            if moment is not None and not EARLIEST <= moment <= LATEST:
                raise GrantRefused({field: _("Choose a date between 1970 and 3000.")})
        if self.is_expired:
            raise GrantRefused({"expires_at": _("Choose an end date in the future.")})
        if self.starts_at and self.expires_at and self.starts_at >= self.expires_at:
            raise GrantRefused({"expires_at": _("Choose an end date after the start date.")})
        try:
            OfferedGrant(**asdict(self)).clean_fields(
                exclude=["invitation", "resource", "privilege"]
            )
        except ValidationError as error:
            raise GrantRefused(error.message_dict) from error


def check_privilege(
    *,
    actor: User,
    grantees: Iterable[int],
    privilege: Privilege,
    resource: Resource,
    terms: GrantTerms,
    signed_in_at: datetime | None,
) -> None:
    """Check the privilege, the terms and the conditions that hold for every grant and offer.

    `grantees` are the keys of the users who would gain the privilege. Raises GrantRefused naming
    the field, or FreshSignInRequired.
    """
    terms.check()
    if not privileges_grantable_on(resource).filter(pk=privilege.pk).exists():
        raise GrantRefused(
            {"privilege": _("This permission doesn't exist for this resource. Choose another.")}
        )
    require_sensitive_conditions(
        actor=actor,
        grantees=grantees,
        privilege=privilege,
        reason=terms.reason,
        signed_in_at=signed_in_at,
    )


def grant_row(
    grantee: Membership | Team, privilege: Privilege, resource: Resource
) -> tuple[type[Grant], dict[str, Any]]:
    """Return the model and the unique fields of this grant's row."""
    key = {"permission_id": privilege.pk, "content_object": resource}
    if isinstance(grantee, Team):
        return TeamGrant, {"group": grantee.group, **key}
    return PersonGrant, {"user": grantee.user, **key}


def existing_grant(
    grantee: Membership | Team, privilege: Privilege, resource: Resource
) -> Grant | None:
    """Return the grant of a person or team of this privilege on a resource, expired or not."""
    model, key = grant_row(grantee, privilege, resource)
    return model._default_manager.filter(**key).first()


def grant_event_data(
    grantee: Membership | Team, privilege: Privilege, resource: Resource
) -> dict[str, Any]:
    """Return the event data of a grant: names for readers, and keys to restore it with."""
    keys = {"team_uuid" if isinstance(grantee, Team) else "membership": str(grantee.uuid)}
    return {
        "grantee": str(grantee),
        "person": None if isinstance(grantee, Team) else grantee.user,
        "privilege": privilege.labels,
        "codename": privilege.codename,
        "resource": privilege.names_of(resource),
        "resource_id": resource.pk,
        "portal": privilege.portal.labels,
        **keys,
    }


@transaction.atomic
def grant_privilege(
    *,
    actor: User,
    grantee: Membership | Team,
    privilege: Privilege,
    resource: Resource,
    terms: GrantTerms = GrantTerms(),
    signed_in_at: datetime | None = None,
) -> Grant:
    """Give a person or team a privilege on a resource; other terms replace an existing grant.

    `signed_in_at` is the actor's last sign-in. An equal grant is returned as it is, without an
    event. Raises PermissionDenied unless the actor is a Super User of the resource's customer;
    GrantRefused naming the field; FreshSignInRequired.
    """
    customer = lock_managed_customer(actor, resource.subscription.customer)
    resource = current_resource(resource)
    grantees = grantee_user_ids(customer, grantee)
    check_privilege(
        actor=actor,
        grantees=grantees,
        privilege=privilege,
        resource=resource,
        terms=terms,
        signed_in_at=signed_in_at,
    )
    model, key = grant_row(grantee, privilege, resource)
    existing = existing_grant(grantee, privilege, resource)
    if existing is not None:
        if all(getattr(existing, name) == value for name, value in asdict(terms).items()):
            return existing
        existing.delete()
    grant: Grant = model._default_manager.create(**key, granted_by=actor, **asdict(terms))
    replaced: dict[str, Any] = {"before": ended_grants(customer, [existing])[0]} if existing else {}
    record_event(
        kind="grant.replaced" if existing else "grant.given",
        actor=actor,
        customer=customer,
        concerned=grantees if isinstance(grantee, Team) else (),
        **grant_event_data(grantee, privilege, resource),
        **terms_event_data(terms),
        **replaced,
    )
    if is_sensitive(privilege):
        emails.tell_about_sensitive_grant(actor, grantees, privilege, resource, terms.reason)
    return grant


@transaction.atomic
def grant_at_least(
    *,
    actor: User,
    grantee: Membership | Team,
    privilege: Privilege,
    resource: Resource,
    terms: GrantTerms = GrantTerms(),
    signed_in_at: datetime | None = None,
) -> Grant:
    """Give a privilege for at least these terms, and never shorten an existing grant.

    A grant that begins as early and ends as late stays as it is; another one is extended. Raises as
    grant_privilege does, and GrantRefused where there is a gap between the grant and these terms.
    """
    lock_managed_customer(actor, resource.subscription.customer)
    existing = existing_grant(grantee, privilege, resource)
    now = timezone.now()
    if existing is not None and not existing.is_expired:
        if _covers(existing, terms, now):
            return existing
        terms = _extended(terms, existing, now)
    return grant_privilege(
        actor=actor,
        grantee=grantee,
        privilege=privilege,
        resource=resource,
        terms=terms,
        signed_in_at=signed_in_at,
    )


def _covers(grant: Grant, terms: GrantTerms, now: datetime) -> bool:
    if (grant.starts_at or now) > max(terms.starts_at or now, now):
        return False
    if grant.expires_at is None:
        return True
    return terms.expires_at is not None and terms.expires_at <= grant.expires_at


def _extended(terms: GrantTerms, grant: Grant, now: datetime) -> GrantTerms:
    """Return terms that cover both. Raises GrantRefused where there is a gap between them."""
    first, second = sorted((terms, grant), key=lambda part: max(part.starts_at or now, now))
    if first.expires_at is not None and first.expires_at < (second.starts_at or now):
        raise GrantRefused(
            _("This permission is already given for another period. Change its dates instead.")
        )
    ends = [part.expires_at for part in (first, second) if part.expires_at is not None]
    return GrantTerms(
        starts_at=first.starts_at,
        expires_at=max(ends) if len(ends) == 2 else None,
        reason=terms.reason or grant.reason,
    )


def current_resource(resource: Resource) -> Resource:
    """Return the resource as it is now, to be called under the customer's lock.

    Raises GrantRefused where it was deleted or its subscription has ended.
    """
    existing = Resource.objects.exclude(subscription__status=SubscriptionStatus.ENDED)
    current = existing.filter(pk=resource.pk).first()
    if current is None:
        raise GrantRefused({"resource": _("This resource no longer exists.")})
    return current


def grantee_user_ids(customer: Customer, grantee: Membership | Team) -> list[int]:
    """Return the user keys of a person or team. Raises GrantRefused for another customer's."""
    if isinstance(grantee, Team):
        if grantee.customer_id != customer.pk:
            raise GrantRefused({"grantee": _("This team doesn't belong to this company.")})
        if not Team.objects.filter(pk=grantee.pk).exists():
            raise GrantRefused({"grantee": _("This team no longer exists.")})
        return list(grantee.team_memberships.values_list("membership__user_id", flat=True))
    grantee = Membership.objects.get(pk=grantee.pk)
    if grantee.customer_id != customer.pk or grantee.ended_at is not None:
        raise GrantRefused({"grantee": _("This person doesn't belong to this company.")})
    return [grantee.user_id]


def member_uuids(team: Team) -> list[str]:
    """Return the identities of the memberships in a team."""
    rows = team.team_memberships.order_by("pk").values_list("membership__uuid", flat=True)
    return [str(key) for key in rows]


@transaction.atomic
def revoke_privilege(
    *, actor: User, grant: Grant, kind: str = "grant.revoked"
) -> AuditEvent | None:
    """Remove a grant, so that the next check says no, and return the event.

    The event can be undone; `kind` is another one where this is part of an undo. It is None where
    the grant was already gone. Raises PermissionDenied unless the actor is a Super User of the
    resource's customer.
    """
    customer = lock_managed_customer(actor, grant.content_object.subscription.customer)
    ended = end_grant(customer, grant)
    if ended is None:
        return None
    return record_event(kind=kind, actor=actor, customer=customer, **ended)


def end_grant(customer: Customer, grant: Grant) -> dict[str, Any] | None:
    """Delete a grant and return the data of its event; None where it was already gone.

    The caller holds the customer's lock, and records the event.
    """
    deleted, _rows = type(grant)._default_manager.filter(pk=grant.pk).delete()
    if not deleted:
        return None
    grantee: Membership | Team = (
        grant.group.team
        if isinstance(grant, TeamGrant)
        else Membership.objects.get(user=grant.user, customer=customer, ended_at=None)
    )
    privilege = grant.permission.privilege
    data = ended_grants(customer, [grant])[0]
    data |= grant_event_data(grantee, privilege, grant.content_object)
    if isinstance(grantee, Team):
        data["concerned"] = grantee_user_ids(customer, grantee)
        if is_sensitive(privilege):  # an undo gives it to nobody else
            data["members"] = member_uuids(grantee)
    return data
