"""Legal holds: data that an erasure and a retention rule leave, until a day."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.utils import timezone

from accounts.models import Customer
from accounts.models.erasures import erased
from accounts.triggers import refuse
from compliance.choices.erasures import HoldScope

GROUND_LENGTH = 300  # characters

# The service asks the same of every address that it knows; here are those that a column has.
_ABOUT = """h.scope = 'item' OR h.person_id = e.person_id
    OR h.customer_id IN (
        SELECT m.customer_id FROM accounts_membership m WHERE m.user_id = e.person_id)
    OR h.address <> '' AND (h.address_hash = e.address_hash
        OR h.address IN (SELECT u.email FROM accounts_user u WHERE u.id = e.person_id)
        OR h.address IN (SELECT a.email FROM account_emailaddress a WHERE a.user_id = e.person_id))
"""
_HELD = f"""NEW.outcome = 'done' AND EXISTS (
    SELECT 1 FROM compliance_legalhold h, accounts_erasure e
    WHERE e.id = NEW.erasure_id AND h.ended_at IS NULL AND h.until > CURRENT_TIMESTAMP
        AND h.item IN ('', NEW.item) AND ({_ABOUT}))"""  # noqa: S608 -- ours
_FACTS = """NEW.scope <> OLD.scope OR NEW.item <> OLD.item OR NEW.until <> OLD.until
    OR NEW.placed_at <> OLD.placed_at OR NEW.placed_by_id <> OLD.placed_by_id
    OR COALESCE(NEW.person_id, 0) <> COALESCE(OLD.person_id, 0)
    OR COALESCE(NEW.customer_id, 0) <> COALESCE(OLD.customer_id, 0)
    OR NEW.address_hash <> OLD.address_hash OR NEW.uuid <> OLD.uuid
    OR OLD.ended_at IS NOT NULL AND (
        NEW.ended_at IS NULL OR NEW.ended_at <> OLD.ended_at
        OR NEW.ended_by_id <> OLD.ended_by_id)"""
_WORDS = """NEW.ground <> OLD.ground
    OR OLD.ended_at IS NOT NULL AND NEW.end_reason <> OLD.end_reason"""
_WHOSE: dict[str, str] = {"person": "OLD.person_id", "unled": "OLD.address <> ''"}
_ERASED = erased("holds", **_WHOSE)
_ADDRESS_ERASED = erased("holds", **_WHOSE, address="NEW.address")


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    """Legal holds, and which are in force."""

    def in_force(self, now: datetime | Combinable | None = None) -> "LegalHoldQuerySet":
        """Return the holds that keep data at a moment: each ends by itself."""
        return self.filter(ended_at=None, until__gt=now or timezone.now())


class LegalHold(models.Model):
    """One hold: of a data item, a person or address, or the people of a company.

    Without an item, it keeps everything of those it is about.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    scope = models.CharField(max_length=10, choices=HoldScope)
    item = models.CharField(max_length=40, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="legal_holds"
    )
    address = models.EmailField(blank=True)
    address_hash = models.CharField(max_length=64, blank=True)  # by which an erasure is held
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="legal_holds"
    )
    ground = models.CharField(max_length=GROUND_LENGTH)
    until = models.DateTimeField()
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    placed_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.CharField(max_length=GROUND_LENGTH, blank=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(scope=HoldScope.ITEM, person=None, customer=None, address="")
                & ~Q(item="")
                | Q(scope=HoldScope.PERSON, person__isnull=False, customer=None, address="")
                | Q(scope=HoldScope.PERSON, person=None, customer=None) & ~Q(address="")
                | Q(scope=HoldScope.CUSTOMER, person=None, customer__isnull=False, address=""),
                name="hold_is_about_its_scope",
            ),
            models.CheckConstraint(
                condition=Q(address="", address_hash="") | ~Q(address="") & ~Q(address_hash=""),
                name="held_address_has_its_hash",
            ),
            models.CheckConstraint(condition=~Q(ground=""), name="hold_has_a_ground"),
            models.CheckConstraint(
                condition=Q(until__gt=F("placed_at")), name="hold_ends_by_itself"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, end_reason="")
                | Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(end_reason=""),
                name="ended_hold_says_who_and_why",
            ),
            *refuse(
                "held_data_is_not_erased",
                table="accounts_erasurestep",
                when={"INSERT": _HELD},
                message="data on a legal hold is kept",
            ),
            *refuse(
                "hold_keeps_its_facts",
                table="compliance_legalhold",
                when={
                    "UPDATE": f"{_FACTS} OR ({_WORDS}) AND NOT {_ERASED}"
                    f" OR NEW.address <> OLD.address AND NOT {_ADDRESS_ERASED}",
                    "DELETE": "TRUE",
                },
                message="a hold ends, and is kept as it was",
                no_truncate=True,
            ),
        ]
        indexes = [
            models.Index(fields=["until"], condition=Q(ended_at=None), name="hold_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()}: {self.ground}"

    @property
    def is_in_force(self) -> bool:
        """Whether it keeps data now."""
        return self.ended_at is None and self.until > timezone.now()

    @property
    def about(self) -> str:
        """The person or company whose data it keeps; "" for everybody's."""
        return str(self.person or self.customer or self.address or "")
