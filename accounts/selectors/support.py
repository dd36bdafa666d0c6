"""Cases of the support desk, and the facts on file by which callers are verified."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.utils import timezone

from accounts.choices import CaseOutcome, CaseState, CustomerStatus, PhoneOnFile, Role
from accounts.models import (
    AuditEvent,
    CaseAct,
    CaseConfirmation,
    CaseReference,
    DelayedAct,
    Invitation,
    Membership,
    SupportCase,
    User,
)
from accounts.selectors.paging import Page, page_of
from accounts.selectors.people import super_users_of

PHONE_SETTLED_AFTER = timedelta(days=7)
FIGURES_OF = timedelta(days=30)
MAX_CASES = 20  # in a list of the desk
MOST_MEASURED = 5000


@dataclass(frozen=True)
class NumberOnFile:
    """A phone number on file; a number that was changed lately may be an impostor's."""

    kind: PhoneOnFile
    number: str
    changed_lately: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether the desk may call it to verify somebody."""
        return bool(self.number) and not self.changed_lately


def number_on_file(case: SupportCase, kind: PhoneOnFile) -> NumberOnFile:
    """Return one number on file of the company for which a case is; it may be empty.

    There is none once the company is closed, or the person has left it.
    """
    present = Membership.objects.present().filter(user=case.person_id, customer=case.customer_id)
    membership = present.select_related("customer").first()
    if membership is None or membership.customer.status == CustomerStatus.CLOSED:
        return NumberOnFile(kind, "")
    settled = timezone.now() - PHONE_SETTLED_AFTER
    events = AuditEvent.objects.filter(customer=case.customer_id, at__gt=settled)
    if kind == PhoneOnFile.COMPANY:
        changes = events.filter(kind="customer.updated")
        return NumberOnFile(kind, membership.customer.phone, _has_changed(changes, "phone"))
    changes = events.filter(kind="membership.updated", person=case.person_id)
    # An invitation can bring a number along.
    is_new = membership.joined_at > settled
    return NumberOnFile(kind, membership.work_phone, is_new or _has_changed(changes, "work_phone"))


def numbers_on_file(case: SupportCase) -> list[NumberOnFile]:
    """Return the numbers on file, where there are any."""
    numbers = [number_on_file(case, kind) for kind in PhoneOnFile]
    return [number for number in numbers if number.number]


def confirmers_of(case: SupportCase) -> list[Membership]:
    """Return the Super Users of a case's company who may confirm its caller, the main one first."""
    if case.customer is None:
        return []
    parties = [case.person_id, case.opened_by_id]
    return list(super_users_of(case.customer).exclude(user__in=parties))


def open_questions(now: datetime | Combinable | None = None) -> QuerySet[CaseConfirmation]:
    """Return the questions of the desk that wait for an answer."""
    return CaseConfirmation.objects.filter(
        answer="", expires_at__gt=now or timezone.now(), case__state=CaseState.OPEN
    )


def questions_for(user: User) -> QuerySet[CaseConfirmation]:
    """Return the questions of the desk that a Super User may answer now, the oldest first."""
    customers = Membership.objects.live().filter(user=user, role=Role.SUPER_USER)
    waiting = open_questions().filter(case__customer__in=customers.values("customer"))
    return (
        waiting.exclude(case__person=user)
        .select_related("case__person", "case__opened_by", "case__customer")
        .order_by("pk")
    )


def open_case_of(actor: User, person: User) -> SupportCase | None:
    """Return the agent's open case of a person, if any."""
    cases = SupportCase.objects.open().filter(opened_by=actor, person=person)
    return cases.select_related("customer", "person", "verified_by").first()


def case_on_page(case: SupportCase) -> dict[str, Any]:
    """Return what the desk's page shows of an agent's open case."""
    questions = CaseConfirmation.objects.filter(case=case).select_related("answered_by")
    return {
        "case": case,
        "numbers": numbers_on_file(case),
        "confirmers": confirmers_of(case),
        "question": questions.first(),
        "done": {act.act for act in case.acts.all()},
        "references": list(case.references.all()),
    }


def former_cases_of(person: User, *, but: SupportCase | None) -> QuerySet[SupportCase]:
    """Return the newest cases of a person, beside one."""
    cases = SupportCase.objects.filter(person=person).select_related("opened_by")
    return (cases.exclude(pk=but.pk) if but else cases)[:MAX_CASES]


