"""Cases of the support desk: each act hangs on one, and it says how the caller was verified.

A case holds references and our own words. It has no column for a code, a recording or the text of
a ticket (L48).
"""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.choices import (
    CaseOutcome,
    CaseState,
    PhoneOnFile,
    ReferenceKind,
    SupportAct,
    Verification,
)
from accounts.models.customers import Customer
from accounts.models.erasures import erased
from accounts.models.people import User
from accounts.triggers import append_only, refuse
from accounts.validators import validate_plain_text

TICKET_LENGTH = 60
REASON_LENGTH = 500
VERIFIED_FOR = timedelta(hours=8)  # a working day

_OF_STAFF = "EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.person_id AND u.is_staff)"
_OF_ANOTHER_CUSTOMER = """NEW.customer_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM accounts_membership m
    WHERE m.user_id = NEW.person_id AND m.customer_id = NEW.customer_id)"""
_ERASED = erased("support", person="OLD.person_id")
_OTHER_FACTS = """NEW.person_id <> OLD.person_id OR NEW.opened_by_id <> OLD.opened_by_id
    OR COALESCE(NEW.customer_id, 0) <> COALESCE(OLD.customer_id, 0)
    OR NEW.ticket <> OLD.ticket OR NEW.reason <> OLD.reason OR NEW.opened_at <> OLD.opened_at"""
_CASE_IS_NOT_VERIFIED = """NOT EXISTS (SELECT 1 FROM accounts_supportcase c
    WHERE c.id = NEW.case_id AND c.state = 'open' AND c.verification <> '')"""


class SupportCaseQuerySet(models.QuerySet["SupportCase"]):
    """Cases, and which are open."""

    def open(self) -> "SupportCaseQuerySet":
        """Return those that are not closed."""
        return self.filter(state=CaseState.OPEN)


class SupportCase(models.Model):
    """One call of a person, taken by one agent of the desk."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="support_cases")
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="support_cases"
    )
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    ticket = models.CharField(max_length=TICKET_LENGTH, validators=[validate_plain_text])
    reason = models.CharField(max_length=REASON_LENGTH, validators=[validate_plain_text])
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.OPEN)
    outcome = models.CharField(max_length=20, choices=CaseOutcome, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # None where the hub closed it.
    closed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    verification = models.CharField(max_length=20, choices=Verification, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    # The agent, or the Super User who confirmed.
    verified_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    called_back = models.CharField(max_length=10, choices=PhoneOnFile, blank=True)

    objects = SupportCaseQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["opened_by", "person"],
                condition=Q(state=CaseState.OPEN),
                name="one_open_case_of_agent",
            ),
            models.CheckConstraint(
                condition=~Q(person=F("opened_by")), name="case_is_not_of_oneself"
            ),
            models.CheckConstraint(
                condition=~Q(ticket="") & ~Q(reason=""), name="case_has_ticket_and_reason"
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.OPEN, outcome="", closed_at=None, closed_by=None)
                | Q(
                    state=CaseState.CLOSED,
                    outcome__in=CaseOutcome.values,
                    closed_at__isnull=False,
                ),
                name="case_closed_with_outcome",
            ),
            models.CheckConstraint(
                condition=Q(verification="", verified_at=None, verified_by=None, called_back="")
                | Q(
                    verification__in=[Verification.EMAIL_CODE, Verification.HUB_CODE],
                    verified_at__isnull=False,
                    verified_by=F("opened_by"),
                    called_back="",
                )
                | Q(
                    verification=Verification.CALL_BACK,
                    verified_at__isnull=False,
                    verified_by=F("opened_by"),
                    called_back__in=PhoneOnFile.values,
                )
                | (
                    Q(
                        verification=Verification.SUPER_USER,
                        verified_at__isnull=False,
                        verified_by__isnull=False,
                        called_back="",
                    )
                    & ~Q(verified_by=F("opened_by"))
                    & ~Q(verified_by=F("person"))
                ),
                name="case_verified_by_method",
            ),
            *refuse(
                "case_is_not_of_staff",
                table="accounts_supportcase",
                when={"INSERT": _OF_STAFF},
                message="the desk never acts on staff",
            ),
            *refuse(
                "case_within_customer",
                table="accounts_supportcase",
                when={"INSERT": _OF_ANOTHER_CUSTOMER},
                message="the person of a case has been in its company",
            ),
            *refuse(
                "case_keeps_its_facts",
                table="accounts_supportcase",
                when={"UPDATE": f"({_OTHER_FACTS}) AND NOT {_ERASED}"},
                message="a case keeps its person, agent, ticket and reason",
            ),
            *refuse(
                "case_closed_once",
                table="accounts_supportcase",
                when={"UPDATE": f"OLD.state = 'closed' AND NOT {_ERASED}"},
                message="a closed case stays as it is",
            ),
            *refuse(
                "case_stays_verified",
                table="accounts_supportcase",
                when={"UPDATE": "OLD.verification <> '' AND NEW.verification = ''"},
                message="a verification is not taken back",
            ),
        ]
        indexes = [
            models.Index(fields=["opened_by", "opened_at"], name="case_by_agent"),
            models.Index(fields=["opened_at"], condition=Q(state=CaseState.OPEN), name="case_open"),
            models.Index(fields=["closed_at"], name="case_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket}: {self.person}"

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        return self.state == CaseState.OPEN

    @property
    def is_verified(self) -> bool:
        """Whether the caller was verified, no longer than VERIFIED_FOR ago."""
        return self.verified_at is not None and timezone.now() - self.verified_at <= VERIFIED_FOR


class CaseAct(models.Model):
    """An act in a case: each is done once, for one `subject` where there are several."""

    case = models.ForeignKey(
        SupportCase, on_delete=models.PROTECT, related_name="acts", db_index=False
    )
    act = models.CharField(max_length=20, choices=SupportAct)
    subject = models.CharField(max_length=64, blank=True)  # a lasting identity
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "act", "subject"], name="case_acts_once"),
            models.CheckConstraint(condition=Q(act__in=SupportAct.values), name="case_act_known"),
            *refuse(
                "case_act_is_verified",
                table="accounts_caseact",
                when={"INSERT": _CASE_IS_NOT_VERIFIED},
                message="an act needs an open, verified case",
            ),
            *append_only("accounts_caseact"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.act}"


class CaseReference(models.Model):
    """A ticket or a call recording elsewhere, by its system and its id there (L48, L49)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(SupportCase, on_delete=models.PROTECT, related_name="references")
    kind = models.CharField(max_length=10, choices=ReferenceKind)
    system = models.CharField(max_length=60, validators=[validate_plain_text])
    external_id = models.CharField(max_length=100, validators=[validate_plain_text])
    # Whether the caller was told that the call is recorded; None for a ticket.
    announced = models.BooleanField(null=True, blank=True)
    keep_until = models.DateField(null=True, blank=True, db_index=True)
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "kind", "system", "external_id"], name="case_refers_once"
            ),
            models.CheckConstraint(
                condition=Q(kind=ReferenceKind.TICKET, announced=None)
                | Q(
                    kind=ReferenceKind.RECORDING,
                    announced__isnull=False,
                    keep_until__isnull=False,
                ),
                name="recording_says_announced_and_end",
            ),
            models.CheckConstraint(
                condition=~Q(system="") & ~Q(external_id=""), name="reference_names_its_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.external_id}"
