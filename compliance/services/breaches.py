"""The register of breaches: note, change, assess and close."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.services.versions import refuse_overwriting
from accounts.timezones import today_of_provider
from compliance.choices.breaches import BreachRisk, BreachRole, Need, Outcome, Regulator
from compliance.models import Breach, Report
from compliance.permissions import BreachRefused, lock_breach
from compliance.selectors.affected import with_outcome
from compliance.selectors.breaches import due_of, holds_in_force

FACTS = (
    "role", "aware_at", "first_day", "last_day", "approximate", "circumstances", "cause", "items",
)  # fmt: skip
MOST_ATTEMPTS = 5  # to find a free reference
FINISHED = (Outcome.PROVED, Outcome.EXHAUSTED, Outcome.INDIRECT)


@transaction.atomic
def note_breach(*, actor: User, exercise: bool = False, **values: Any) -> Breach:
    """Note a breach (FACTS), with the clocks of each regulator. An exercise reaches staff only.

    Raises PermissionDenied without `compliance.add_breach`, ValidationError naming the field.
    """
    require_staff(actor, "compliance.view_breach")
    require_staff(actor, "compliance.add_breach")
    breach = Breach(exercise=exercise, noted_by=actor)
    _set(breach, values)
    breach.full_clean(exclude=["reference"])
    _insert(breach)
    Report.objects.bulk_create(
        Report(breach=breach, regulator=regulator, due_at=due_of(breach, regulator))
        for regulator in Regulator.values
    )
    record_breach("breach.noted", actor, breach)
    return breach


def _insert(breach: Breach) -> None:
    """Save a new breach under the next reference of this year; of two at once, one tries again."""
    year = today_of_provider().year
    for _attempt in range(MOST_ATTEMPTS):
        of_year = Breach.objects.filter(reference__startswith=f"B-{year}-").order_by("-pk")
        last = of_year.values_list("reference", flat=True).first()
        number = int(last.rpartition("-")[2]) + 1 if last else 1
        breach.reference = f"B-{year}-{number:03}"
        try:
            with transaction.atomic():
                breach.save(force_insert=True)
            return
        except IntegrityError:
            if not Breach.objects.filter(reference=breach.reference).exists():
                raise
    raise BreachRefused(_("Others are noting breaches at this moment. Try again."), code="busy")


def breach_facts(breach: Breach) -> dict[str, Any]:
    """Return the facts of a breach, whose version the forms that show them carry."""
    return {name: getattr(breach, name) for name in FACTS}


@transaction.atomic
def update_breach(
    *, actor: User, breach: Breach, version: str | None = None, **values: Any
) -> Breach:
    """Change the facts of a breach (FACTS), as they become known.

    Raises PermissionDenied without `compliance.change_breach`; BreachRefused for a closed breach
    and a later day of awareness; ChangedMeanwhile where somebody saved since `version`.
    """
    breach = lock_breach(actor, breach, "compliance.change_breach")
    edits = AuditEvent.objects.filter(kind="breach.updated", public__breach=breach.reference)
    refuse_overwriting(version, saved=breach_facts(breach), wanted=values, edits=edits)
    if values.get("aware_at", breach.aware_at) > breach.aware_at:
        raise BreachRefused({"aware_at": _("This can only become earlier: it starts the clocks.")})
    changed = [name for name, value in values.items() if getattr(breach, name) != value]
    _set(breach, values)
    breach.full_clean()
    if changed:
        breach.save()
        set_due(breach)
        record_breach("breach.updated", actor, breach)
    return breach


def _set(breach: Breach, values: dict[str, Any]) -> None:
    unknown = values.keys() - set(FACTS)
    if unknown:
        raise TypeError(f"no such fields: {sorted(unknown)}")
    for name, value in values.items():
        setattr(breach, name, value)
    if breach.aware_at is not None and breach.aware_at > timezone.now():
        raise BreachRefused({"aware_at": _("Choose a time that is not in the future.")})
    if breach.role not in BreachRole.values:
        raise BreachRefused({"role": _("Say whose data it is.")})


@transaction.atomic
def assess_breach(
    *,
    actor: User,
    breach: Breach,
    risk: str,
    sensitivity: str,
    probability: str,
    reasons: str,
    determined_at: datetime | None = None,
) -> Breach:
    """Decide whether there is a real risk of significant harm, with the reasons (L20).

    The first decision fixes when it was determined. Without a risk, no regulator needs a report for
    now: each can still be decided on. Raises PermissionDenied without `compliance.change_breach`,
    BreachRefused naming the field.
    """
    breach = lock_breach(actor, breach, "compliance.change_breach")
    if risk not in (BreachRisk.NONE, BreachRisk.REAL):
        raise BreachRefused({"risk": _("Decide whether there is a real risk.")})
    factors = {"sensitivity": sensitivity, "probability": probability, "reasons": reasons}
    for name, text in factors.items():
        if not text.strip():
            raise BreachRefused({name: _("Write it down: the law wants it for every breach.")})
        setattr(breach, name, text.strip())
    if risk == BreachRisk.NONE and breach.waves.filter(released_at__isnull=False).exists():
        raise BreachRefused({"risk": _("People were told that there is a risk.")})
    now = timezone.now()
    if determined_at is not None and not breach.aware_at <= determined_at <= now:
        raise BreachRefused({"determined_at": _("Choose a time between awareness and now.")})
    breach.risk, breach.decided_by = risk, actor
    breach.determined_at = breach.determined_at or determined_at or now
    breach.save()
    if risk == BreachRisk.NONE:
        breach.reports.filter(needed=Need.UNDECIDED).update(
            needed=Need.NOT_NEEDED, why=breach.reasons, decided_by=actor
        )
    set_due(breach)
    record_breach("breach.assessed", actor, breach)
    return breach


def set_due(breach: Breach) -> None:
    """Set the moments by which the regulators have to be told; the caller has the lock."""
    for report in breach.reports.all():
        due_at = due_of(breach, report.regulator)
        if report.due_at != due_at:
            report.due_at = due_at
            report.save(update_fields=["due_at"])


@transaction.atomic
def close_breach(*, actor: User, breach: Breach) -> Breach:
    """Close a breach: nothing about it is open any more.

    Raises PermissionDenied without `compliance.release_breach`; BreachRefused, saying what is open.
    """
    breach = lock_breach(actor, breach, "compliance.release_breach")
    obstacles = obstacles_to_closing(breach)
    if obstacles:
        raise BreachRefused(obstacles, code="open")
    breach.closed_at, breach.closed_by = timezone.now(), actor
    breach.save()
    record_breach("breach.closed", actor, breach)
    return breach


def obstacles_to_closing(breach: Breach) -> list[str]:
    """Return in words what is still open about a breach."""
    if breach.risk == BreachRisk.UNDECIDED:
        return [_("Decide on the risk first.")]
    obstacles = []
    if holds_in_force(breach, timezone.now()).exists():
        obstacles.append(_("A hold is in force."))
    if breach.reports.filter(needed=Need.UNDECIDED).exists():
        obstacles.append(_("Say for each regulator whether a report is needed."))
    if breach.reports.filter(needed=Need.NEEDED, filings=None).exists():
        obstacles.append(_("A report that is needed has not been sent."))
    if breach.risk == BreachRisk.REAL:
        affected = with_outcome(breach.affected.all())
        if not breach.waves.filter(released_at__isnull=False).exists():
            obstacles.append(_("Nobody has been told."))
        elif affected.exclude(outcome__in=FINISHED).exists():
            obstacles.append(_("Some affected people are neither reached nor given up."))
    return obstacles


def record_breach(kind: str, actor: User | None, breach: Breach, **event_data: Any) -> None:
    """Record an act on a breach: the activity log names the reference alone (L33)."""
    record_event(kind=kind, actor=actor, breach=breach.reference, **event_data)
