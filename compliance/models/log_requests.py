"""Requests for the logs of a company's resources: asked, paid, put together, checked, released."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, User
from accounts.triggers import refuse
from accounts.validators import validate_plain_text
from compliance.choices.log_requests import (
    AFTER_PAYMENT,
    STEPS,
    Currency,
    LogPurpose,
    LogState,
)
from compliance.models.rates import Line, Rate, amount
from compliance.models.representatives import TEXT_LENGTH, Representative
from compliance.models.sealed_files import SealedFile
from portals.models import Portal, ResourceTenure

MOST_DOWNLOADS = 5
LEASE = timedelta(hours=1)  # of whoever puts the logs together
WORKER_LENGTH = 100  # characters

_FIXED = (
    "uuid", "customer_id", "portal_id", "representative_id", "purpose", "first_day",
    "last_day", "asked_at", "rate_id", "fee_cents", "tax_lines", "total_cents", "currency",
)  # fmt: skip
_FIXED_CHANGED = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in _FIXED)
_STEP = "NEW.state <> OLD.state"
_KNOWN_STEPS = ", ".join(
    f"'{before}>{after}'" for before, following in STEPS.items() for after in following
)
_UNPAID = """NOT EXISTS (SELECT 1 FROM compliance_waiver w WHERE w.charge_id IN
      (SELECT c.id FROM compliance_charge c WHERE c.request_id = NEW.id))
    AND NOT EXISTS (SELECT 1 FROM compliance_charge c WHERE c.request_id = NEW.id
      AND c.total_cents <= COALESCE(
        (SELECT SUM(p.cents) FROM compliance_payment p WHERE p.charge_id = c.id), 0))"""
_AFTER_PAYMENT = ", ".join(f"'{state}'" for state in AFTER_PAYMENT)
_NOT_CHECKED = """NEW.state = 'released' AND (NEW.checked_at IS NULL OR NEW.file_id IS NULL
    OR NOT EXISTS (SELECT 1 FROM compliance_representative r
      WHERE r.id = NEW.representative_id AND r.ended_at IS NULL AND r.confirmed_at IS NOT NULL))"""
_NOT_OF_ITS_COMPANY = """NOT EXISTS (SELECT 1 FROM compliance_representative r
    JOIN accounts_membership m ON m.id = r.membership_id
    WHERE r.id = NEW.representative_id AND m.customer_id = NEW.customer_id
      AND r.confirmed_at IS NOT NULL AND r.ended_at IS NULL)"""
_OUTSIDE_TENURE = """NOT EXISTS (SELECT 1 FROM portals_resourcetenure t
    JOIN compliance_logrequest l ON l.id = NEW.request_id
    WHERE t.id = NEW.tenure_id AND t.customer_id = l.customer_id AND t.portal_id = l.portal_id
      AND NEW.starts_at >= t.started_at AND (t.ended_at IS NULL OR NEW.ends_at <= t.ended_at))"""
# A request's downloads: by its representative, while released, and so often at most.
_NO_DOWNLOAD = f"""EXISTS (SELECT 1 FROM compliance_sealedfile f
      WHERE f.id = NEW.file_id AND f.kind = 'logs')
    AND (NOT EXISTS (SELECT 1 FROM compliance_logrequest l
      JOIN compliance_representative r ON r.id = l.representative_id
      WHERE l.file_id = NEW.file_id AND l.state = 'released' AND r.ended_at IS NULL)
    OR (SELECT COUNT(*) FROM compliance_download d
      WHERE d.file_id = NEW.file_id) >= {MOST_DOWNLOADS})"""  # noqa: S608 -- a number of ours


class LogRequest(models.Model):
    """One request; its price, its days and its resources stay as they were when it was made."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="log_requests")
    portal = models.ForeignKey(Portal, on_delete=models.PROTECT, related_name="log_requests")
    representative = models.ForeignKey(
        Representative, on_delete=models.PROTECT, related_name="log_requests"
    )
    purpose = models.CharField(_("purpose"), max_length=10, choices=LogPurpose)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    rate = models.ForeignKey(Rate, on_delete=models.PROTECT, related_name="+")
    fee_cents = models.PositiveIntegerField()
    tax_lines = models.JSONField(default=list)
    total_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, choices=Currency)
    state = models.CharField(max_length=12, choices=LogState, default=LogState.ASKED)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    decline_reason = models.CharField(
        max_length=TEXT_LENGTH, blank=True, validators=[validate_plain_text]
    )
    worker = models.CharField(max_length=WORKER_LENGTH, blank=True)
    lease = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    failure = models.CharField(max_length=TEXT_LENGTH, blank=True)
    file = models.OneToOneField(
        SealedFile, null=True, blank=True, on_delete=models.PROTECT, related_name="log_request"
    )
    checked_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    released_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose__in=LogPurpose.values), name="log_purpose_known"
            ),
            models.CheckConstraint(condition=Q(state__in=LogState.values), name="log_state_known"),
            models.CheckConstraint(
                condition=Q(first_day__lte=F("last_day")), name="log_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(total_cents__gte=F("fee_cents")), name="log_total_holds_the_fee"
            ),
            models.CheckConstraint(
                condition=~Q(state=LogState.DECLINED) | ~Q(decline_reason=""),
                name="declined_log_request_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None)
                | Q(decided_at__isnull=False, decided_by__isnull=False),
                name="log_decision_names_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=LogState.TABULATING)
                | Q(lease__isnull=False, lease_until__isnull=False),
                name="logs_are_put_together_under_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(checked_at=None, checked_by=None)
                | Q(checked_at__isnull=False, checked_by__isnull=False),
                name="log_check_names_who_and_when",
            ),
            *refuse(
                "log_request_begins_asked",
                table="compliance_logrequest",
                when={"INSERT": f"NEW.state <> 'asked' OR {_NOT_OF_ITS_COMPANY}"},
                message="a log request begins as asked by a representative of its company",
            ),
            *refuse(
                "log_request_keeps_its_terms",
                table="compliance_logrequest",
                when={"UPDATE": _FIXED_CHANGED, "DELETE": "TRUE"},
                message="what a log request asks, and its price, never change",
                no_truncate=True,
            ),
            *refuse(
                "log_request_steps",
                table="compliance_logrequest",
                when={
                    "UPDATE": f"{_STEP} AND OLD.state || '>' || NEW.state NOT IN ({_KNOWN_STEPS})"
                },
                message="a log request goes on step by step",
            ),
            *refuse(
                "log_request_paid_first",
                table="compliance_logrequest",
                when={"UPDATE": f"{_STEP} AND NEW.state IN ({_AFTER_PAYMENT}) AND {_UNPAID}"},
                message="a log request is paid, or its fee waived, before anything is done",
            ),
            *refuse(
                "log_request_checked_first",
                table="compliance_logrequest",
                when={"UPDATE": f"{_STEP} AND {_NOT_CHECKED}"},
                message="staff check the file before it is released to the person on file",
            ),
            *refuse(
                "logs_downloaded_by_representative",
                table="compliance_download",
                when={"INSERT": _NO_DOWNLOAD},
                message="logs are downloaded while they are released to a present representative",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="log_request_by_customer"),
            models.Index(fields=["portal", "state", "id"], name="log_request_by_portal"),
            models.Index(fields=["state", "id"], name="log_request_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}, {self.first_day}\N{EN DASH}{self.last_day}"

    @property
    def total(self) -> str:
        """The fee with taxes, as people read it."""
        return amount(self.total_cents, self.currency)

    @property
    def price_lines(self) -> list[tuple[str, str]]:
        """Each tax: label and amount."""
        lines = [Line(*line) for line in self.tax_lines]
        return [(line.label, amount(line.cents, self.currency)) for line in lines]

    @property
    def fee(self) -> str:
        """The fee without taxes."""
        return amount(self.fee_cents, self.currency)

    @property
    def is_leased(self) -> bool:
        """Whether a worker puts the logs together at this moment."""
        return self.lease_until is not None and self.lease_until > timezone.now()


class LogResource(models.Model):
    """One time in which the company had a resource, within the days of a request."""

    request = models.ForeignKey(
        LogRequest, on_delete=models.PROTECT, related_name="resources", db_index=False
    )
    tenure = models.ForeignKey(ResourceTenure, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)  # what people called it then
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    lines = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["request", "tenure"], name="log_resource_once"),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="log_resource_has_a_time"
            ),
            *refuse(
                "log_resource_within_its_tenure",
                table="compliance_logresource",
                when={"INSERT": _OUTSIDE_TENURE},
                message="logs are given for the time in which the company had the resource",
            ),
            *refuse(
                "log_resource_stays",
                table="compliance_logresource",
                when={
                    "UPDATE": "NEW.request_id <> OLD.request_id OR NEW.tenure_id <> OLD.tenure_id"
                    " OR NEW.name <> OLD.name OR NEW.starts_at <> OLD.starts_at"
                    " OR NEW.ends_at <> OLD.ends_at",
                    "DELETE": "TRUE",
                },
                message="the resources of a log request never change",
                no_truncate=True,
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LogPart(models.Model):
    """A piece of a result that a portal is sending, encrypted; deleted when the result is whole."""

    request = models.ForeignKey(
        LogRequest, on_delete=models.PROTECT, related_name="parts", db_index=False
    )
    lease = models.UUIDField()
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["request", "lease", "number"], name="log_part_once"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id}/{self.number}"
