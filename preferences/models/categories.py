"""Notice classes and topics: two tables, so that a choice can belong to a topic only."""

from datetime import datetime

from django.db import models
from django.db.models import Exists, Q
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Membership, User
from accounts.triggers import append_only
from accounts.validators import validate_plain_text
from portals.choices import SubscriptionStatus
from portals.models import Portal
from preferences.choices import FOUNDING_CLASSES, GROUNDS, NoticeCode, TopicBasis
from preferences.validators import validate_topic_slug


class NoticeClass(models.Model):
    """A mandatory category. Its texts are in the code; rows exist for foreign keys."""

    code = models.CharField(max_length=20, primary_key=True, choices=NoticeCode)

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "notice classes"
        constraints = [
            models.CheckConstraint(
                condition=Q(code__in=NoticeCode.values), name="notice_class_known"
            ),
            # The rows of the closed list are added after a migration and never deleted.
            *append_only("preferences_noticeclass"),
        ]

    def __str__(self) -> str:
        return str(NoticeCode(self.code).label)

    @property
    def legal_basis(self) -> str:
        """The rule of law that makes it mandatory."""
        return str(GROUNDS[NoticeCode(self.code)].basis.label)

    @property
    def reason(self) -> str:
        """Why it is mandatory, as told to the person."""
        return str(GROUNDS[NoticeCode(self.code)].reason)

    @property
    def is_active(self) -> bool:
        """Whether it is in use: one of the first five, or activated by two staff."""
        return self.code in FOUNDING_CLASSES or self.activations.count() >= 2


class Activation(models.Model):
    """A staff member's approval of a notice class added later; two activate it."""

    notice_class = models.ForeignKey(
        NoticeClass, on_delete=models.PROTECT, related_name="activations"
    )
    staff = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["notice_class", "at"]
        constraints = [
            models.UniqueConstraint(fields=["notice_class", "staff"], name="one_activation_each"),
            *append_only("preferences_activation"),
        ]

    def __str__(self) -> str:
        return f"{self.notice_class_id}: {self.staff}"


class Reseller(models.Model):
    """The mark of a customer who resells: some topics are for resellers alone."""

    customer = models.OneToOneField(
        Customer, primary_key=True, on_delete=models.PROTECT, related_name="reseller"
    )
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.customer)


class TopicQuerySet(models.QuerySet["Topic"]):
    """Topics, with the filters of who may subscribe."""

    def visible_to(
        self, user: User | Combinable, now: datetime | Combinable | None = None
    ) -> "TopicQuerySet":
        """Return the active topics that are offered to this person by one of their customers."""
        customers = Customer.objects.filter(
            pk__in=Membership.objects.live(now).filter(user=user).values("customer")
        )
        resellers = customers.filter(reseller__isnull=False)
        return self.filter(
            Q(portal=None, resellers_only=False)
            | Q(portal=None, resellers_only=True) & Exists(resellers)
            | Q(portal__in=_portals_of(customers), resellers_only=False)
            | Q(portal__in=_portals_of(resellers), resellers_only=True),
            active=True,
        ).exclude(basis=TopicBasis.REFERRAL)

    def for_anyone(self) -> "TopicQuerySet":
        """Return the active topics for people without an account too (see Topic.is_public)."""
        everybodys = self.filter(portal=None, resellers_only=False, active=True)
        return everybodys.exclude(basis=TopicBasis.REFERRAL)


def _portals_of(customers: models.QuerySet[Customer]) -> models.QuerySet[Portal]:
    return Portal.objects.filter(
        subscriptions__customer__in=customers, subscriptions__status=SubscriptionStatus.ACTIVE
    )


def _in_both(label: str, length: int) -> tuple[models.CharField, models.CharField]:
    return tuple(  # type: ignore[return-value]
        models.CharField(
            f"{label} ({language})", max_length=length, validators=[validate_plain_text]
        )
        for language in ("English", "français")
    )


class Topic(models.Model):
    """An optional category of email that people subscribe to."""

    slug = models.SlugField(
        _("short name"), max_length=40, unique=True, validators=[validate_topic_slug]
    )
    name_en, name_fr = _in_both("name", 100)
    purpose_en, purpose_fr = _in_both("purpose", 200)
    cadence_en, cadence_fr = _in_both("how often", 100)
    default_on = models.BooleanField(
        _("on by default"),
        default=False,
        help_text=_("People who have not chosen get the topic until they unsubscribe."),
    )
    basis = models.CharField(
        _("who can receive it"), max_length=10, choices=TopicBasis, default=TopicBasis.EXPRESS
    )
    double_opt_in = models.BooleanField(
        _("asks for a confirmation"),
        default=True,
        help_text=_(
            "People without an account confirm their subscription by email. Without this, nobody"
            " can prove who subscribed."
        ),
    )
    portal = models.ForeignKey(
        Portal,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="topics",
        help_text=_("Offered to people of companies with this portal; empty: to everyone."),
    )
    resellers_only = models.BooleanField(
        _("for resellers only"),
        default=False,
        help_text=_("Offered to people of companies that resell."),
    )
    active = models.BooleanField(_("active"), default=True)
    position = models.PositiveSmallIntegerField(default=0)

    objects = TopicQuerySet.as_manager()

    class Meta:
        ordering = ["position", "slug"]
        constraints = [
            # A topic and a notice class never have the same name.
            models.CheckConstraint(
                condition=~Q(slug__in=NoticeCode.values), name="topic_is_no_notice_class"
            ),
            models.CheckConstraint(
                condition=Q(basis__in=TopicBasis.values), name="topic_basis_known"
            ),
            models.CheckConstraint(
                condition=Q(default_on=False) | Q(basis=TopicBasis.IMPLIED),
                name="on_by_default_is_implied_consent",
                violation_error_message=_(
                    "“On by default” needs implied consent. Choose it under “Who can receive it”."
                ),
            ),
            models.CheckConstraint(
                condition=Q(resellers_only=False) | Q(basis=TopicBasis.EXPRESS),
                name="resellers_subscribe_to_their_alerts",
                violation_error_message=_(
                    "A topic for resellers goes only to people who subscribed. Choose that under"
                    " “Who can receive it”."
                ),
            ),
            models.UniqueConstraint(
                fields=["basis"], condition=Q(basis=TopicBasis.REFERRAL), name="one_referral_topic"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def _text(self, field: str) -> str:
        language = "fr" if (get_language() or "").startswith("fr") else "en"
        return str(getattr(self, f"{field}_{language}"))

    @property
    def name(self) -> str:
        """Its name in the active language."""
        return self._text("name")

    @property
    def names(self) -> dict[str, str]:
        """Its name in every language, as audit events hold it."""
        return {"en": self.name_en, "fr": self.name_fr}

    @property
    def purpose(self) -> str:
        """Return its purpose in the active language."""
        return self._text("purpose")

    @property
    def cadence(self) -> str:
        """How often it is sent, in the active language."""
        return self._text("cadence")

    @property
    def is_public(self) -> bool:
        """Whether people without an account may subscribe."""
        return (
            self.portal_id is None and not self.resellers_only and self.basis != TopicBasis.REFERRAL
        )

    @property
    def wording(self) -> str:
        """The text that a person agrees to or refuses; it is stored as evidence."""
        return f"{self.name}\n{self.purpose}\n{self.cadence}"
