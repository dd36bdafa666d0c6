"""Offboarding: when somebody leaves a customer, and who takes over their teams."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import OffboardingState
from accounts.models.audit import AuditEvent
from accounts.models.customers import Membership
from accounts.models.erasures import erased
from accounts.models.requests import AccessRequest
from accounts.models.teams import Team
from accounts.triggers import Trigger, refuse
from accounts.validators import validate_plain_lines

_ERASED = erased(
    "offboarding",
    person="(SELECT m.user_id FROM accounts_membership m WHERE m.id = OLD.membership_id)",
)
_REQUEST_OF_ANOTHER = """NEW.request_id IS NOT NULL AND NEW.membership_id <> (
    SELECT r.membership_id FROM accounts_accessrequest r WHERE r.id = NEW.request_id)"""
_TO_NO_COLLEAGUE = """NOT EXISTS (
    SELECT 1 FROM accounts_offboarding l JOIN accounts_membership m ON m.id = l.membership_id
    JOIN accounts_membership r ON r.id = NEW.receiver_id
    WHERE l.id = NEW.offboarding_id AND r.customer_id = m.customer_id AND r.id <> m.id)"""


def reassigned_to_a_colleague(table: str) -> list[Trigger]:
    """Refuse a row that hands something over to the leaver, or outside the customer."""
    return refuse(
        f"{table}_to_a_colleague",
        table=table,
        when={"INSERT": _TO_NO_COLLEAGUE, "UPDATE": _TO_NO_COLLEAGUE},
        message="access is reassigned within the customer, and not to the leaver",
    )


class Offboarding(models.Model):
    """A plan that somebody leaves: open until it is due, or somebody cancels it.

    The membership's `ends_at` is the same moment, so that a check needs no job. Upper apps add rows
    of what is handed over.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="offboardings"
    )
    leaves_at = models.DateTimeField(_("person leaving"))
    former_end = models.DateTimeField(
        null=True,
        blank=True,
        help_text=_("The earlier last day, restored if the plan is cancelled."),
    )
    reason = models.CharField(
        _("reason"), max_length=500, blank=True, validators=[validate_plain_lines]
    )
    request = models.OneToOneField(
        AccessRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="offboarding"
    )
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    planned_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=OffboardingState, default=OffboardingState.OPEN)
    settled_at = models.DateTimeField(null=True, blank=True)
    event = models.OneToOneField(
        AuditEvent,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Result of the handover, for the activity log."),
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=OffboardingState.OPEN, settled_at=None, event=None)
                | Q(state=OffboardingState.CANCELLED, settled_at__isnull=False)
                | Q(state=OffboardingState.DONE, settled_at__isnull=False, event__isnull=False),
                name="offboarding_settled_at_a_moment",
            ),
            models.UniqueConstraint(
                fields=["membership"],
                condition=Q(state=OffboardingState.OPEN),
                name="one_open_offboarding",
            ),
            *refuse(
                "offboarding_settled_once",
                table="accounts_offboarding",
                when={"UPDATE": f"OLD.state <> 'open' AND NOT {_ERASED}"},
                message="a leaving is settled once",
            ),
            *refuse(
                "offboarding_answers_its_own",
                table="accounts_offboarding",
                when={"INSERT": _REQUEST_OF_ANOTHER, "UPDATE": _REQUEST_OF_ANOTHER},
                message="a leaving answers a request of the person who leaves",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership} leaves at {self.leaves_at}"


class ReassignedTeam(models.Model):
    """A place in a team that a receiver takes over from the leaver."""

    offboarding = models.ForeignKey(
        Offboarding, on_delete=models.CASCADE, related_name="reassigned_teams"
    )
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="+")
    receiver = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=100, help_text=_("Name, kept if the resource is removed."))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offboarding", "team"], name="team_reassigned_once"),
            *reassigned_to_a_colleague("accounts_reassignedteam"),
        ]

    def __str__(self) -> str:
        return f"{self.words} to {self.receiver}"
