"""Rights that end on a date: announced before, and renewed by one press."""

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
    DAY,
    of_customer,
    renewed_end,
    to_announce,
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
    """Give a right that ends once more, from now, with the reason it had.

    A sensitive one wants what it always wants. Raises PermissionDenied unless the actor is a Super
    User of the customer; GrantRefused, also when the right was renewed, changed or taken meanwhile;
    FreshSignInRequired.
    """
    customer = lock_managed_customer(actor, grant.content_object.subscription.customer)
    present = (
        type(grant)
        ._default_manager.select_related("permission__privilege__portal", "content_object")
        .filter(pk=grant.pk)
        .first()
    )
    if present is None or present.expires_at is None:
        raise GrantRefused(
            _("Somebody has renewed, changed or taken this right meanwhile."), code="changed"
        )
    if present.starts_at is not None and present.starts_at > timezone.now():
        raise GrantRefused(_("This right has not begun yet. Give it new dates instead."))
    if length not in RenewalLength.values:
        raise GrantRefused({"length": _("Choose for how long.")})
    return grant_privilege(
        actor=actor,
        grantee=_grantee(present, customer),
        privilege=present.permission.privilege,
        resource=present.content_object,
        terms=GrantTerms(expires_at=_new_end(present, length), reason=present.reason),
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


def announce_endings() -> None:
    """What fell due by now: tell holders, and who can renew, of rights that end soon.

    One customer in one transaction, under its lock, where what is due is looked at again: several
    workers may do this at once.
    """
    now = timezone.now()
    subscription = "content_object__subscription__customer"
    due: set[int] = set()
    for model in _MODELS:
        found = with_beginning(model._default_manager.all()).filter(to_announce(now))
        due |= set(found.values_list(subscription, flat=True))
    for pk in sorted(due):
        try:
            _announce(Customer(pk=pk), now)
        except Exception:  # one that fails keeps no other waiting
            log.exception("rights that end could not be announced", customer=pk)


@transaction.atomic
def _announce(customer: Customer, now: datetime) -> None:
    """One mail to each person, with all that falls due within a day, so that there is one a day."""
    customer = lock_customer(customer)
    due = [_due_in(customer, model, to_announce(now)) for model in _MODELS]
    if not any(rows.exists() for rows in due):
        return
    grants: list[Grant] = []
    for model in _MODELS:
        gathered = list(_due_in(customer, model, to_announce(now, ahead=DAY)))
        model._default_manager.filter(pk__in=[one.pk for one in gathered]).update(reminded_at=now)
        grants += gathered
    record_event(kind="grants.announced", actor=None, customer=customer, count=len(grants))
    for reader, theirs in _readers(customer, grants).items():
        emails.announce_endings(reader=reader, customer=customer, **theirs)


def _due_in(customer: Customer, model: type[Grant], when: Any) -> Any:
    rows = of_customer(with_beginning(model._default_manager.all()), customer).filter(when)
    grantee = "user" if model is PersonGrant else "group__team"
    return rows.select_related(
        grantee, "permission__privilege__portal", "content_object__resource_type"
    ).order_by("expires_at", "pk")


def _readers(customer: Customer, grants: Iterable[Grant]) -> dict[User, dict[str, list[Grant]]]:
    """Who hears of which: `held` by themselves, or theirs to `renew`.

    Those of a team are told to whoever gave them; where that person runs the customer no longer,
    to all who do.
    """
    here = Membership.objects.live().filter(customer=customer, user__is_active=True)
    people = {one.user_id: one.user for one in here.select_related("user")}
    running = {one.user_id: one.user for one in super_users_of(customer)}
    readers: dict[User, dict[str, list[Grant]]] = {}
    for grant in grants:
        grantee = people.get(grant.user_id) if isinstance(grant, PersonGrant) else None
        giver = running.get(grant.granted_by_id)
        renewing = [giver] if giver else list(running.values())
        for person in renewing:
            readers.setdefault(person, {"held": [], "renew": []})["renew"].append(grant)
        if grantee is not None and grantee not in renewing:
            readers.setdefault(grantee, {"held": [], "renew": []})["held"].append(grant)
    return readers
