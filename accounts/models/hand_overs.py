"""Offers of the main Super User's role to another Super User."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.choices import HandOverState
from accounts.models.customers import Customer, Membership
from accounts.triggers import refuse


class HandOverQuerySet(models.QuerySet["HandOver"]):
    """Offers; an open one may have expired, which is checked when it is used."""

    def open(self) -> "HandOverQuerySet":
        """Return those neither accepted, declined, withdrawn nor lapsed; expired ones too."""
        return self.filter(state=HandOverState.OPEN)

    def waiting(self) -> "HandOverQuerySet":
        """Return those that are open and not expired."""
        return self.open().filter(expires_at__gt=timezone.now())


_OF_ANOTHER_CUSTOMER = """EXISTS (SELECT 1 FROM accounts_membership m
    WHERE m.id IN (NEW.giver_id, NEW.receiver_id) AND m.customer_id <> NEW.customer_id)"""


class HandOver(models.Model):
    """One offer of the role of main Super User; it is settled once."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="hand_overs")
    giver = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="hand_overs")
    state = models.CharField(max_length=10, choices=HandOverState, default=HandOverState.OPEN)
    offered_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = HandOverQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(state=HandOverState.OPEN),
                name="one_open_hand_over",
            ),
            models.CheckConstraint(
                condition=Q(state=HandOverState.OPEN, settled_at=None)
                | Q(
                    state__in=[state for state in HandOverState if state != HandOverState.OPEN],
                    settled_at__isnull=False,
                ),
                name="hand_over_settled_at_a_moment",
            ),
            models.CheckConstraint(
                condition=~Q(giver=F("receiver")), name="hand_over_between_two_people"
            ),
            *refuse(
                "hand_over_settled_once",
                table="accounts_handover",
                when={"UPDATE": "OLD.state <> 'open'"},
                message="an offer of the main role is settled once",
            ),
            *refuse(
                "hand_over_keeps_its_people",
                table="accounts_handover",
                when={
                    "UPDATE": "NEW.customer_id <> OLD.customer_id OR NEW.giver_id <> OLD.giver_id"
                    " OR NEW.receiver_id <> OLD.receiver_id"
                },
                message="an offer of the main role is for one person",
            ),
            *refuse(
                "hand_over_within_customer",
                table="accounts_handover",
                when={"INSERT": _OF_ANOTHER_CUSTOMER},
                message="the main role stays within the customer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.giver} → {self.receiver}"

    @property
    def is_open(self) -> bool:
        """Whether it is not settled; it may have expired."""
        return self.state == HandOverState.OPEN

    @property
    def is_expired(self) -> bool:
        """Whether it is too old to be accepted."""
        return self.expires_at <= timezone.now()
