"""Delivery events, and the escalation of a notice that bounced."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.choices import BounceReason
from accounts.choices.erasures import ERASED_DOMAIN
from accounts.models import User
from accounts.triggers import append_only, refuse
from preferences.choices.delivery_events import (
    BOUNCED,
    OPEN_ESCALATIONS,
    DeliveryEventKind,
    EscalationState,
    ReachedHow,
)
from preferences.models.messages import (
    WITH_ADDRESS_OF_ERASED_MESSAGE,
    WITH_ERASED_MESSAGE,
    WITH_OLD_MESSAGE,
    Message,
)
from preferences.models.recipients import Recipient

_ENDING = f"@{ERASED_DOMAIN}"
_MESSAGE_IS_ERASED = f"""EXISTS (SELECT 1 FROM preferences_message m WHERE m.id = NEW.message_id
    AND substr(m.address, length(m.address) - {len(_ENDING) - 1}) = '{_ENDING}')"""  # noqa: S608


class DeliveryEvent(models.Model):
    """A report by a server about one message; a trigger refuses to change it.

    That a server accepted the message is in the message's own state. Only a report tells more
    (R48).
    """

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=10, choices=DeliveryEventKind)
    at = models.DateTimeField(default=timezone.now)
    diagnostic = models.CharField(max_length=300, blank=True, help_text="In the server's words.")
    reason = models.CharField(max_length=12, choices=BounceReason, blank=True)
    event = models.CharField(
        max_length=200,
        unique=True,
        help_text="The event's name at its sender; each is recorded once.",
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=DeliveryEventKind.values), name="delivery_event_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=BOUNCED, reason__in=BounceReason.values)
                | (~Q(kind__in=BOUNCED) & Q(reason="")),
                name="delivery_event_of_a_bounce_has_a_reason",
            ),
            *refuse(
                "late_report_has_no_text",
                table="preferences_deliveryevent",
                when={"INSERT": f"NEW.diagnostic <> '' AND {_MESSAGE_IS_ERASED}"},
                message="a report about an erased email keeps no text of the server",
            ),
            *append_only(
                "preferences_deliveryevent",
                erased=WITH_ERASED_MESSAGE,
                over=WITH_OLD_MESSAGE,
            ),
        ]
        indexes = [
            # Few complaints among many deliveries: services/complaints.py counts with this index.
            models.Index(
                fields=["message"],
                condition=Q(kind=DeliveryEventKind.COMPLAINT),
                name="delivery_event_complaint",
            ),
            models.Index(
                fields=["at"], condition=Q(kind__in=BOUNCED), name="delivery_event_bounce"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.kind}"


class Escalation(models.Model):
    """The attempts to reach a person whose notice bounced, until they are reached or all fail.

    The periodic tick takes it from step to step; `due_at` is when the next one is.
    """

    message = models.OneToOneField(
        Message, primary_key=True, on_delete=models.PROTECT, related_name="escalation"
    )
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="escalations")
    state = models.CharField(
        max_length=10, choices=EscalationState, default=EscalationState.ADDRESSES
    )
    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, help_text="When the Super Users were told.")
    ended_at = models.DateTimeField(null=True)
    how = models.CharField(max_length=10, choices=ReachedHow, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        permissions = [("settle_escalation", "May say that a notice reached somebody")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=EscalationState.values), name="escalation_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_ESCALATIONS, ended_at__isnull=True, how="")
                | Q(state=EscalationState.PROVED, ended_at__isnull=False)
                & Q(how__in=["delivered", "read", "phone", "post"])
                | Q(state=EscalationState.EXHAUSTED, ended_at__isnull=False, how="gave_up"),
                name="escalation_ends_proved_or_exhausted",
            ),
            *refuse(
                "escalation_ends_for_good",
                table="preferences_escalation",
                when={
                    "UPDATE": f"OLD.state IN ('proved', 'exhausted') AND NOT {WITH_ERASED_MESSAGE}"
                    " OR OLD.message_id <> NEW.message_id",
                    "DELETE": f"NOT ({WITH_OLD_MESSAGE})",
                },
                message="an escalation ends once, for good",
                no_truncate=True,
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=OPEN_ESCALATIONS),
                name="escalation_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.state}"


class DeliveryProbe(models.Model):
    """An email that tests whether an address works. It never opens an escalation itself.

    As a part of an escalation it is the notice, sent to another address; each is tried once.
    """

    message = models.OneToOneField(
        Message, primary_key=True, on_delete=models.PROTECT, related_name="probe"
    )
    escalation = models.ForeignKey(
        Escalation, null=True, on_delete=models.PROTECT, related_name="probes"
    )
    address = models.EmailField()

    class Meta:
        ordering = ["message"]
        constraints = [
            models.UniqueConstraint(
                fields=["escalation", "address"],
                condition=Q(escalation__isnull=False),
                name="each_address_is_tried_once",
            ),
            *append_only(
                "preferences_deliveryprobe",
                erased=WITH_ADDRESS_OF_ERASED_MESSAGE,
                over=WITH_OLD_MESSAGE,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} → {self.address}"
