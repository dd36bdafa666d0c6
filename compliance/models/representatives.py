"""The people who may act for a company where the provider needs to know with whom it deals."""

import uuid
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import CustomerStatus
from accounts.models import Membership, User
from accounts.timezones import last_day
from accounts.triggers import effect, refuse
from accounts.validators import validate_plain_text
from compliance.choices.representatives import Capacity, Ending

TEXT_LENGTH = 300  # characters
_NOT_LIVE = """NOT EXISTS (SELECT 1 FROM accounts_membership m
    JOIN accounts_user u ON u.id = m.user_id WHERE m.id = NEW.membership_id
      AND m.ended_at IS NULL AND m.suspended_at IS NULL AND u.is_active)"""
# A year later, as text: the only way that both engines count years.
_A_YEAR_LATER = """CAST(CAST(substr(CAST(NEW.proposed_at AS text), 1, 4) AS integer) + 1 AS text)
    || substr(CAST(NEW.proposed_at AS text), 5)"""
_KEEPS_TERMS = """NEW.membership_id <> OLD.membership_id OR NEW.capacity <> OLD.capacity
    OR NEW.evidence <> OLD.evidence OR NEW.proposed_by_id <> OLD.proposed_by_id
    OR NEW.proposed_at <> OLD.proposed_at OR NEW.until <> OLD.until
    OR (OLD.confirmed_at IS NOT NULL AND (NEW.confirmed_at IS NULL
      OR NEW.confirmed_at <> OLD.confirmed_at OR NEW.confirmed_by_id <> OLD.confirmed_by_id))
    OR OLD.ended_at IS NOT NULL"""
_NOT_BY_STAFF = """NEW.confirmed_by_id IS NOT NULL AND OLD.confirmed_by_id IS NULL
    AND (NEW.confirmed_by_id = NEW.proposed_by_id
      OR NOT EXISTS (SELECT 1 FROM accounts_user s WHERE s.id = NEW.confirmed_by_id AND s.is_staff)
      OR EXISTS (SELECT 1 FROM accounts_membership m
        WHERE m.id = NEW.membership_id AND m.user_id = NEW.confirmed_by_id))"""
_END = """UPDATE compliance_representative SET ended_at = {moment}, ending = '{ending}'
    WHERE ended_at IS NULL AND membership_id {of}"""


def _ends(name: str, table: str, when: str, **values: str) -> list[models.BaseConstraint]:
    return [
        effect(name, table=table, event="UPDATE", when=when, statements=[_END.format(**values)])
    ]


class RepresentativeQuerySet(models.QuerySet["Representative"]):
    """Representatives by what they may do now."""

    def in_force(self) -> "RepresentativeQuerySet":
        """Return those who may act for their company at this moment (L34)."""
        return self.filter(
            membership__in=Membership.objects.live(),
            membership__user__is_active=True,
            membership__customer__status=CustomerStatus.ACTIVE,
            confirmed_at__isnull=False,
            ended_at=None,
            until__gt=timezone.now(),
        )


class Representative(models.Model):
    """Somebody whom a company proposed, and staff confirmed, to act for it until a day."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="representatives"
    )
    capacity = models.CharField(_("capacity"), max_length=15, choices=Capacity)
    evidence = models.CharField(
        _("evidence"), max_length=TEXT_LENGTH, validators=[validate_plain_text]
    )
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now, editable=False)
    until = models.DateTimeField(_("last day"))
    confirmed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    ending = models.CharField(max_length=10, choices=Ending, blank=True, editable=False)
    end_reason = models.CharField(max_length=TEXT_LENGTH, blank=True)

    objects = RepresentativeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(
                condition=Q(capacity__in=Capacity.values), name="capacity_known"
            ),
            models.CheckConstraint(
                condition=Q(ending__in=["", *Ending.values]), name="representative_ending_known"
            ),
            models.CheckConstraint(condition=~Q(evidence=""), name="representative_has_evidence"),
            models.CheckConstraint(
                condition=Q(until__gt=F("proposed_at")), name="representative_ends_later"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="confirmation_names_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ending="") | Q(ended_at__isnull=False) & ~Q(ending=""),
                name="ended_representative_says_how",
            ),
            models.UniqueConstraint(
                fields=["membership"],
                condition=Q(ended_at=None),
                name="one_present_representative",
            ),
            *refuse(
                "representative_is_a_live_member",
                table="compliance_representative",
                when={
                    "INSERT": _NOT_LIVE,
                    "UPDATE": f"NEW.ended_at IS NULL AND {_NOT_LIVE}",
                },
                message="a representative has a live membership",
            ),
            *refuse(
                "representative_for_a_year",
                table="compliance_representative",
                when={"INSERT": f"CAST(NEW.until AS text) > {_A_YEAR_LATER}"},
                message="a representative is on file for a year at most",
            ),
            *refuse(
                "representative_keeps_terms",
                table="compliance_representative",
                when={"UPDATE": _KEEPS_TERMS, "DELETE": "TRUE"},
                message="a representative stays as proposed and ends once",
                no_truncate=True,
            ),
            *refuse(
                "representative_begins_unconfirmed",
                table="compliance_representative",
                when={"INSERT": "NEW.confirmed_at IS NOT NULL OR NEW.ended_at IS NOT NULL"},
                message="a representative is proposed first",
            ),
            *refuse(
                "representative_confirmed_by_staff",
                table="compliance_representative",
                when={"UPDATE": _NOT_BY_STAFF},
                message="staff confirm a representative, and nobody confirms themselves",
            ),
            *_ends(
                "representative_ends_with_membership",
                "accounts_membership",
                "NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL",
                moment="NEW.ended_at",
                ending=Ending.LEFT,
                of="= NEW.id",
            ),
            *_ends(
                "representative_ends_with_suspension",
                "accounts_membership",
                "NEW.suspended_at IS NOT NULL AND OLD.suspended_at IS NULL",
                moment="NEW.suspended_at",
                ending=Ending.SUSPENDED,
                of="= NEW.id",
            ),
            *_ends(
                "representative_ends_with_account",
                "accounts_user",
                "OLD.is_active AND NOT NEW.is_active",
                moment="CURRENT_TIMESTAMP",
                ending=Ending.SUSPENDED,
                of="IN (SELECT id FROM accounts_membership WHERE user_id = NEW.id)",
            ),
        ]
        indexes = [
            models.Index(
                fields=["until"], condition=Q(ended_at=None), name="representative_by_end"
            ),
        ]

    def __str__(self) -> str:
        return str(self.membership)

    @property
    def is_in_force(self) -> bool:
        """Whether they may act now, as far as their own row says; see `in_force` for the rest."""
        return (
            self.confirmed_at is not None and self.ended_at is None and self.until > timezone.now()
        )

    @property
    def is_proposed(self) -> bool:
        """Whether staff have yet to confirm them."""
        return self.confirmed_at is None and self.ended_at is None and self.until > timezone.now()

    @property
    def last_day(self) -> date:
        """The company's last day on which they may act."""
        return last_day(self.until, self.membership.customer.zone)
