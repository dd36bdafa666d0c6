"""Referrals: somebody's contact, who gets one email from us and no second one, ever."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.choices import Language
from accounts.models import Customer, User
from accounts.triggers import refuse
from accounts.validators import NAME_LENGTH, validate_plain_text
from compliance.choices.programmes import ReferralState, Relation

_REWRITTEN = """NEW.address_hash <> OLD.address_hash OR NEW.referrer_id <> OLD.referrer_id
    OR NEW.customer_id <> OLD.customer_id OR NEW.created_at <> OLD.created_at
    OR NEW.address <> OLD.address AND NEW.address <> ''
    OR NEW.contact_name <> OLD.contact_name AND NEW.contact_name <> ''
    OR OLD.blanked_at IS NOT NULL AND NEW.blanked_at IS NULL"""


class Referral(models.Model):
    """A contact that a Super User referred to us.

    Name and address go after thirty days. The hash of the address stays, so that nobody is written
    to twice (L62).
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="referrals")
    referrer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="referrals")
    contact_name = models.CharField(
        max_length=NAME_LENGTH, blank=True, validators=[validate_plain_text]
    )
    address = models.EmailField(blank=True)
    address_hash = models.CharField(max_length=64, unique=True, editable=False)
    language = models.CharField(max_length=2, choices=Language)
    relation = models.CharField(max_length=10, choices=Relation)
    confirmed = models.BooleanField(
        help_text="Whether the referrer confirmed that they know the contact."
    )
    state = models.CharField(max_length=10, choices=ReferralState)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    answered_at = models.DateTimeField(null=True, blank=True, editable=False)
    may_tell = models.BooleanField(
        default=False, help_text="Whether the referrer may learn that the contact joined."
    )
    joined_at = models.DateTimeField(null=True, blank=True, editable=False)
    blanked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ReferralState.values), name="referral_state_known"
            ),
            models.CheckConstraint(
                condition=Q(relation__in=Relation.values), name="referral_relation_known"
            ),
            models.CheckConstraint(
                condition=Q(confirmed=True), name="referral_is_of_somebody_known"
            ),
            models.CheckConstraint(
                condition=Q(blanked_at__isnull=True)
                | Q(contact_name="", address="") & ~Q(state=ReferralState.ASKED),
                name="blanked_referral_names_nobody",
            ),
            models.CheckConstraint(
                condition=Q(state=ReferralState.INTERESTED)
                | Q(may_tell=False, joined_at__isnull=True),
                name="only_an_interested_contact_joins",
            ),
            *refuse(
                "referral_stays",
                table="compliance_referral",
                when={"UPDATE": _REWRITTEN, "DELETE": "TRUE"},
                message="a referral keeps its hash, and is blanked but not deleted",
                no_truncate=True,
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(blanked_at=None), name="referral_to_blank"
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)