def last_sign_ins(person: User) -> QuerySet[AuditEvent]:
    """Return the newest sign-ins of a person, and those that were refused."""
    kinds = ["sign_in.done", "sign_in.failed"]
    return AuditEvent.objects.filter(person=person, kind__in=kinds).order_by("-pk")[:5]


def cases_to_do(after: str = "") -> Page[SupportCase]:
    """Return a page of the open cases of all agents, the oldest first. Raises as page_of."""
    open_cases = SupportCase.objects.open().select_related("person", "customer", "opened_by")
    among = SupportCase.objects.all()
    return page_of(open_cases, among=among, order=("pk",), after=after, size=MAX_CASES)


def invitations_to_resend(person: User) -> QuerySet[Invitation]:
    """Return the invitations to a person or from them that still can be accepted, newest first."""
    theirs = Q(address=person.email) | Q(invited_by=person)
    waiting = Invitation.objects.open().sent_by_somebody_who_may().filter(theirs)
    return waiting.select_related("customer").order_by("-pk")


def invitations_to_correct(case: SupportCase) -> QuerySet[Invitation]:
    """Return the waiting invitations to a case's company, if its person is a Super User there."""
    managed = Membership.objects.live().filter(
        user=case.person_id, customer=case.customer_id, role=Role.SUPER_USER
    )
    waiting = Invitation.objects.open().sent_by_somebody_who_may()
    return waiting.filter(as_main_super_user=False, customer__in=managed.values("customer"))


def idle_cases(since: datetime) -> QuerySet[SupportCase]:
    """Return the open cases in which nothing happened since a moment, and nothing waits."""
    of_case = {"case": OuterRef("pk")}
    return SupportCase.objects.open().filter(
        Q(verified_at=None) | Q(verified_at__lte=since),
        ~Exists(CaseAct.objects.filter(**of_case, at__gt=since)),
        ~Exists(CaseReference.objects.filter(**of_case, added_at__gt=since)),
        ~Exists(CaseConfirmation.objects.filter(**of_case, asked_at__gt=since)),
        ~Exists(DelayedAct.objects.waiting().filter(**of_case)),
        opened_at__lte=since,
    )


@dataclass(frozen=True)
class DeskFigures:
    """The desk's work in numbers; `by_day` has opened cases, the oldest day first."""

    open: int
    not_verified: int
    waiting: int  # for a Super User's answer
    delayed: int  # acts that wait for their moment
    outcomes: list[tuple[str, int]]
    median_minutes: int | None
    by_day: list[tuple[date, int]]


def desk_figures() -> DeskFigures:
    """Return the numbers of the last FIGURES_OF."""
    now = timezone.now()
    since = now - FIGURES_OF
    open_cases = SupportCase.objects.open()
    closed = SupportCase.objects.filter(closed_at__gt=since)
    counts = dict(closed.order_by().values_list("outcome").annotate(Count("pk")))
    minutes = sorted(
        (end - start).total_seconds() / 60 if end else 0
        for start, end in closed.order_by().values_list("opened_at", "closed_at")[:MOST_MEASURED]
    )
    opened = Counter(
        timezone.localdate(moment)
        for moment in SupportCase.objects.filter(opened_at__gt=since).values_list(
            "opened_at", flat=True
        )[:MOST_MEASURED]
    )
    days = [timezone.localdate(now) - timedelta(days=back) for back in range(FIGURES_OF.days)]
    is_asked = Q(confirmations__answer="", confirmations__expires_at__gt=now, verification="")
    figures = open_cases.aggregate(
        open=Count("pk", distinct=True),
        not_verified=Count("pk", distinct=True, filter=Q(verification="")),
        waiting=Count("confirmations", filter=is_asked),
    )
    return DeskFigures(
        **figures,
        delayed=DelayedAct.objects.waiting().count(),
        outcomes=[(str(each.label), counts[each]) for each in CaseOutcome if each in counts],
        median_minutes=round(median(minutes)) if minutes else None,
        by_day=[(day, opened[day]) for day in reversed(days)],
    )


def _has_changed(events: QuerySet[AuditEvent], field: str) -> bool:
    return any(
        change["field"] == field for event in events for change in event.data.get("differences", [])
    )
