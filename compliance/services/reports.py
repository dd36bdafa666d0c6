"""Reports to regulators: needed or not, and each as it was sent."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from compliance.choices.breaches import Need
from compliance.choices.report_fields import REPORT_FIELDS
from compliance.models import Report, ReportFiling
from compliance.permissions import BreachRefused, lock_breach
from compliance.services.breaches import record_breach

WRITE = "compliance.change_breach"
RELEASE = "compliance.release_breach"


def _lock(actor: User, report: Report, permission: str, *, to_add: bool = False) -> Report:
    lock_breach(actor, report.breach, permission, to_add=to_add)
    locked = Report.objects.select_for_update(of=("self",)).select_related("breach")
    return locked.get(pk=report.pk)


@transaction.atomic
def decide_report(*, actor: User, report: Report, needed: str, why: str) -> Report:
    """Say whether a regulator has to be told, and why (L26).

    Raises PermissionDenied without `compliance.change_breach`; BreachRefused naming the field, and
    for a report that was sent.
    """
    report = _lock(actor, report, WRITE)
    if needed not in (Need.NEEDED, Need.NOT_NEEDED):
        raise BreachRefused({"needed": _("Say whether the report is needed.")})
    if not why.strip():
        raise BreachRefused({"why": _("Say why: the register needs it either way.")})
    if needed == Need.NOT_NEEDED and report.filings.exists():
        raise BreachRefused({"needed": _("This report was sent.")})
    report.needed, report.why, report.decided_by = needed, why.strip(), actor
    report.save(update_fields=["needed", "why", "decided_by"])
    record_breach("breach.report_decided", actor, report.breach)
    return report


@transaction.atomic
def file_report(
    *,
    actor: User,
    report: Report,
    contents: Mapping[str, str],
    sent_at: datetime,
    reference: str = "",
    late_reason: str = "",
) -> ReportFiling:
    """Record a report as it was sent, or a supplement; what was sent before stays (L26).

    `contents` has a text for each field of this regulator's list. A supplement may be added after
    the breach is closed. Raises PermissionDenied without `compliance.release_breach`;
    BreachRefused naming the field, and for a report that is not needed.
    """
    report = _lock(actor, report, RELEASE, to_add=True)
    if report.needed != Need.NEEDED:
        raise BreachRefused(_("Say first that this report is needed."), code="not_needed")
    last = report.filings.aggregate(last=Max("number"))["last"] or 0
    texts = {name: contents.get(name, "").strip() for name in REPORT_FIELDS[report.regulator]}
    for name, text in texts.items():
        if not text and not last:  # a supplement has what is new alone
            raise BreachRefused({name: _("This regulator asks for this.")})
    if not any(texts.values()):
        raise BreachRefused(_("A supplement needs something new."), code="empty")
    if not report.breach.aware_at <= sent_at <= timezone.now():
        raise BreachRefused({"sent_at": _("Choose a time between awareness and now.")})
    is_late = not last and report.due_at is not None and sent_at > report.due_at
    if is_late and not late_reason.strip():
        raise BreachRefused({"late_reason": _("Say why it is late.")})
    written = json.dumps(texts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    filing = ReportFiling.objects.create(
        report=report,
        number=last + 1,
        contents=texts,
        sha256=hashlib.sha256(written.encode()).hexdigest(),
        late_reason=late_reason.strip() if is_late else "",
        reference=reference.strip(),
        sent_at=sent_at,
        by=actor,
    )
    record_breach("breach.reported", actor, report.breach)
    return filing
