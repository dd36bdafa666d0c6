"""Grants that end on a date: their end is announced, and one click renews them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer, Membership, Team, User
from accounts.permissions import lock_customer, lock_managed_customer
from accounts.selectors import super_users_of
from accounts.services.audit import record_event
from portals import emails
from portals.choices import RenewalLength
from portals.models import PersonGrant, TeamGrant
from portals.selectors.grant_expiry import (
    ONE_DAY,
    announcement_due,
    of_customer,
    renewed_end,
    with_beginning,
)
from portals.services.grants import Grant, GrantRefused, GrantTerms, grant_privilege

log = structlog.get_logger(__name__)

_MODELS: tuple[type[Grant], ...] = (PersonGrant, TeamGrant)


@transaction.atomic
def renew_grant(
    *,
    actor: User,
    grant: Grant,
    length: str = RenewalLength.SAME,
    signed_in_at: datetime | None = None,
) -> Grant:
    """Replace a grant that ends with one that begins now, for the same reason.

    `length` is one of RenewalLength. Raises PermissionDenied unless the actor is a Super User of
    the customer; GrantRefused, also when the grant was renewed, changed or removed meanwhile; and
    FreshSignInRequired for a sensitive privilege.
    """
    customer = lock_managed_customer(actor, grant.content_object.subscription.customer)
    existing = (
        type(grant)
        ._default_manager.select_related("permission__privilege__portal", "content_object")
        .filter(pk=grant.pk)
        .first()
    )
    if existing is None or existing.expires_at is None:
        raise GrantRefused(
            _(
                "Someone renewed, changed or removed this permission in the meantime. "
                "Check the list again."
            ),
            code="changed",
        )
    if existing.begins_later:
        raise GrantRefused(_("This permission hasn't started yet. Change its dates instead."))
    if length not in RenewalLength.values:
        raise GrantRefused({"length": _("Choose when access ends.")})
    return grant_privilege(
        actor=actor,
        grantee=_grantee(existing, customer),
        privilege=existing.permission.privilege,
        resource=existing.content_object,
        terms=GrantTerms(expires_at=_new_end(existing, length), reason=existing.reason),
        signed_in_at=signed_in_at,
    )


def _grantee(grant: Grant, customer: Customer) -> Membership | Team:
    if isinstance(grant, TeamGrant):
        team: Team = grant.group.team
        return team
    return Membership.objects.get(user=grant.user, customer=customer, ended_at=None)


def _new_end(grant: Grant, length: str) -> datetime | None:
    now = timezone.now()
    if length == RenewalLength.WITHOUT_END:
        return None
    if length == RenewalLength.SAME:
        return renewed_end(grant, now)
    return now + timedelta(days=int(length))


def announce_expiring_grants() -> None:
    """Tell grantees, and those who can renew, of the grants whose end is to be announced by now.

    Each customer is one transaction. It reads what is due again under the customer's lock, so that
    several workers can run this at once.
    """
    now = timezone.now()
    customer_path = "content_object__subscription__customer"
    due: set[int] = set()
    for model in _MODELS:
        grants = with_beginning(model._default_manager.all()).filter(announcement_due(now))
        due |= set(grants.values_list(customer_path, flat=True))
    for pk in sorted(due):
        try:
            _announce(Customer(pk=pk), now)
        except Exception:  # the other customers are still told
            log.exception("privileges that end could not be announced", customer=pk)


@transaction.atomic
def _announce(customer: Customer, now: datetime) -> None:
    """Send each person one email with all that falls due within a day, so at most one a day."""
    customer = lock_customer(customer)
    due = [_due_in(customer, model, announcement_due(now)) for model in _MODELS]
    if not any(rows.exists() for rows in due):
        return
    grants: list[Grant] = []
    for model in _MODELS:
        batch = list(_due_in(customer, model, announcement_due(now, ahead=ONE_DAY)))
        model._default_manager.filter(pk__in=[grant.pk for grant in batch]).update(reminded_at=now)
        grants += batch
    record_event(kind="grants.announced", actor=None, customer=customer, count=len(grants))
    for recipient, parts in _recipients(customer, grants).items():
        emails.announce_endings(reader=recipient, customer=customer, **parts)


def _due_in(customer: Customer, model: type[Grant], when: Any) -> Any:
    rows = of_customer(with_beginning(model._default_manager.all()), customer.pk).filter(when)
    grantee = "user" if model is PersonGrant else "group__team"
    return rows.select_related(
        grantee, "permission__privilege__portal", "content_object__resource_type"
    ).order_by("expires_at", "pk")


def _recipients(customer: Customer, grants: Iterable[Grant]) -> dict[User, dict[str, list[Grant]]]:
    """Return user → the grants that are theirs (`held`) and those they can `renew`.

    Whoever gave a grant can renew it. Where they are no Super User any more, all Super Users are
    told instead.
    """
    live = Membership.objects.live().filter(customer=customer, user__is_active=True)
    people = {membership.user_id: membership.user for membership in live.select_related("user")}
    super_users = {membership.user_id: membership.user for membership in super_users_of(customer)}
    recipients: dict[User, dict[str, list[Grant]]] = {}
    for grant in grants:
        grantee = people.get(grant.user_id) if isinstance(grant, PersonGrant) else None
        giver = super_users.get(grant.granted_by_id)
        renewers = [giver] if giver else list(super_users.values())
        for person in renewers:
            recipients.setdefault(person, {"held": [], "renew": []})["renew"].append(grant)
        if grantee is not None and grantee not in renewers:
            recipients.setdefault(grantee, {"held": [], "renew": []})["held"].append(grant)
    return recipients
