"""Taking the evidence file of a breach."""

from typing import IO

from django.conf import settings
from django.db import transaction

from accounts.models import User
from compliance.models import Breach
from compliance.permissions import lock_breach
from compliance.selectors.breach_file import evidence_file
from compliance.services.breaches import record_breach


@transaction.atomic
def take_evidence(*, actor: User, breach: Breach) -> IO[bytes]:
    """Return the evidence file of a breach, open or closed, and record who took it (L30).

    Raises PermissionDenied without `compliance.change_breach`.
    """
    breach = lock_breach(actor, breach, "compliance.change_breach", to_add=True)
    made = evidence_file(breach, provider=settings.HUB_BRAND_NAME)
    record_breach("breach.evidence_made", actor, breach)
    return made
