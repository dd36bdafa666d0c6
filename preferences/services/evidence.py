"""The export of evidence about one recipient; each export is an audit event."""

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from preferences.models import Recipient
from preferences.selectors.evidence import evidence_of


@transaction.atomic
def export_evidence(*, actor: User, recipient: Recipient) -> dict[str, Any]:
    """Export the evidence of why a recipient got, or did not get, each email (R22, R36).

    Return plain data (see selectors.evidence). The person sees the export in their own history.
    Raises PermissionDenied without `preferences.view_consentrecord`.
    """
    require_staff(actor, "preferences.view_consentrecord")
    evidence = evidence_of(recipient)
    record_event(
        kind="evidence.exported",
        actor=actor,
        person=recipient.user,
        about=recipient.email,
        reader=recipient.masked,
        recipient=recipient.pk,
        count=len(evidence["consent_records"]),
    )
    return evidence
