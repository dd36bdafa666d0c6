"""References of a case to things elsewhere, and what the log says of looks at a person."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import CaseStep, ReferenceKind
from accounts.models import AuditEvent, CaseReference, SupportCase, User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.services.support.attempts import case_step
from accounts.services.support.cases import facts_of, lock_case
from accounts.services.support.refusals import SupportRefused

LONGEST_KEPT = timedelta(days=2 * 365)


@case_step(CaseStep.REFER)
def add_reference(
    *,
    actor: User,
    case: SupportCase,
    kind: str,
    system: str,
    external_id: str,
    announced: bool,
    keep_until: date | None,
) -> CaseReference:
    """Refer to a ticket or a call recording elsewhere, by its system and its id there.

    A recording says whether the caller was told of it, and until when the reference is kept. Raises
    as lock_case; SupportRefused naming the field.
    """
    case = lock_case(actor, case)
    is_recording = kind == ReferenceKind.RECORDING
    today = timezone.localdate()
    if is_recording and (keep_until is None or not today < keep_until <= today + LONGEST_KEPT):
        raise SupportRefused({"keep_until": _("Choose a day after today, within two years.")})
    reference = CaseReference(
        case=case,
        kind=kind,
        system=system.strip(),
        external_id=external_id.strip(),
        announced=announced if is_recording else None,
        keep_until=keep_until,
    )
    try:
        reference.full_clean(validate_constraints=False)
        with transaction.atomic():
            reference.save()
    except ValidationError as error:
        raise SupportRefused(error.error_dict) from error
    except IntegrityError as error:
        raise SupportRefused(
            {"external_id": _("The case refers to this already.")}, code="twice"
        ) from error
    record_event(
        kind="support.reference_added",
        actor=actor,
        person=case.person,
        reference=str(reference),
        **facts_of(case),
    )
    return reference


def delete_old_references() -> int:
    """Delete the references that were kept until a day that is over (L49). Return how many."""
    over = CaseReference.objects.filter(keep_until__lt=timezone.localdate())
    deleted, _per_model = over.delete()
    return deleted


@transaction.atomic
def record_look(*, actor: User, person: User) -> None:
    """Note that an agent looked at a person: once a day. Raises PermissionDenied for others."""
    require_staff(actor, "accounts.use_desk")
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    kind = "support.person_seen"
    if not AuditEvent.objects.filter(
        kind=kind, actor=actor, person=person, at__gte=midnight
    ).exists():
        record_event(kind=kind, actor=actor, person=person)
