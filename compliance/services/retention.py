"""The daily run of the retention rules: what staff let run, deleted in batches, with a record."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, SubjectKey, User
from accounts.permissions import require_staff
from accounts.selectors import staff_with
from accounts.services.audit import record_event
from compliance.emails import send_retention_alarm
from compliance.models import (
    Acceptance,
    Closing,
    DataNote,
    Download,
    PrivacyRequest,
    RetentionApproval,
    RetentionRun,
)
from compliance.registry.retention import RULES, RetentionRule
from compliance.selectors.retention import approval_of, is_late, latest_run, old_rows
from compliance.services.legal_holds import keep_holds_still
from preferences.models import (
    Candidate,
    ConsentRecord,
    DeliveryDecision,
    DeliveryEvent,
    DeliveryProbe,
    Escalation,
    Message,
)

EVERY = timedelta(hours=20)  # so that a run of each day is not pushed to the next one
BATCH = 2000  # rows of one run; the next day goes on

log = structlog.get_logger(__name__)


@transaction.atomic
def approve_rule(*, actor: User, rule: str, found: int) -> RetentionApproval:
    """Let a rule run, by somebody who saw how many rows it would delete.

    Raises PermissionDenied, and ValidationError for an unknown rule, and where the number has grown
    since the page was shown.
    """
    require_staff(actor, "compliance.add_retentionapproval")
    known = {each.code: each for each in RULES}
    if rule not in known:
        raise ValidationError(_("There is no such rule."), code="unknown")
    rows, _held = old_rows(known[rule])
    now = rows.count()
    if now > found:
        raise ValidationError(
            _("The rule would delete %(n)s rows now. Look at the number again.") % {"n": now},
            code="grown",
        )
    approval = RetentionApproval.objects.create(
        rule=rule, days=known[rule].days, found=now, by=actor
    )
    record_event(kind="retention.approved", actor=actor, rule=rule, count=now)
    return approval


def run_retention() -> int:
    """Run each rule that may run and has not run today; alarm staff of one that does not.

    Return how many ran. The failure of one is recorded, and stops no other.
    """
    ran = 0
    for rule in RULES:
        try:
            ran += run_rule(actor=None, rule=rule)
        except Exception as error:
            log.error("a retention rule failed", rule=rule.code, error=type(error).__name__)
            RetentionRun.objects.create(rule=rule.code, error=type(error).__name__)
    alarm_of_late_rules(actor=None)
    return ran


@transaction.atomic
def run_rule(*, actor: None, rule: RetentionRule) -> bool:
    """Delete a batch of what is too old, and record the run. Return whether it ran.

    Two workers that come at once wait for each other; the second finds the first's run.
    """
    approval = approval_of(rule)
    if approval is None or approval.days > rule.days:
        return False
    RetentionApproval.objects.select_for_update().get(pk=approval.pk)
    run = latest_run(rule)
    if run is not None and run.started_at > timezone.now() - EVERY:
        return False
    keep_holds_still()
    rows, held = old_rows(rule)
    found, kept = rows.count(), held.count()
    keys = list(rows.values_list("pk", flat=True)[:BATCH])
    _DELETE[rule.code](keys)
    RetentionRun.objects.create(rule=rule.code, found=found + kept, deleted=len(keys), held=kept)
    return True


@transaction.atomic
def alarm_of_late_rules(*, actor: None) -> list[str]:
    """Tell staff once of rules that have not run for two days. Return their codes."""
    late = []
    for rule in RULES:
        if not is_late(rule):
            continue
        good = latest_run(rule, good=True)
        told = AuditEvent.objects.filter(kind="retention.late", public__rule=rule.code)
        if good is not None:
            told = told.filter(at__gt=good.started_at)
        if not told.exists():
            late.append(rule)
    for rule in late:
        record_event(kind="retention.late", actor=None, rule=rule.code)
    if late:
        for reader in staff_with("add_retentionapproval", app="compliance"):
            send_retention_alarm(reader=reader, rules=[str(rule.deletes) for rule in late])
    return [rule.code for rule in late]


def _delete_messages(keys: list[Any]) -> None:
    probes = DeliveryProbe.objects.filter(message__in=keys)
    probes.delete()
    DeliveryProbe.objects.filter(escalation__in=keys).delete()
    DeliveryEvent.objects.filter(message__in=keys).delete()
    Escalation.objects.filter(message__in=keys).delete()
    DeliveryDecision.objects.filter(message__in=keys).delete()
    Message.objects.filter(pk__in=keys).delete()


def _delete_requests(keys: list[Any]) -> None:
    Closing.objects.filter(request__in=keys).update(request=None)
    DataNote.objects.filter(request__in=keys).update(request=None)
    PrivacyRequest.objects.filter(pk__in=keys).delete()


def _delete_consents(keys: list[Any]) -> None:
    Candidate.objects.filter(consent__in=keys).update(consent=None)
    ConsentRecord.objects.filter(pk__in=keys).delete()


def _blank_addresses(model: type[Model]) -> Callable[[list[Any]], Any]:
    rows = model._base_manager
    return lambda keys: rows.filter(pk__in=keys).update(network_address=None)


_DELETE: dict[str, Callable[[list[Any]], Any]] = {
    "messages": _delete_messages,
    "policy_answers": lambda keys: Acceptance.objects.filter(pk__in=keys).delete(),
    "privacy_requests": _delete_requests,
    "consent_records": _delete_consents,
    "consent_addresses": _blank_addresses(ConsentRecord),
    "answer_addresses": _blank_addresses(Acceptance),
    "download_addresses": _blank_addresses(Download),
    "activity_log": lambda keys: SubjectKey.objects.filter(pk__in=keys).delete(),
}
