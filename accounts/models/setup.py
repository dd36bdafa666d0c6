"""Skipped steps of the set-up guides; what is done is read from the data itself."""

from django.db import models
from django.db.models import Q

from accounts.choices import SetupStep
from accounts.models.customers import Customer


class SkippedStep(models.Model):
    """A step that a company's Super User skipped, or without a customer, the provider's staff."""

    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="skipped_steps"
    )
    step = models.CharField(max_length=10, choices=SetupStep)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(step__in=SetupStep.values), name="setup_step_known"),
            models.UniqueConstraint(fields=["customer", "step"], name="company_skips_once"),
            models.UniqueConstraint(
                fields=["step"], condition=Q(customer=None), name="provider_skips_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.step}"
