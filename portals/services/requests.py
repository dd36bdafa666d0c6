"""Rights inside a request: asked for with it, given when a Super User approves it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.choices import RequestKind
from accounts.models import AccessRequest, Customer, Membership, User
from accounts.permissions import RequestRefused
from accounts.services.requests import open_request
from portals.choices import ROOT_TYPE
from portals.decision import privileges_one_has
from portals.models import Privilege, RequestedGrant, Resource
from portals.selectors.effective_access import explain
from portals.selectors.requests import requested_privileges_in, resources_held_by, waiting_for
from portals.services.grants import GrantTerms, current_resource, grant_at_least

REASON_LENGTH = 500


@dataclass(frozen=True)
class Approval:
    """How a Super User approves: which of the rights, until when, and when they last signed in."""

    rights: frozenset[int] | None = None  # keys of RequestedGrant; None: all of them
    until_as_asked: bool = True
    expires_at: datetime | None = None  # where not as asked; None: without end
    signed_in_at: datetime | None = None


@transaction.atomic
def request_access(
    *,
    actor: User,
    customer: Customer,
    text: str = "",
    rights: Iterable[tuple[Resource, Privilege]] = (),
    expires_at: datetime | None = None,
    named: Resource | None = None,
) -> AccessRequest:
    """Ask for rights, for something in words, or both. Naming one twice is naming it once.

    `named` is the thing a portal's link spoke of: who knows its name may ask for it. A right one
    has may be asked for again when it ends soon.

    Raises like open_request; RequestRefused or GrantRefused for a right that is held, already
    asked for, or on a thing this person has nothing to do with.
    """
    wanted = list(dict.fromkeys(rights))
    if not wanted and not text.strip():
        raise RequestRefused({"text": _("Choose a right, or say in a sentence what you need.")})
    GrantTerms(expires_at=expires_at).check()

    def add(access_request: AccessRequest) -> None:
        for resource, privilege in wanted:
            _check_askable(access_request.membership, resource, privilege, named)
            RequestedGrant.objects.create(
                request=access_request,
                resource=resource,
                privilege=privilege,
                expires_at=expires_at,
            )

    return open_request(actor=actor, customer=customer, kind=RequestKind.ACCESS, text=text, add=add)


def _check_askable(
    membership: Membership, resource: Resource, privilege: Privilege, named: Resource | None
) -> None:
    resource = current_resource(resource)
    fits = privilege.resource_type_id == resource.resource_type_id
    theirs = resource.subscription.customer_id == membership.customer_id
    is_root = resource.resource_type.code == ROOT_TYPE
    known = is_root or resource == named
    known = known or resources_held_by(membership).filter(pk=resource.pk).exists()
    if not (fits and theirs and known):
        raise RequestRefused({"rights": _("This right does not exist for this thing.")})
    words = {"right": privilege, "resource": resource}
    has = privileges_one_has(membership.user, resource).filter(pk=privilege.pk).exists()
    if has and not _ends_soon(membership, resource, privilege):
        raise RequestRefused(
            {"rights": _("You already have “%(right)s” on %(resource)s.") % words}, code="held"
        )
    if waiting_for(membership).filter(resource=resource, privilege=privilege).exists():
        raise RequestRefused(
            {"rights": _("You have already asked for “%(right)s” on %(resource)s.") % words},
            code="already_asked",
        )


def _ends_soon(membership: Membership, resource: Resource, privilege: Privilege) -> bool:
    [rights] = explain(membership, [resource])
    return any(held.ends_soon for held in rights.held if held.privilege == privilege)


def give_requested_grants(
    *, actor: User, access_request: AccessRequest, how: Approval | None
) -> None:
    """Give what a request asks for, in the transaction that approves it; nothing without rows.

    Every right passes the rules of a grant; one that was given meanwhile for longer stays so.
    Raises RequestRefused when none or a foreign one is chosen, and what grant_at_least raises.
    """
    how = how or Approval()
    rows = list(
        requested_privileges_in(access_request).select_related("resource__subscription__customer")
    )
    if how.rights is not None:
        if not how.rights <= {row.pk for row in rows}:
            raise RequestRefused({"rights": _("Choose from the rights on this page.")})
        rows = [row for row in rows if row.pk in how.rights]
        if not rows:
            raise RequestRefused(
                {"rights": _("Tick at least one right, or refuse the request with a reason.")}
            )
    reason = reason_of(access_request)
    for row in rows:
        until = row.expires_at if how.until_as_asked else how.expires_at
        grant = grant_at_least(
            actor=actor,
            grantee=access_request.membership,
            privilege=row.privilege,
            resource=row.resource,
            terms=GrantTerms(expires_at=until, reason=reason),
            signed_in_at=how.signed_in_at,
        )
        row.expires_at, row.given = grant.expires_at, True
        row.save(update_fields=["expires_at", "given"])


def reason_of(access_request: AccessRequest) -> str:
    """Why a right asked for is given: what the asker wrote, and what the answer added."""
    reason = " — ".join(text for text in (access_request.text, access_request.answer) if text)
    return reason if len(reason) <= REASON_LENGTH else f"{reason[: REASON_LENGTH - 1]}…"
