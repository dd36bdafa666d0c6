"""Reports to regulators, and the notices to companies whose data we process."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Customer, User
from accounts.triggers import append_only, refuse
from compliance.choices.breaches import Need, Regulator
from compliance.models.breaches import Breach, kept_with_breach
from preferences.models import Campaign


class Report(models.Model):
    """Whether a regulator has to be told of a breach, why, and by when (L25, L26)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    breach = models.ForeignKey(
        Breach, on_delete=models.PROTECT, related_name="reports", db_index=False
    )
    regulator = models.CharField(max_length=12, choices=Regulator)
    needed = models.CharField(max_length=10, choices=Need, default=Need.UNDECIDED)
    why = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["breach", "regulator"], name="one_report_of_regulator"),
            models.CheckConstraint(
                condition=Q(regulator__in=Regulator.values), name="regulator_known"
            ),
            models.CheckConstraint(
                condition=Q(needed=Need.UNDECIDED)
                | Q(
                    ~Q(why=""),
                    needed__in=[Need.NEEDED, Need.NOT_NEEDED],
                    decided_by__isnull=False,
                ),
                name="decided_report_says_why",
            ),
            *kept_with_breach("report_is_kept", table="compliance_report"),
        ]

    def __str__(self) -> str:
        return f"{self.breach_id} → {self.regulator}"


class ReportFiling(models.Model):
    """A report as it was sent, or a supplement to it; each stays (L26)."""

    report = models.ForeignKey(
        Report, on_delete=models.PROTECT, related_name="filings", db_index=False
    )
    number = models.PositiveIntegerField()
    contents = models.JSONField()
    sha256 = models.CharField(max_length=64)
    late_reason = models.TextField(blank=True)
    reference = models.CharField(max_length=100, blank=True)
    sent_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["report", "number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="filing_number_once"),
            *refuse(
                "only_a_needed_report_is_filed",
                table="compliance_reportfiling",
                when={
                    "INSERT": """NOT EXISTS (SELECT 1 FROM compliance_report r
                        WHERE r.id = NEW.report_id AND r.needed = 'needed')"""
                },
                message="only a report that is needed is sent",
            ),
            *append_only("compliance_reportfiling"),
        ]

    def __str__(self) -> str:
        return f"{self.report_id}/{self.number}"


class CustomerNotice(models.Model):
    """The notice to a company whose data we process (L27)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    breach = models.ForeignKey(
        Breach, on_delete=models.PROTECT, related_name="customer_notices", db_index=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    body_en = models.TextField()
    body_fr = models.TextField()
    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="+")
    sent_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["breach", "customer"], name="one_notice_of_a_company"),
            models.CheckConstraint(
                condition=Q(body_en__gt="", body_fr__gt=""), name="company_notice_in_both_languages"
            ),
            *refuse(
                "exercise_tells_no_company",
                table="compliance_customernotice",
                when={
                    "INSERT": """EXISTS (SELECT 1 FROM compliance_breach b
                        WHERE b.id = NEW.breach_id AND (b.exercise OR b.role = 'controller'))"""
                },
                message="companies are told where we process their data, never in an exercise",
            ),
            *append_only("compliance_customernotice"),
        ]

    def __str__(self) -> str:
        return f"{self.breach_id} → {self.customer_id}"
