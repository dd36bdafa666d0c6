"""What a leaver holds, handed on: named in the plan, given when its moment comes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Leaving, Membership, Request, Team, User
from accounts.services import leavings
from accounts.services.leavings import LeavingRefused, rehearsal, require_receiver
from portals.models import HandedGrant, PersonGrant
from portals.selectors.leavings import in_words
from portals.services.grants import GrantRefused, Terms, described, grant_at_least


def plan_leaving(
    *,
    actor: User,
    membership: Membership,
    grants: Iterable[tuple[PersonGrant, Membership]] = (),
    teams: Iterable[tuple[Team, Membership]] = (),
    leaves_at: datetime | None = None,
    reason: str = "",
    asked: Request | None = None,
    signed_in_at: datetime | None = None,
) -> Leaving:
    """accounts.services.leavings.plan_leaving, with the rights that are handed on.

    `grants` are (the leaver's grant, who takes it over). Raises as that does, and what
    grant_privilege raises for the receiver, saying which right it is about.
    """

    def add(leaving: Leaving) -> None:
        for grant, receiver in grants:
            _hand_grant(leaving, grant, receiver, signed_in_at)

    return leavings.plan_leaving(
        actor=actor,
        membership=membership,
        leaves_at=leaves_at,
        teams=teams,
        reason=reason,
        asked=asked,
        signed_in_at=signed_in_at,
        add=add,
    )


def review_leaving(**plan: Any) -> None:
    """plan_leaving, only to see what it would refuse: nothing of it stays. Raises the same."""
    with rehearsal():
        plan_leaving(**plan)


def _hand_grant(
    leaving: Leaving, grant: PersonGrant, receiver: Membership, signed_in_at: datetime | None
) -> None:
    """One row, checked by giving the right and taking it back."""
    require_receiver(leaving, receiver)
    privilege, resource = grant.permission.privilege, grant.content_object
    row = HandedGrant(
        leaving=leaving,
        resource=resource,
        privilege=privilege,
        receiver=receiver,
        words=in_words(grant),
    )
    try:
        with rehearsal():
            _give(row, signed_in_at)
    except GrantRefused as refusal:
        if "reason" in getattr(refusal, "error_dict", {}):
            raise
        raise LeavingRefused(f"{row.words}: {refusal.messages[0]}") from refusal
    row.save()


def give_handed_grants(*, leaving: Leaving) -> dict[str, list[Any]]:
    """Give every right of the plan to who takes it over, inside the leaving's transaction.

    What is gone, or may not be given any more, is left out. Out: `handed` and `skipped` in words,
    and `handed_grants`: what was made, and what it replaced, for an undo.
    """
    answer: dict[str, list[Any]] = {"handed": [], "skipped": [], "handed_grants": []}
    rows = HandedGrant.objects.filter(leaving=leaving).select_related(
        "resource__subscription__customer", "privilege__portal", "receiver__user"
    )
    for row in rows.order_by("pk"):
        words = f"{row.words} → {row.receiver}"
        try:
            with transaction.atomic():
                require_receiver(leaving, row.receiver)
                made = _give(row, timezone.now())  # they had signed in freshly when they planned it
        except (ValidationError, PermissionDenied):
            answer["skipped"].append(words)
        else:
            answer["handed"].append(words)
            answer["handed_grants"] += [made] if made else []
    return answer


def _give(row: HandedGrant, signed_in_at: datetime | None) -> dict[str, Any] | None:
    """Give one right, on the leaver's terms as they are now, as the plan's author would.

    A receiver who has it as early and as long keeps what they have: None. Raises GrantRefused where
    the leaver no longer holds it, and as grant_at_least does.
    """
    if row.resource is None or row.privilege is None:
        raise GrantRefused(_("This thing no longer exists."))
    on = PersonGrant.objects.filter(content_object=row.resource, permission_id=row.privilege.pk)
    theirs = on.filter(user=row.leaving.membership.user_id).first()
    if theirs is None or (theirs.expires_at is not None and theirs.expires_at <= timezone.now()):
        raise GrantRefused(_("This is not theirs any more."))
    before = on.filter(user=row.receiver.user_id).first()
    grant = grant_at_least(
        actor=row.leaving.planned_by,
        holder=row.receiver,
        privilege=row.privilege,
        resource=row.resource,
        terms=Terms(
            starts_at=theirs.starts_at,
            expires_at=theirs.expires_at,
            reason=row.leaving.reason,
        ),
        signed_in_at=signed_in_at,
    )
    if before is not None and grant.pk == before.pk:
        return None
    made = {"grant_id": grant.pk, "membership_id": row.receiver.pk}
    return made | ({"before": described(before)} if before is not None else {})
