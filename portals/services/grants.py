"""Grants: given, replaced, revoked; only by Super Users, inside their customer."""

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
    require_fresh_sign_in,
)
from accounts.services.audit import record_event
from portals import emails
from portals.choices import SubscriptionStatus
from portals.models import OfferedGrant, PersonGrant, Privilege, Resource, TeamGrant
from portals.selectors.privileges import is_sensitive, privileges_grantable_on

# Further away, a moment may have no place in another time zone, and no way back from the database.
FIRST, LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)

Grant = PersonGrant | TeamGrant


class GrantRefused(ValidationError):
    """The grant makes no sense here; the message says why."""


@dataclass(frozen=True)
class GrantTerms:
    """Since when, until when and why; None means now, and without end."""

    starts_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str = ""

    def check(self) -> None:
        """Raise GrantRefused naming the field when the times or the text make no sense."""
        for field, moment in (("starts_at", self.starts_at), ("expires_at", self.expires_at)):
            if moment is not None and not FIRST <= moment <= LAST:
                raise GrantRefused({field: _("Choose a date between 1970 and 3000.")})
        if self.expires_at is not None and self.expires_at <= timezone.now():
            raise GrantRefused({"expires_at": _("Choose an end in the future.")})
        if self.starts_at and self.expires_at and self.starts_at >= self.expires_at:
            raise GrantRefused({"expires_at": _("The end must come after the start.")})
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
    """What holds for every grant and offer; `holders` are the user ids who would gain it.

    Raises GrantRefused naming the field, or FreshSignInRequired.
    """
    terms.check()
    if not privileges_grantable_on(resource).filter(pk=privilege.pk).exists():
        raise GrantRefused({"privilege": _("This right does not exist for this thing.")})
    if not is_sensitive(privilege):
        return
    if actor.pk in set(grantees):
        raise GrantRefused(
            {"privilege": _("Nobody gives a sensitive right to themselves. Ask a colleague.")}
        )
    if not terms.reason.strip():
        raise GrantRefused({"reason": _("This right is sensitive. Please say why it is needed.")})
    require_fresh_sign_in(signed_in_at)


def grant_row(
    grantee: Membership | Team, privilege: Privilege, resource: Resource
) -> tuple[type[Grant], dict[str, Any]]:
    """Which table, and which row of it, holds this grant."""
    key = {"permission_id": privilege.pk, "content_object": resource}
    if isinstance(grantee, Team):
        return TeamGrant, {"group": grantee.group, **key}
    return PersonGrant, {"user": grantee.user, **key}


def existing_grant(
    grantee: Membership | Team, privilege: Privilege, resource: Resource
) -> Grant | None:
    """The one grant of this privilege that this person or team has on this thing, if any."""
    model, key = grant_row(grantee, privilege, resource)
    return model._default_manager.filter(**key).first()


def grant_event_data(
    grantee: Membership | Team, privilege: Privilege, resource: Resource
) -> dict[str, Any]:
    """What the trail keeps of a grant: words for people, keys to make it again."""
    keys = {"team_id" if isinstance(grantee, Team) else "membership_id": grantee.pk}
    return {
        "grantee": str(grantee),
        "person": None if isinstance(grantee, Team) else grantee.user,
        "privilege": privilege.labels,
        "codename": privilege.codename,
        "resource": str(resource),
        "resource_id": resource.pk,
        "portal": privilege.portal.slug,
        **keys,
    }


