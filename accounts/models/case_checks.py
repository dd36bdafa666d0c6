"""Proofs of who calls the support desk: codes, and questions to Super Users."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.choices import ConfirmationAnswer
from accounts.models.cases import SupportCase
from accounts.models.people import User
from accounts.triggers import refuse

_OF_ANOTHER_PERSON = """NEW.case_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM accounts_supportcase c
    WHERE c.id = NEW.case_id AND c.person_id = NEW.person_id)"""
_BY_PARTY = """NEW.answered_by_id IS NOT NULL AND EXISTS (SELECT 1 FROM accounts_supportcase c
    WHERE c.id = NEW.case_id AND NEW.answered_by_id IN (c.person_id, c.opened_by_id))"""


class CallerCode(models.Model):
    """A code that a caller reads to the desk: from their own page, or emailed for one case.

    It is deleted by its use, by the last wrong try, and once it is too old.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    # The case for which it was emailed; None where the person's own page showed it.
    case = models.ForeignKey(
        SupportCase, null=True, blank=True, on_delete=models.CASCADE, related_name="codes"
    )
    code_hash = models.CharField(max_length=64)  # under a key of the hub
    tries_left = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(case=None), name="one_support_code"
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(case__isnull=False), name="one_code_of_case"
            ),
            *refuse(
                "caller_code_of_its_person",
                table="accounts_callercode",
                when={"INSERT": _OF_ANOTHER_PERSON, "UPDATE": _OF_ANOTHER_PERSON},
                message="a code is for the person of its case",
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class CaseConfirmation(models.Model):
    """A question to the Super Users of a company: is it really this person who calls?"""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(
        SupportCase, on_delete=models.PROTECT, related_name="confirmations", db_index=False
    )
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    answer = models.CharField(max_length=10, choices=ConfirmationAnswer, blank=True)
    answered_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case"], name="case_asks_once"),
            models.CheckConstraint(
                condition=Q(answer="", answered_by=None, answered_at=None)
                | Q(
                    answer__in=ConfirmationAnswer.values,
                    answered_by__isnull=False,
                    answered_at__isnull=False,
                ),
                name="confirmation_answered_by_somebody",
            ),
            *refuse(
                "confirmation_by_somebody_else",
                table="accounts_caseconfirmation",
                when={"INSERT": _BY_PARTY, "UPDATE": _BY_PARTY},
                message="neither the caller nor the agent confirms a case",
            ),
            *refuse(
                "confirmation_answered_once",
                table="accounts_caseconfirmation",
                when={"UPDATE": "OLD.answer <> ''"},
                message="a confirmation is answered once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.answer}"

    @property
    def is_waiting(self) -> bool:
        """Whether a Super User can still answer."""
        return not self.answer and self.case.is_open and self.expires_at > timezone.now()
