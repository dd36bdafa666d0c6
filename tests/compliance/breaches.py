"""Words of a breach, and the steps from a note to a notice, for tests."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from compliance.choices.breaches import PARTS
from compliance.models import Breach, Report, Wave
from compliance.selectors.affected import Filter
from compliance.services.affected import add_by_filter
from compliance.services.breaches import assess_breach, note_breach
from compliance.services.reports import decide_report
from compliance.services.waves import release_wave, write_wave

FACTORS: dict[str, Any] = {
    "sensitivity": "Names and addresses.",
    "probability": "The copy was public for a day.",
    "reasons": "Somebody downloaded it.",
}
TEXTS = {f"{part}_{code}": f"{part} in {code}." for part in PARTS for code in ("en", "fr")}
HOLD: dict[str, Any] = {
    "authority": "Sûreté du Québec",
    "officer": "Sgt. Roy",
    "legal_reference": "SQ-2026-17",
    "reason": "An arrest is planned.",
}


def note(actor: User, **values: Any) -> Breach:
    """Note a breach that somebody became aware of an hour ago."""
    facts = {"role": "controller", "aware_at": timezone.now() - timedelta(hours=1), **values}
    return note_breach(actor=actor, **facts)


def real(actor: User, **values: Any) -> Breach:
    """Note a breach with a real risk."""
    return assess_breach(actor=actor, breach=note(actor, **values), risk="real", **FACTORS)


def written(actor: User, breach: Breach) -> Wave:
    """Write all parts of the next notice."""
    return write_wave(actor=actor, breach=breach, **TEXTS)


def released(writer: User, releaser: User, breach: Breach) -> Wave:
    """Write and release the next notice to the people in the list."""
    return release_wave(actor=releaser, wave=written(writer, breach))


def add_company(actor: User, breach: Breach, customer: Any) -> int:
    """Add everybody who is or was a member of a company."""
    return add_by_filter(actor=actor, breach=breach, wanted=Filter(customer=customer))


def settle_reports(actor: User, breach: Breach) -> None:
    """Say of each regulator that no report is needed."""
    for report in Report.objects.filter(breach=breach, needed="undecided"):
        decide_report(actor=actor, report=report, needed="not_needed", why="Nobody lives there.")
