"""Access given, changed and removed by one press: all of it, or nothing."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Membership, Team, User
from accounts.permissions import lock_managed_customer
from accounts.selectors import activity_of
from portals.models import Privilege, Resource
from portals.selectors.grant_changes import GrantChange, fingerprint
from portals.selectors.portal_access import missing_portal_access
from portals.services.grants import (
    Grant,
    GrantRefused,
    GrantTerms,
    grant_at_least,
    grant_privilege,
    revoke_privilege,
)

MAX_GRANTS = 500  # that one press gives


class ChangeRefused(GrantRefused):
    """A change of access that cannot be made, so nothing was done."""


def outdated() -> ChangeRefused:
    """Return the refusal of a change of access that somebody changed meanwhile."""
    return ChangeRefused(
        _(
            "Someone changed this access after you opened it, so no change was made. "
            "Check it again, then change it."
        ),
        code="stale",
    )


@transaction.atomic
def apply_change(
    *, actor: User, customer: Customer, change: GrantChange, signed_in_at: datetime | None
) -> list[AuditEvent]:
    """Make a change of access and return its events, which can be undone together.

    Giving never shortens a grant; a change that replaces a row of grants does. Raises
    PermissionDenied unless the actor is a Super User here; FreshSignInRequired; GrantRefused naming
    the field; ChangeRefused, with code "stale" where the access is no longer as it was shown.
    """
    customer = lock_managed_customer(actor, customer)
    _check(customer, change)
    before = last_event(customer)
    terms = GrantTerms(change.starts_at, change.expires_at, change.reason)
    lacking = (
        missing_portal_access(customer, change.grantees, change.permissions, change.declared)
        if change.portal_access
        else {}
    )
    if change.replaces:
        _remove_others(actor, change)
    give = grant_privilege if change.replaces else grant_at_least
    for grantee in change.grantees:
        for resource, privilege in change.permissions:
            try:
                give(
                    actor=actor,
                    grantee=grantee,
                    privilege=privilege,
                    resource=resource,
                    terms=terms,
                    signed_in_at=signed_in_at,
                )
            except GrantRefused as refusal:
                raise _naming(change, grantee, privilege, resource, refusal) from refusal
        for portal in lacking.get(grantee, []):
            grant_at_least(
                actor=actor,
                grantee=grantee,
                privilege=portal.privilege,
                resource=portal.root,
                terms=terms,
                signed_in_at=signed_in_at,
            )
    return events_since(customer, before, actor)


@transaction.atomic
def remove_grants(*, actor: User, customer: Customer, grants: Iterable[Grant]) -> list[AuditEvent]:
    """Remove these grants and return the events; a grant that is gone already is passed over.

    Raises PermissionDenied unless the actor is a Super User here, and ChangeRefused for a grant of
    another company.
    """
    customer = lock_managed_customer(actor, customer)
    grants = list(grants)
    if any(grant.content_object.subscription.customer_id != customer.pk for grant in grants):
        raise _foreign()
    events = [revoke_privilege(actor=actor, grant=grant) for grant in grants]
    return [event for event in events if event is not None]


def last_event(customer: Customer) -> int:
    """Return the number of the last event, for events_since; the caller holds the lock."""
    return activity_of(customer).aggregate(last=Max("sequence"))["last"] or 0


def events_since(customer: Customer, before: int, actor: User) -> list[AuditEvent]:
    """Return what the actor has done in this transaction, which holds the customer's lock."""
    events = activity_of(customer).filter(sequence__gt=before, actor=actor)
    return list(events.order_by("sequence"))


def _check(customer: Customer, change: GrantChange) -> None:
    """Refuse a change that is about nothing, about too much, outdated, or of another company.

    The actor may be a Super User in both companies.
    """
    owners = {grantee.customer_id for grantee in change.grantees}
    owners |= {resource.subscription.customer_id for resource, _privilege in change.permissions}
    owners |= {grant.content_object.subscription.customer_id for grant in change.replaces}
    if owners - {customer.pk}:
        raise _foreign()
    if not change.grantees:
        raise ChangeRefused({"to": _("Choose a person or a team.")})
    if not change.targets:
        raise ChangeRefused({"resource": _("Choose a resource.")})
    if not change.permissions:
        raise ChangeRefused({"privilege": _("Choose at least one permission.")})
    if len(change.grantees) * len(change.permissions) > MAX_GRANTS:
        raise ChangeRefused(
            _("You can't give more than %(most)s permissions at a time. Do it in several steps.")
            % {"most": MAX_GRANTS},
            code="many",
        )
    if change.replaces:
        [grantee], [target] = change.grantees, change.targets
        if fingerprint(grantee, target.resource) != change.shown:
            raise outdated()


def _foreign() -> ChangeRefused:
    return ChangeRefused(
        _("This choice doesn't belong to this company. Choose again."), code="foreign"
    )


def _remove_others(actor: User, change: GrantChange) -> None:
    """Remove the replaced grants whose permission is not chosen any more."""
    kept = {(resource.pk, privilege.pk) for resource, privilege in change.permissions}
    for grant in change.replaces:
        if (grant.content_object_id, grant.permission_id) not in kept:
            revoke_privilege(actor=actor, grant=grant)


def _naming(
    change: GrantChange,
    grantee: Membership | Team,
    privilege: Privilege,
    resource: Resource,
    refusal: GrantRefused,
) -> GrantRefused:
    """Return the refusal with the permission named, where the change is about several."""
    if len(change.grantees) * len(change.permissions) == 1:
        return refusal
    return naming(f"{grantee}, “{privilege}”, {resource}", refusal)


def naming(name: str, refusal: ValidationError) -> ChangeRefused:
    """Return the same refusal, at the same field, with what it is about in front."""
    if hasattr(refusal, "error_dict"):
        return ChangeRefused(
            {
                field: [f"{name}: {message}" for message in messages]
                for field, messages in refusal.message_dict.items()
            }
        )
    return ChangeRefused([f"{name}: {message}" for message in refusal.messages])