def terms_event_data(terms: Any) -> dict[str, Any]:
    """The terms of a grant or offer as the trail keeps them; times in ISO 8601."""
    return {
        "starts_at": terms.starts_at and terms.starts_at.isoformat(),
        "expires_at": terms.expires_at and terms.expires_at.isoformat(),
        "reason": terms.reason,
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
    """Give a person or team a privilege on a resource; other terms replace the row.

    `signed_in_at` is when the actor last proved who they are. Giving the same twice changes
    nothing and leaves no second event. Raises PermissionDenied unless the actor is a Super User of
    the resource's customer; GrantRefused naming the field; FreshSignInRequired.
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
    record_event(
        kind="grant.replaced" if existing else "grant.given",
        actor=actor,
        customer=customer,
        **grant_event_data(grantee, privilege, resource),
        **terms_event_data(terms),
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
    """Give a privilege for at least these terms, and take nothing: one that is there is widened.

    Whoever has it as early and as long keeps it as it is. Raises as grant_privilege does;
    GrantRefused where what is there and these terms leave a gap that neither covers.
    """
    lock_managed_customer(actor, resource.subscription.customer)
    present = existing_grant(grantee, privilege, resource)
    now = timezone.now()
    if present is not None and (present.expires_at is None or present.expires_at > now):
        if _is_within(terms, present, now):
            return present
        terms = _widened(terms, present, now)
    return grant_privilege(
        actor=actor,
        grantee=grantee,
        privilege=privilege,
        resource=resource,
        terms=terms,
        signed_in_at=signed_in_at,
    )


def _is_within(terms: GrantTerms, grant: Grant, now: datetime) -> bool:
    if (grant.starts_at or now) > max(terms.starts_at or now, now):
        return False
    if grant.expires_at is None:
        return True
    return terms.expires_at is not None and terms.expires_at <= grant.expires_at


def _widened(terms: GrantTerms, grant: Grant, now: datetime) -> GrantTerms:
    """These terms and the grant's together. Raises GrantRefused where they do not touch."""
    first, second = sorted((terms, grant), key=lambda one: max(one.starts_at or now, now))
    if first.expires_at is not None and first.expires_at < (second.starts_at or now):
        raise GrantRefused(
            _("This right is there at another time, with a gap between. Set its dates by hand.")
        )
    ends = [one.expires_at for one in (first, second) if one.expires_at is not None]
    return GrantTerms(
        starts_at=first.starts_at,
        expires_at=max(ends) if len(ends) == 2 else None,
        reason=terms.reason or grant.reason,
    )


def current_resource(resource: Resource) -> Resource:
    """The resource, read again under the customer's lock; gone with an ended subscription.

    Raises GrantRefused.
    """
    present = Resource.objects.exclude(subscription__status=SubscriptionStatus.ENDED)
    found = present.filter(pk=resource.pk).first()
    if found is None:
        raise GrantRefused({"resource": _("This thing no longer exists.")})
    return found


def grantee_user_ids(customer: Customer, grantee: Membership | Team) -> list[int]:
    """The user ids behind a holder of this customer; GrantRefused for anyone else's."""
    if isinstance(grantee, Team):
        if grantee.customer_id != customer.pk:
            raise GrantRefused({"grantee": _("This team is not of this company.")})
        if not Team.objects.filter(pk=grantee.pk).exists():
            raise GrantRefused({"grantee": _("This team no longer exists.")})
        return list(grantee.team_memberships.values_list("membership__user_id", flat=True))
    grantee = Membership.objects.get(pk=grantee.pk)
    if grantee.customer_id != customer.pk or grantee.ended_at is not None:
        raise GrantRefused({"grantee": _("This person does not belong to this company.")})
    return [grantee.user_id]


@transaction.atomic
def revoke_privilege(*, actor: User, grant: Grant) -> AuditEvent | None:
    """Take a grant away; the very next check says no.

    Out: the event, which can be undone; None when the grant was not there any more. Raises
    PermissionDenied unless the actor is a Super User of the resource's customer.
    """
    resource = grant.content_object
    customer = lock_managed_customer(actor, resource.subscription.customer)
    deleted, _rows = type(grant)._default_manager.filter(pk=grant.pk).delete()
    if not deleted:
        return None
    grantee: Membership | Team = (
        grant.group.team
        if isinstance(grant, TeamGrant)
        else Membership.objects.get(user=grant.user, customer=customer, ended_at=None)
    )
    held: dict[str, Any] = {}
    if isinstance(grantee, Team) and is_sensitive(grant.permission.privilege):
        members = grantee.team_memberships.order_by("pk")  # nobody else gains it by an undo
        held = {"memberships": list(members.values_list("membership_id", flat=True))}
    return record_event(
        kind="grant.revoked",
        actor=actor,
        customer=customer,
        **grant_event_data(grantee, grant.permission.privilege, resource),
        **terms_event_data(grant),
        **held,
    )
