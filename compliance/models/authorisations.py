"""Authorisations: acts that the provider may do with a company's profiles on other platforms.

The platform gives the provider a role of its own there, so the hub holds no password (L48).
"""

import hashlib
import json
import uuid
from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import CustomerStatus
from accounts.models import Customer, User
from accounts.timezones import last_day
from accounts.triggers import refuse
from accounts.validators import NAME_LENGTH, validate_plain_text
from compliance.choices.authorisations import AuthorisationEnd, ManagedAct
from compliance.models.representatives import TEXT_LENGTH, Representative

# How long an authorisation goes on when its giver's time is over: another can renew it until then.
RENEWED_WITHIN = timedelta(days=30)

_KEEPS = " OR ".join(
    f"NEW.{column} <> OLD.{column}"
    for column in (
        "uuid", "customer_id", "platform", "profile", "may", "sha256", "until", "proposed_by_id",
        "proposed_at",
    )
)  # fmt: skip
_CHANGED = f"""{_KEEPS} OR OLD.ended_at IS NOT NULL
    OR (OLD.given_at IS NOT NULL AND (NEW.given_at IS NULL OR NEW.given_at <> OLD.given_at
      OR NEW.given_by_id <> OLD.given_by_id))"""
_NOT_BY_A_REPRESENTATIVE = """NEW.given_at IS NOT NULL AND OLD.given_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM compliance_representative r
      JOIN accounts_membership m ON m.id = r.membership_id
      WHERE r.id = NEW.given_by_id AND m.customer_id = NEW.customer_id
        AND r.confirmed_at IS NOT NULL AND r.ended_at IS NULL AND r.until > NEW.given_at)"""


class AuthorisationQuerySet(models.QuerySet["Authorisation"]):
    """Authorisations by what holds now."""

    def live(self) -> "AuthorisationQuerySet":
        """Return those that say yes at this moment (L47)."""
        now = timezone.now()
        return self.filter(
            Q(given_by__ended_at=None) | Q(given_by__ended_at__gt=now - RENEWED_WITHIN),
            given_by__until__gt=now - RENEWED_WITHIN,
            given_at__isnull=False,
            ended_at=None,
            until__gt=now,
            customer__status=CustomerStatus.ACTIVE,
        )

    def over(self) -> "AuthorisationQuerySet":
        """Return those whose time is over and whose end is not noted yet."""
        now = timezone.now()
        return self.filter(
            Q(until__lte=now)
            | Q(given_by__ended_at__lte=now - RENEWED_WITHIN)
            | Q(given_by__until__lte=now - RENEWED_WITHIN),
            ended_at=None,
        )


class Authorisation(models.Model):
    """One profile, what the provider may do with it, and who gave that until when."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="authorisations")
    platform = models.CharField(
        _("platform"), max_length=NAME_LENGTH, validators=[validate_plain_text]
    )
    profile = models.CharField(
        _("profile"), max_length=NAME_LENGTH, validators=[validate_plain_text]
    )
    may = models.JSONField(_("the provider may"), default=list)
    sha256 = models.CharField(max_length=64, editable=False)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now, editable=False)
    given_by = models.ForeignKey(
        Representative,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="authorisations",
    )
    given_at = models.DateTimeField(null=True, blank=True, editable=False)
    until = models.DateTimeField(_("last day"))
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ending = models.CharField(max_length=10, choices=AuthorisationEnd, blank=True, editable=False)
    reason = models.CharField(max_length=TEXT_LENGTH, blank=True, validators=[validate_plain_text])
    # When its people were told that it ends within 30 days.
    told_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = AuthorisationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("add", "view", "change")
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gt=F("proposed_at")), name="authorisation_ends_later"
            ),
            models.CheckConstraint(
                condition=~Q(platform="") & ~Q(profile="") & ~Q(may=[]),
                name="authorisation_says_what_for",
            ),
            models.CheckConstraint(
                condition=Q(given_at=None, given_by=None)
                | Q(given_at__isnull=False, given_by__isnull=False),
                name="authorisation_names_its_giver",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ending="")
                | Q(ended_at__isnull=False, ending__in=AuthorisationEnd.values),
                name="ended_authorisation_says_how",
            ),
            models.UniqueConstraint(
                Lower("platform"),
                Lower("profile"),
                condition=Q(ended_at=None, given_at__isnull=False),
                name="one_authorisation_of_a_profile",
            ),
            *refuse(
                "authorisation_keeps_its_terms",
                table="compliance_authorisation",
                when={"UPDATE": _CHANGED, "DELETE": "TRUE"},
                message="an authorisation stays as proposed and ends once",
                no_truncate=True,
            ),
            *refuse(
                "authorisation_begins_proposed",
                table="compliance_authorisation",
                when={"INSERT": "NEW.given_at IS NOT NULL OR NEW.ended_at IS NOT NULL"},
                message="an authorisation is proposed first",
            ),
            *refuse(
                "authorisation_by_representative",
                table="compliance_authorisation",
                when={"UPDATE": _NOT_BY_A_REPRESENTATIVE},
                message="a present representative of the company gives an authorisation",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="authorisation_by_customer"),
            models.Index(fields=["until"], condition=Q(ended_at=None), name="authorisation_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.profile} ({self.platform})"

    @property
    def acts(self) -> list[str]:
        """The acts that the provider may do, in words."""
        return [str(ManagedAct(code).label) for code in self.may]

    @property
    def last_day(self) -> date:
        """The company's last day on which it holds."""
        return last_day(self.until, self.customer.zone)

    @property
    def is_proposed(self) -> bool:
        """Whether a representative can still give it."""
        return self.given_at is None and self.ended_at is None and self.until > timezone.now()

    @property
    def is_given(self) -> bool:
        """Whether it was given and has not ended."""
        return self.given_at is not None and self.ended_at is None and self.until > timezone.now()

    def computed_sha256(self) -> str:
        """Return the hash of its terms: of JSON with sorted keys."""
        terms = {
            "company": self.customer.slug,
            "platform": self.platform,
            "profile": self.profile,
            "may": self.may,
            "until": self.until.isoformat(),
        }
        text = json.dumps(terms, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
