"""What a leaver holds, handed on: named in the plan, given when its moment comes."""

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
from portals.selectors.offboarding import in_words
from portals.services.grants import GrantRefused, GrantTerms, grant_at_least, terms_event_data


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
    """accounts.services.offboarding.plan_offboarding, with the rights that are handed on.

    `grants` are (the leaver's grant, who takes it over). Raises as that does, and what
    grant_privilege raises for the receiver, saying which right it is about.
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
    """plan_offboarding, only to see what it would refuse: nothing of it stays. Raises the same."""
    with dry_run():
        plan_offboarding(**plan)


def _reassign_grant(
    offboarding: Offboarding,
    grant: PersonGrant,
    receiver: Membership,
    signed_in_at: datetime | None,
) -> None:
    """One row, checked by giving the right and taking it back."""
    require_receiver(offboarding, receiver)
    privilege, resource = grant.permission.privilege, grant.content_object
    row = ReassignedGrant(
        offboarding=offboarding,
        resource=resource,
        privilege=privilege,
        receiver=receiver,
        words=in_words(grant),
    )
    try:
        with dry_run():
            _give(row, signed_in_at)
    except GrantRefused as refusal:
        if "reason" in getattr(refusal, "error_dict", {}):
            raise
        raise OffboardingRefused(f"{row.words}: {refusal.messages[0]}") from refusal
    row.save()


def grant_reassigned_access(*, offboarding: Offboarding) -> dict[str, list[Any]]:
    """Give every right of the plan to who takes it over, inside the leaving's transaction.

    What is gone, or may not be given any more, is left out. Out: `handed` and `skipped` in words,
    and `reassigned_grants`: what was made, and what it replaced, for an undo.
    """
    answer: dict[str, list[Any]] = {"reassigned": [], "skipped": [], "reassigned_grants": []}
    rows = ReassignedGrant.objects.filter(offboarding=offboarding).select_related(
        "resource__subscription__customer", "privilege__portal", "receiver__user"
    )
    for row in rows.order_by("pk"):
        words = f"{row.words} → {row.receiver}"
        try:
            with transaction.atomic():
                require_receiver(offboarding, row.receiver)
                made = _give(row, timezone.now())  # they had signed in freshly when they planned it
        except (ValidationError, PermissionDenied):
            answer["skipped"].append(words)
        else:
            answer["reassigned"].append(words)
            answer["reassigned_grants"] += [made] if made else []
    return answer


def _give(row: ReassignedGrant, signed_in_at: datetime | None) -> dict[str, Any] | None:
    """Give one right, on the leaver's terms as they are now, as the plan's author would.

    A receiver who has it as early and as long keeps what they have: None. Raises GrantRefused where
    the leaver no longer holds it, and as grant_at_least does.
    """
    if row.resource is None or row.privilege is None:
        raise GrantRefused(_("This thing no longer exists."))
    on = PersonGrant.objects.filter(content_object=row.resource, permission_id=row.privilege.pk)
    theirs = on.filter(user=row.offboarding.membership.user_id).first()
    if theirs is None or (theirs.expires_at is not None and theirs.expires_at <= timezone.now()):
        raise GrantRefused(_("This is not theirs any more."))
    before = on.filter(user=row.receiver.user_id).first()
    grant = grant_at_least(
        actor=row.offboarding.planned_by,
        grantee=row.receiver,
        privilege=row.privilege,
        resource=row.resource,
        terms=GrantTerms(
            starts_at=theirs.starts_at,
            expires_at=theirs.expires_at,
            reason=row.offboarding.reason,
        ),
        signed_in_at=signed_in_at,
    )
    if before is not None and grant.pk == before.pk:
        return None
    made = {"grant_id": grant.pk, "membership_id": row.receiver.pk}
    return made | ({"before": terms_event_data(before)} if before is not None else {})
