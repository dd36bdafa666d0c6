"""Breaches: their state, their holds, and the days by which somebody has to be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors.composed import Given
from compliance.choices.breaches import (
    REVIEW_WITHIN,
    BreachRisk,
    BreachState,
    Need,
    Regulator,
)
from compliance.models import Breach, Hold, Report, Wave
from compliance.models.breaches import KEPT_DAYS, KEPT_DAYS_FROM_DECISION
from compliance.selectors.due import DueSource
from preferences.choices import CampaignState

# Laws that say "as soon as feasible": our own limit, from the decision.
AS_SOON_AS_FEASIBLE = timedelta(hours=72)
GDPR_WITHIN = timedelta(hours=72)  # from awareness, article 33
PEOPLE_WITHIN = timedelta(days=30)  # from discovery, Cal. Civ. Code 1798.82
CALIFORNIA_WITHIN = timedelta(days=15)  # of the notice to people
VIEW = "compliance.view_breach"


def breaches_for(user: User) -> QuerySet[Breach]:
    """Return the breaches that somebody may see: all or none (L33)."""
    may_see = user.is_active and user.is_staff and user.has_perm(VIEW)
    return Breach.objects.all() if may_see else Breach.objects.none()


def holds_in_force(breach: Breach | int, now: datetime) -> QuerySet[Hold]:
    """Return the holds that stop the notices of a breach at a moment."""
    return holds_of_any_breach(HoldMoments.at(now)).filter(breach=breach)


class HoldMoments(NamedTuple):
    """A moment, and the one before which a hold was placed that lacks its review by then."""

    now: datetime | Given
    review_since: datetime | Given

    @classmethod
    def at(cls, now: datetime) -> "HoldMoments":
        """Return the moments of `now`: without a review, a hold ends after REVIEW_WITHIN."""
        return cls(now, now - REVIEW_WITHIN)


def holds_of_any_breach(moments: HoldMoments) -> QuerySet[Hold]:
    """Return the holds in force at a moment."""
    now, review_since = moments
    return Hold.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=now),
        Q(reviewed_at__isnull=False) | Q(placed_at__gt=review_since),
        begins_at__lte=now,
        until__gt=now,
    )


def is_on_hold(campaign_pk: int) -> bool:
    """Return whether the notice sent as this campaign is on hold now (L24).

    The gate asks it before each email, in the transaction in which the email is sent. The lock
    that is shared by all senders makes a hold that is being placed wait for them.
    """
    notices = Q(waves__campaign=campaign_pk) | Q(customer_notices__campaign=campaign_pk)
    key = Breach.objects.filter(notices).order_by().values_list("pk", flat=True).first()
    if key is None:
        return False
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM compliance_breach WHERE id = %s FOR SHARE", [key])
    return holds_in_force(key, timezone.now()).exists()


def kept_breaches() -> QuerySet[Breach]:
    """Return the breaches whose record the law keeps still (L31)."""
    now = timezone.now()
    decided_since = now - timedelta(days=KEPT_DAYS_FROM_DECISION)
    return Breach.objects.filter(
        Q(aware_at__gt=now - timedelta(days=KEPT_DAYS))
        | Q(determined_at__gt=decided_since)
        | Q(closed_at=None)
    )


@dataclass(frozen=True)
class BreachRow:
    """A breach with its state."""

    breach: Breach
    state: BreachState
    next_due: datetime | None


def state_of(breach: Breach, now: datetime) -> BreachState:
    """Return the state of a breach, which its facts say."""
    if breach.closed_at is not None:
        return BreachState.CLOSED
    if breach.risk == BreachRisk.UNDECIDED:
        return BreachState.NOTED
    if breach.risk == BreachRisk.NONE:
        return BreachState.NO_NOTICE
    if holds_in_force(breach, now).exists():
        return BreachState.HELD
    waves = list(breach.waves.filter(released_at__isnull=False).select_related("campaign"))
    if not waves:
        return BreachState.NOTIFY
    is_sending = any(w.campaign and w.campaign.state == CampaignState.RUNNING for w in waves)
    return BreachState.SENDING if is_sending else BreachState.FOLLOWING_UP


def rows_of(breaches: list[Breach]) -> list[BreachRow]:
    """Return breaches with their state and the next day on which something is due."""
    now = timezone.now()
    due: dict[int, datetime] = {}
    for report in open_reports().filter(breach__in=breaches, due_at__isnull=False):
        assert report.due_at is not None  # noqa: S101 -- by the filter
        due[report.breach_id] = min(report.due_at, due.get(report.breach_id, report.due_at))
    for breach in people_waiting().filter(pk__in=[breach.pk for breach in breaches]):
        people_due = breach.aware_at + PEOPLE_WITHIN
        due[breach.pk] = min(people_due, due.get(breach.pk, people_due))
    return [BreachRow(breach, state_of(breach, now), due.get(breach.pk)) for breach in breaches]


def open_reports() -> QuerySet[Report]:
    """Return the reports of open breaches that are neither sent nor found needless."""
    return Report.objects.filter(
        ~Q(needed=Need.NOT_NEEDED), filings=None, breach__closed_at=None, breach__exercise=False
    ).select_related("breach")


def people_waiting() -> QuerySet[Breach]:
    """Return the breaches whose people have not been told, and perhaps have to be."""
    told = Wave.objects.filter(breach=OuterRef("pk"), released_at__isnull=False)
    return Breach.objects.filter(~Exists(told), closed_at=None, exercise=False).exclude(
        risk=BreachRisk.NONE
    )


def due_of(breach: Breach, regulator: str) -> datetime | None:
    """Return the moment by which a regulator has to be told, as far as it is known (L25)."""
    if regulator == Regulator.GDPR:
        return breach.aware_at + GDPR_WITHIN
    if regulator == Regulator.CALIFORNIA:
        released = breach.waves.filter(released_at__isnull=False).order_by("number")
        first = released.values_list("released_at", flat=True).first()
        return first + CALIFORNIA_WITHIN if first else None
    if regulator == Regulator.BC or breach.determined_at is None:
        return None
    return breach.determined_at + AS_SOON_AS_FEASIBLE


SOURCES = (
    DueSource(
        code="breach_report",
        label=_("Breach reports"),
        permission=VIEW,
        rows=lambda now: open_reports().filter(due_at__isnull=False),
        due_at="due_at",
        facts={"uuid": "uuid", "breach": "breach__reference", "regulator": "regulator"},
        text=lambda facts: format_lazy(
            _("Report {breach}: {regulator}"),
            breach=facts["breach"],
            regulator=Regulator(facts["regulator"]).label,
        ),
        url=lambda facts: reverse(
            "compliance:breach-report", args=[facts["breach"], facts["regulator"]]
        ),
    ),
    DueSource(
        code="breach_people",
        label=_("Breach notices"),
        permission=VIEW,
        rows=lambda now: people_waiting(),
        due_at=F("aware_at") + PEOPLE_WITHIN,
        facts={"uuid": "uuid", "breach": "reference"},
        text=lambda facts: format_lazy(
            _("Tell the people affected by {breach}"), breach=facts["breach"]
        ),
        url=lambda facts: reverse("compliance:breach", args=[facts["breach"]]),
    ),
)
