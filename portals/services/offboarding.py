"""Grants that colleagues take over from a leaver: planned first, given when the person leaves."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AccessRequest, Membership, Offboarding, Team, User
from accounts.services import offboarding
from accounts.services.offboarding import OffboardingRefused, dry_run, require_receiver
from portals.models import PersonGrant, ReassignedGrant
from portals.selectors.losses import ended_grants, terms_event_data
from portals.selectors.offboarding import describe_grant
from portals.services.grants import GrantRefused, GrantTerms, grant_at_least


def plan_offboarding(
    *,
    actor: User,
    membership: Membership,
    grants: Iterable[tuple[PersonGrant, Membership]] = (),
    teams: Iterable[tuple[Team, Membership]] = (),
    leaves_at: datetime | None = None,
    reason: str = "",
    access_request: AccessRequest | None = None,
    signed_in_at: datetime | None = None,
) -> Offboarding:
    """Plan an offboarding (accounts.services.offboarding) with grants that colleagues take over.

    `grants` pairs each of the leaver's grants with its receiver. Raises as
    accounts.services.offboarding.plan_offboarding, and OffboardingRefused naming the grant where
    the receiver may not have it.
    """

    def add(offboarding: Offboarding) -> None:
        for grant, receiver in grants:
            _reassign_grant(offboarding, grant, receiver, signed_in_at)

    return offboarding.plan_offboarding(
        actor=actor,
        membership=membership,
        leaves_at=leaves_at,
        teams=teams,
        reason=reason,
        access_request=access_request,
        signed_in_at=signed_in_at,
        add=add,
    )


def review_offboarding(**plan: Any) -> None:
    """Raise what plan_offboarding would raise, and change nothing."""
    with dry_run():
        plan_offboarding(**plan)


def _reassign_grant(
    offboarding: Offboarding,
    grant: PersonGrant,
    receiver: Membership,
    signed_in_at: datetime | None,
) -> None:
    """Add one row to the plan, checked by a dry run of the grant."""
    require_receiver(offboarding, receiver)
    privilege, resource = grant.permission.privilege, grant.content_object
    row = ReassignedGrant(
        offboarding=offboarding,
        resource=resource,
        privilege=privilege,
        receiver=receiver,
        words=describe_grant(grant),
    )
    try:
        with dry_run():
            _grant_to_receiver(row, signed_in_at)
    except GrantRefused as refusal:
        if "reason" in getattr(refusal, "error_dict", {}):
            raise
        raise OffboardingRefused(f"{row.words}: {refusal.messages[0]}") from refusal
    row.save()


def grant_reassigned_access(*, offboarding: Offboarding) -> dict[str, list[Any]]:
    """Give every grant of the plan to its receiver, inside the offboarding's transaction.

    A grant that is gone, or can't be given any more, is skipped. Return the event data:
    `reassigned` and `skipped` are descriptions; `concerned` are the receivers; `reassigned_grants`
    says what was given and what it replaced, for an undo.
    """
    event_data: dict[str, list[Any]] = {
        "reassigned": [], "skipped": [], "concerned": [], "reassigned_grants": [],
    }  # fmt: skip
    rows = ReassignedGrant.objects.filter(offboarding=offboarding).select_related(
        "resource__subscription__customer", "privilege__portal", "receiver__user"
    )
    for row in rows.order_by("pk"):
        description = f"{row.words} → {row.receiver}"
        try:
            with transaction.atomic():
                require_receiver(offboarding, row.receiver)
                # The fresh sign-in was required when the plan was made.
                change = _grant_to_receiver(row, timezone.now())
        except (ValidationError, PermissionDenied):
            event_data["skipped"].append(description)
        else:
            event_data["reassigned"].append(description)
            event_data["concerned"].append(row.receiver.user_id)
            event_data["reassigned_grants"] += [change] if change else []
    return event_data


def _grant_to_receiver(
    row: ReassignedGrant, signed_in_at: datetime | None
) -> dict[str, Any] | None:
    """Give one grant to its receiver, on the leaver's present terms, as the plan's author.

    Return what an undo needs, or None where the receiver's own grant covers it. Raises GrantRefused
    where the leaver's grant is gone or has expired, and as grant_at_least does.
    """
    if row.resource is None or row.privilege is None:
        raise GrantRefused(_("This resource no longer exists."))
    grants = PersonGrant.objects.filter(content_object=row.resource, permission_id=row.privilege.pk)
    leavers_grant = grants.unexpired().filter(user=row.offboarding.membership.user_id).first()
    if leavers_grant is None:
        raise GrantRefused(_("This person no longer has this access. Check the page again."))
    before = grants.filter(user=row.receiver.user_id).select_related("granted_by").first()
    grant = grant_at_least(
        actor=row.offboarding.planned_by,
        grantee=row.receiver,
        privilege=row.privilege,
        resource=row.resource,
        terms=GrantTerms(
            starts_at=leavers_grant.starts_at,
            expires_at=leavers_grant.expires_at,
            reason=row.offboarding.reason,
        ),
        signed_in_at=signed_in_at,
    )
    if before is not None and grant.pk == before.pk:
        return None
    change = {
        "membership": str(row.receiver.uuid),
        "resource_id": grant.content_object_id,
        "codename": row.privilege.codename,
        "given": terms_event_data(grant),
    }
    if before is not None:
        [kept] = ended_grants(row.receiver.customer, [before])
        change["before"] = kept
    return change
