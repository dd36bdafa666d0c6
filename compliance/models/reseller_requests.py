"""Requests of companies to join the reseller programme."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Customer, User
from accounts.validators import validate_plain_text
from compliance.choices.programmes import ResellerRequestState

REASON_LENGTH = 500  # characters


class ResellerRequest(models.Model):
    """A Super User's request that their company resells; staff approve or decline it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="reseller_requests"
    )
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(
        max_length=10, choices=ResellerRequestState, default=ResellerRequestState.OPEN
    )
    reason = models.CharField(
        max_length=REASON_LENGTH, blank=True, validators=[validate_plain_text]
    )
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ResellerRequestState.values),
                name="reseller_request_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state=ResellerRequestState.OPEN, decided_by=None, decided_at=None)
                | ~Q(state=ResellerRequestState.OPEN)
                & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="decided_reseller_request_names_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=ResellerRequestState.DECLINED) | ~Q(reason=""),
                name="declined_reseller_request_has_a_reason",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(state=ResellerRequestState.OPEN),
                name="one_open_reseller_request",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.state}"
