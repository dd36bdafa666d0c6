"""The closing of an account: asked for, waiting for its days of grace, then erased."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.choices import Language
from accounts.models import Erasure
from accounts.triggers import refuse
from compliance.choices.erasures import ClosingState
from compliance.models.privacy_requests import PrivacyRequest


class Closing(models.Model):
    """That an account closes, or that an address without an account is erased.

    `plan` is what its person saw: for each data item what an erasure does to it. It never changes.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="closings"
    )
    address = models.EmailField(blank=True)  # of whom has no account, until it is erased
    language = models.CharField(max_length=2, choices=Language)
    request = models.OneToOneField(
        PrivacyRequest, null=True, on_delete=models.PROTECT, related_name="closing"
    )
    plan = models.JSONField()
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    takes_effect_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ClosingState, default=ClosingState.WAITING)
    settled_at = models.DateTimeField(null=True, editable=False)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    erasure = models.OneToOneField(
        Erasure, null=True, on_delete=models.PROTECT, related_name="closing"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, address="")
                | Q(person=None) & (~Q(address="") | ~Q(state=ClosingState.WAITING)),
                name="closing_of_a_person_or_an_address",
            ),
            models.CheckConstraint(
                condition=Q(takes_effect_at__gt=F("asked_at")), name="closing_waits"
            ),
            models.CheckConstraint(
                condition=Q(state=ClosingState.WAITING, settled_at=None, erasure=None)
                & Q(cancelled_by=None)
                | Q(state=ClosingState.CANCELLED, settled_at__isnull=False, erasure=None)
                & Q(cancelled_by__isnull=False)
                | Q(state=ClosingState.STARTED, settled_at__isnull=False, cancelled_by=None)
                & Q(erasure__isnull=False),
                name="closing_is_cancelled_or_started",
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state=ClosingState.WAITING),
                name="one_closing_of_a_person",
            ),
            models.UniqueConstraint(
                fields=["address"],
                condition=Q(state=ClosingState.WAITING) & ~Q(address=""),
                name="one_closing_of_an_address",
            ),
            *refuse(
                "closing_keeps_its_plan",
                table="compliance_closing",
                when={
                    "UPDATE": "NEW.plan <> OLD.plan OR NEW.takes_effect_at <> OLD.takes_effect_at"
                    " OR NEW.asked_at <> OLD.asked_at"
                    " OR COALESCE(NEW.person_id, 0) <> COALESCE(OLD.person_id, 0)"
                    " OR OLD.state <> 'waiting' AND NEW.state <> OLD.state",
                    "DELETE": "TRUE",
                },
                message="a closing keeps its plan and its day",
                no_truncate=True,
            ),
        ]
        indexes = [
            models.Index(
                fields=["takes_effect_at"],
                condition=Q(state=ClosingState.WAITING),
                name="closing_by_effect",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.address}, {self.takes_effect_at:%Y-%m-%d}"

    @property
    def is_waiting(self) -> bool:
        """Whether it can be cancelled."""
        return self.state == ClosingState.WAITING
