"""What is known of one reader, handed out as evidence; who took it stands in the trail."""

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from preferences.models import Recipient
from preferences.selectors.evidence import evidence_of


@transaction.atomic
def export_evidence(*, actor: User, recipient: Recipient) -> dict[str, Any]:
    """Everything that proves why a reader got, or did not get, what mail (R22, R36).

    Out: plain data, see selectors.evidence. A person finds the export in their own history. Raises
    PermissionDenied without `preferences.view_consentrecord`.
    """
    require_staff(actor, "preferences.view_consentrecord")
    found = evidence_of(recipient)
    record_event(
        kind="evidence.exported",
        actor=actor,
        person=recipient.user,
        reader=recipient.masked,
        recipient=recipient.pk,
        count=len(found["consent_records"]),
    )
    return found
