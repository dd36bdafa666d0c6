"""Privileges inside a request: asked for with it, and given when a Super User approves it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.choices import RequestKind
from accounts.languages import in_each_language
from accounts.models import AccessRequest, Customer, User
from accounts.permissions import RequestRefused
from accounts.services.requests import open_request
from portals.models import Privilege, RequestedGrant, Resource
from portals.permissions import require_requestable
from portals.selectors.portal_access import portals_of, portals_without_access
from portals.selectors.requests import requested_privileges_in
from portals.services.grants import GrantTerms, current_resource, grant_at_least

REASON_LENGTH = 500


@dataclass(frozen=True)
class Approval:
    """A Super User's approval: which of the grants, until when, and their last sign-in."""

    privileges: frozenset[int] | None = None  # keys of RequestedGrant; None: all of them
    until_as_asked: bool = True
    expires_at: datetime | None = None  # where not as asked; None: no end date
    let_in: bool = False  # with access to the portals, where it is missing
    signed_in_at: datetime | None = None


@transaction.atomic
def request_access(
    *,
    actor: User,
    customer: Customer,
    text: str = "",
    privileges: Iterable[tuple[Resource, Privilege]] = (),
    expires_at: datetime | None = None,
    linked_resource: Resource | None = None,
) -> AccessRequest:
    """Ask for privileges, for something described in words, or for both.

    A pair that is named twice is asked for once. `linked_resource` is the one that a portal's link
    named: whoever knows its name may ask about it. Raises like open_request; RequestRefused or
    GrantRefused for a privilege that this person may not ask for (require_requestable).
    """
    privileges = list(dict.fromkeys(privileges))
    if not privileges and not text.strip():
        raise RequestRefused(
            {"text": _("Choose a permission, or describe your need in a sentence.")}
        )
    GrantTerms(expires_at=expires_at).check()

    def add(access_request: AccessRequest) -> None:
        for resource, privilege in privileges:
            require_requestable(
                access_request.membership, current_resource(resource), privilege, linked_resource
            )
            RequestedGrant.objects.create(
                request=access_request,
                resource=resource,
                privilege=privilege,
                expires_at=expires_at,
            )

    return open_request(
        actor=actor,
        customer=customer,
        kind=RequestKind.ACCESS,
        text=text,
        phrases=in_each_language(lambda: _phrase(privileges)) if privileges else {},
        add=add,
    )


def _phrase(privileges: list[tuple[Resource, Privilege]]) -> str:
    """Return the words for what is asked, in the language in use; of many, for the first."""
    first, *others = [privilege.phrase(resource) for resource, privilege in privileges]
    if len(others) == 1:
        return _("%(first)s and %(second)s") % {"first": first, "second": others[0]}
    if others:
        return _("%(first)s, and get %(count)s more permissions") % {
            "first": first,
            "count": len(others),
        }
    return first


def give_requested_grants(
    *, actor: User, access_request: AccessRequest, how: Approval | None
) -> None:
    """Give the privileges of a request, in the transaction that approves it.

    Each one passes the rules of a grant, and a longer grant that was made meanwhile stays. Raises
    RequestRefused where none, or one of another request, is chosen, or where the portal has removed
    all of the resources; and what grant_at_least raises.
    """
    how = how or Approval()
    rows = list(
        requested_privileges_in(access_request).select_related("resource__subscription__customer")
    )
    if not rows and RequestedGrant.with_removed.filter(request=access_request).exists():
        raise RequestRefused(
            _(
                "The portal has removed this resource. Refuse the request, or wait until "
                "the portal reports the resource again."
            )
        )
    if how.privileges is not None:
        if not how.privileges <= {row.pk for row in rows}:
            raise RequestRefused({"privileges": _("Choose from the permissions on this page.")})
        rows = [row for row in rows if row.pk in how.privileges]
        if not rows:
            raise RequestRefused(
                {
                    "privileges": _(
                        "Tick at least one permission, or refuse the request with a reason."
                    )
                }
            )
    reason = reason_of(access_request)
    for row in rows:
        expires_at = row.expires_at if how.until_as_asked else how.expires_at
        grant = grant_at_least(
            actor=actor,
            grantee=access_request.membership,
            privilege=row.privilege,
            resource=row.resource,
            terms=GrantTerms(expires_at=expires_at, reason=reason),
            signed_in_at=how.signed_in_at,
        )
        row.expires_at, row.given = grant.expires_at, True
        row.save(update_fields=["expires_at", "given"])
    if how.let_in:
        _give_portal_access(actor, access_request, rows, reason)


def _give_portal_access(
    actor: User, access_request: AccessRequest, rows: list[RequestedGrant], reason: str
) -> None:
    """Let the person into the portals of what was given, where nothing else does."""
    membership = access_request.membership
    portals = portals_of(access_request.customer, {row.resource.subscription_id for row in rows})
    for portal in portals_without_access([membership], portals)[membership]:
        ends = [
            row.expires_at
            for row in rows
            if row.resource.subscription_id == portal.root.subscription_id
        ]
        last = None if None in ends else max(end for end in ends if end)
        grant_at_least(
            actor=actor,
            grantee=membership,
            privilege=portal.privilege,
            resource=portal.root,
            terms=GrantTerms(expires_at=last, reason=reason),
        )


def reason_of(access_request: AccessRequest) -> str:
    """Return the reason of a request's grants: its text and answer, cut to REASON_LENGTH."""
    reason = " — ".join(text for text in (access_request.text, access_request.answer) if text)
    return reason if len(reason) <= REASON_LENGTH else f"{reason[: REASON_LENGTH - 1]}…"
