"""The charge of a log request and its payments: rows are added, never changed."""

import uuid

from django.db import models
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.triggers import append_only, refuse
from accounts.validators import validate_plain_text
from compliance.choices.log_requests import Currency, PaymentMethod
from compliance.models.log_requests import LogRequest
from compliance.models.rates import amount
from compliance.models.representatives import TEXT_LENGTH

INVOICE_LENGTH = 60  # characters
SYSTEM_LENGTH = 60  # characters
EXTERNAL_LENGTH = 255  # characters
_NOT_THE_PRICE = """NOT EXISTS (SELECT 1 FROM compliance_logrequest l WHERE l.id = NEW.request_id
    AND l.total_cents = NEW.total_cents AND l.currency = NEW.currency)"""
_TAKES_TOO_MUCH = """NEW.cents < 0 AND NOT EXISTS (SELECT 1 FROM compliance_payment p
    WHERE p.id = NEW.reverses_id AND p.charge_id = NEW.charge_id AND p.cents > 0
      AND p.cents + NEW.cents + COALESCE((SELECT SUM(r.cents) FROM compliance_payment r
        WHERE r.reverses_id = p.id), 0) >= 0)"""


class Charge(models.Model):
    """The invoice of one log request; the invoice itself is in the provider's books."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.OneToOneField(LogRequest, on_delete=models.PROTECT, related_name="charge")
    total_cents = models.PositiveIntegerField()
    currency = models.CharField(max_length=3, choices=Currency)
    invoice_number = models.CharField(
        _("invoice number"), max_length=INVOICE_LENGTH, validators=[validate_plain_text]
    )
    instructions_en = models.CharField(
        _("how to pay (English)"), max_length=TEXT_LENGTH, validators=[validate_plain_text]
    )
    instructions_fr = models.CharField(
        _("how to pay (français)"), max_length=TEXT_LENGTH, validators=[validate_plain_text]
    )
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["invoice_number"],
                name="invoice_number_once",
                violation_error_message=_("Another charge has this invoice number."),
            ),
            models.CheckConstraint(
                condition=~Q(invoice_number="") & ~Q(instructions_en="") & ~Q(instructions_fr=""),
                name="charge_says_how_to_pay",
            ),
            *append_only("compliance_charge"),
            *refuse(
                "charge_is_the_price_shown",
                table="compliance_charge",
                when={"INSERT": _NOT_THE_PRICE},
                message="a charge is the price that was shown with the request",
            ),
        ]

    def __str__(self) -> str:
        return self.invoice_number

    @property
    def total(self) -> str:
        """The amount as people read it."""
        return amount(self.total_cents, self.currency)

    @property
    def paid_cents(self) -> int:
        """The payments less the reversals, in cents."""
        return self.payments.aggregate(sum=Sum("cents"))["sum"] or 0

    @property
    def open_cents(self) -> int:
        """The amount that is still to be paid, in cents."""
        return max(self.total_cents - self.paid_cents, 0)

    @property
    def still_open(self) -> str:
        """The same as people read it."""
        return amount(self.open_cents, self.currency)

    @property
    def is_settled(self) -> bool:
        """Whether it is paid in full or waived."""
        return Waiver.objects.filter(charge=self).exists() or self.paid_cents >= self.total_cents

    def instructions(self, language: str) -> str:
        """Return how to pay, in one of our languages."""
        return self.instructions_fr if language.startswith("fr") else self.instructions_en


class Payment(models.Model):
    """Money that came in, or went back by the row that reverses it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="payments")
    cents = models.IntegerField()
    method = models.CharField(_("how it was paid"), max_length=10, choices=PaymentMethod)
    reference = models.CharField(
        _("reference"), max_length=INVOICE_LENGTH, blank=True, validators=[validate_plain_text]
    )
    # The program that reported it, and that program's own id of it; by hand there is neither.
    system = models.CharField(max_length=SYSTEM_LENGTH, blank=True, editable=False)
    external_id = models.CharField(max_length=EXTERNAL_LENGTH, null=True, blank=True)
    reverses = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversals"
    )
    day = models.DateField(_("day"))
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        default_permissions = ("view",)
        permissions = [("record_payment", "May record payments and waive fees")]
        constraints = [
            models.CheckConstraint(
                condition=Q(method__in=PaymentMethod.values), name="payment_method_known"
            ),
            models.CheckConstraint(
                condition=Q(cents__gt=0, reverses=None) | Q(cents__lt=0, reverses__isnull=False),
                name="payment_or_reversal",
            ),
            models.CheckConstraint(
                condition=Q(system="", external_id=None)
                | ~Q(system="") & Q(external_id__isnull=False),
                name="external_payment_names_its_system",
            ),
            models.UniqueConstraint(fields=["system", "external_id"], name="external_payment_once"),
            *append_only("compliance_payment"),
            *refuse(
                "reversal_of_what_came_in",
                table="compliance_payment",
                when={"INSERT": _TAKES_TOO_MUCH},
                message="a reversal takes back a payment of the same charge, no more than it was",
            ),
        ]

    def __str__(self) -> str:
        return self.amount

    @property
    def amount(self) -> str:
        """The amount as people read it."""
        return amount(self.cents, self.charge.currency)

    @property
    def left_cents(self) -> int:
        """The part that has not gone back, in cents."""
        return self.cents + (self.reversals.aggregate(sum=Sum("cents"))["sum"] or 0)


class RefusedPayment(models.Model):
    """A payment that a program reported and that did not fit; staff were warned of it once."""

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="refused_payments")
    system = models.CharField(max_length=SYSTEM_LENGTH)
    external_id = models.CharField(max_length=EXTERNAL_LENGTH)
    cents = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["charge", "system", "external_id", "cents", "currency"],
                name="refused_payment_once",
            ),
            *append_only("compliance_refusedpayment"),
        ]

    def __str__(self) -> str:
        return self.amount

    @property
    def amount(self) -> str:
        """The amount as people read it."""
        return amount(self.cents, self.currency)


class Waiver(models.Model):
    """That a charge need not be paid, and why."""

    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, related_name="waiver")
    reason = models.CharField(_("reason"), max_length=TEXT_LENGTH, validators=[validate_plain_text])
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="waiver_has_a_reason"),
            *append_only("compliance_waiver"),
        ]

    def __str__(self) -> str:
        return f"waiver of {self.charge_id}"
