"""Recoveries: a company whose only Super User is gone gets a new one, by two of the staff."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import RecoveryState
from accounts.choices.recoveries import (
    ANNOUNCED_RECOVERIES,
    APPROVED_RECOVERIES,
    OPEN_RECOVERIES,
)
from accounts.models.customers import Customer, Membership
from accounts.models.erasures import erased
from accounts.models.invitations import Invitation
from accounts.triggers import refuse
from accounts.validators import NAME_LENGTH, validate_name, validate_plain_text

TICKET_LENGTH, EVIDENCE_LENGTH, PROOF_LENGTH = 60, 500, 200
_OF_ANOTHER_CUSTOMER = """EXISTS (SELECT 1 FROM accounts_membership m
    WHERE m.id IN (NEW.lost_id, COALESCE(NEW.member_id, 0)) AND m.customer_id <> NEW.customer_id)"""
_ERASED = " OR ".join(
    erased("recoveries", person=person, unled=unled)
    for person, unled in [
        ("(SELECT m.user_id FROM accounts_membership m WHERE m.id = OLD.lost_id)", ""),
        ("(SELECT m.user_id FROM accounts_membership m WHERE m.id = OLD.member_id)", ""),
        (
            "(SELECT i.accepted_by_id FROM accounts_invitation i WHERE i.id = OLD.invitation_id)",
            "OLD.address <> ''",
        ),
    ]
)
_OTHER_FACTS = """NEW.customer_id <> OLD.customer_id OR NEW.lost_id <> OLD.lost_id
    OR COALESCE(NEW.member_id, 0) <> COALESCE(OLD.member_id, 0) OR NEW.address <> OLD.address
    OR NEW.opened_by_id <> OLD.opened_by_id OR NEW.evidence <> OLD.evidence
    OR NEW.proof <> OLD.proof OR NEW.ticket <> OLD.ticket
    OR (OLD.approved_by_id IS NOT NULL AND COALESCE(NEW.approved_by_id, 0) <> OLD.approved_by_id)
    OR (OLD.takes_effect_at IS NOT NULL AND (NEW.takes_effect_at IS NULL
        OR NEW.takes_effect_at < OLD.takes_effect_at))"""
_SKIPS_A_STATE = """(NEW.state = 'offered' AND OLD.state NOT IN ('waiting', 'offered'))
    OR (NEW.state = 'done' AND OLD.state <> 'offered')"""


class RecoveryQuerySet(models.QuerySet["SuperUserRecovery"]):
    """Recoveries, and which of them go on."""

    def open(self) -> "RecoveryQuerySet":
        """Return those that may still lead to a new main Super User."""
        return self.filter(state__in=OPEN_RECOVERIES)

    def announced(self) -> "RecoveryQuerySet":
        """Return the open ones that the company's people were told of."""
        return self.filter(state__in=ANNOUNCED_RECOVERIES)


class SuperUserRecovery(models.Model):
    """One recovery of a company; it is settled once."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="recoveries")
    lost = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    # The next main Super User: a member of the company, or else somebody with an address.
    member = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="recoveries"
    )
    address = models.EmailField(_("email address"), blank=True)
    name = models.CharField(
        _("name"), max_length=NAME_LENGTH, blank=True, validators=[validate_name]
    )
    ticket = models.CharField(max_length=TICKET_LENGTH, validators=[validate_plain_text])
    evidence = models.CharField(max_length=EVIDENCE_LENGTH, validators=[validate_plain_text])
    # The place of the proof: the number of a file or a letter, never a copy.
    proof = models.CharField(max_length=PROOF_LENGTH, validators=[validate_plain_text])
    state = models.CharField(max_length=10, choices=RecoveryState, default=RecoveryState.PROPOSED)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    takes_effect_at = models.DateTimeField(null=True, blank=True)
    offered_at = models.DateTimeField(null=True, blank=True)
    # Of the proposal, then of the offer.
    expires_at = models.DateTimeField()
    invitation = models.OneToOneField(
        Invitation, null=True, blank=True, on_delete=models.PROTECT, related_name="recovery"
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = RecoveryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(state__in=OPEN_RECOVERIES),
                name="one_open_recovery",
            ),
            models.CheckConstraint(
                condition=Q(state__in=RecoveryState.values), name="recovery_state_known"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("opened_by")),
                name="recovery_by_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=APPROVED_RECOVERIES)
                | Q(
                    approved_by__isnull=False,
                    approved_at__isnull=False,
                    takes_effect_at__gt=F("approved_at"),
                ),
                name="recovery_runs_once_approved",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[RecoveryState.OFFERED, RecoveryState.DONE])
                | Q(offered_at__gte=F("takes_effect_at")),
                name="recovery_offered_after_waiting",
            ),
            models.CheckConstraint(
                condition=Q(member=None) & ~Q(address="") | Q(member__isnull=False, address=""),
                name="recovery_for_one_successor",
            ),
            models.CheckConstraint(
                condition=Q(member=None) | ~Q(member=F("lost")), name="recovery_changes_the_role"
            ),
            models.CheckConstraint(
                condition=~Q(evidence="") & ~Q(proof="") & ~Q(ticket=""),
                name="recovery_has_evidence",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_RECOVERIES, settled_at=None)
                | (~Q(state__in=OPEN_RECOVERIES) & Q(settled_at__isnull=False)),
                name="recovery_settled_at_a_moment",
            ),
            *refuse(
                "recovery_settled_once",
                table="accounts_superuserrecovery",
                when={
                    "UPDATE": f"OLD.settled_at IS NOT NULL AND NOT ({_ERASED})",
                    "DELETE": "TRUE",
                },
                message="a recovery is settled once, and kept",
            ),
            *refuse(
                "recovery_keeps_its_facts",
                table="accounts_superuserrecovery",
                when={"UPDATE": f"({_OTHER_FACTS}) AND NOT ({_ERASED})"},
                message="a recovery keeps its people, its evidence and its waiting time",
            ),
            *refuse(
                "recovery_skips_no_state",
                table="accounts_superuserrecovery",
                when={"INSERT": "NEW.state <> 'proposed'", "UPDATE": _SKIPS_A_STATE},
                message="a recovery is proposed, approved, offered and accepted, in this order",
            ),
            *refuse(
                "recovery_within_customer",
                table="accounts_superuserrecovery",
                when={"INSERT": _OF_ANOTHER_CUSTOMER},
                message="a recovery is about one company",
            ),
        ]
        indexes = [
            models.Index(
                fields=["takes_effect_at"],
                condition=Q(state=RecoveryState.WAITING),
                name="recovery_by_effect",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer}: {self.lost} → {self.successor}"

    @property
    def successor(self) -> str:
        """The name of the next main Super User, or their address."""
        return str(self.member) if self.member else self.name or self.address

    @property
    def is_open(self) -> bool:
        """Whether it may still lead to a new main Super User."""
        return self.state in OPEN_RECOVERIES

    @property
    def is_announced(self) -> bool:
        """Whether the company's people can stop it."""
        return self.state in ANNOUNCED_RECOVERIES

    @property
    def is_expired(self) -> bool:
        """Whether it is too late to approve the proposal, or to accept the offer."""
        return self.expires_at <= timezone.now()
