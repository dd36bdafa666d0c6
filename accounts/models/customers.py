"""Customers and their memberships."""

import uuid
from datetime import date, datetime, tzinfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import CustomerStatus, Language, Role
from accounts.models.people import User
from accounts.models.search import (
    DigitsOf,
    SearchEntry,
    SearchKeyField,
    SearchWordsField,
    matching,
)
from accounts.timezones import last_day, zone_called
from accounts.triggers import refuse, search_entries
from accounts.validators import (
    NAME_LENGTH,
    validate_name,
    validate_phone,
    validate_plain_text,
    validate_short_name,
    validate_time_zone,
)

_MAIN_IS_NOT_LIVE = """NEW.main_super_user_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM accounts_membership m
    WHERE m.id = NEW.main_super_user_id AND m.customer_id = NEW.id AND m.role = 'super_user'
      AND m.suspended_at IS NULL AND m.ends_at IS NULL AND m.ended_at IS NULL)"""
_NOT_A_LIVE_SUPER_USER = (
    "(NEW.role <> 'super_user' OR NEW.suspended_at IS NOT NULL"
    " OR NEW.ends_at IS NOT NULL OR NEW.ended_at IS NOT NULL)"
)
_IS_MAIN = (
    "EXISTS (SELECT 1 FROM accounts_customer c"
    " WHERE c.id = OLD.customer_id AND c.main_super_user_id = OLD.id)"
)
# A trigger that counts Super Users loses races; a lock on the customer's row does not.
_LOCK_CUSTOMER = "PERFORM 1 FROM accounts_customer WHERE id = OLD.customer_id FOR UPDATE;"


class CustomerQuerySet(models.QuerySet["Customer"]):
    """Customers, and which of them a person may see."""

    def visible_to(
        self, user: User | Combinable, now: datetime | Combinable | None = None
    ) -> "CustomerQuerySet":
        """Return the customers in which a person has a live membership."""
        return self.filter(
            pk__in=Membership.objects.live(now).filter(user=user).values("customer_id"),
            status__in=[CustomerStatus.ACTIVE, CustomerStatus.SUSPENDED],
        )

    def matching(self, text: str) -> "CustomerQuerySet":
        """Return those found by the words of a text, of name and short name; all for no text."""
        return matching(self, text)


class Customer(models.Model):
    """An organisation that buys from the provider."""

    slug = models.SlugField(
        _("short name"), max_length=50, unique=True, validators=[validate_short_name]
    )
    name = models.CharField(_("name"), max_length=NAME_LENGTH, validators=[validate_name])
    status = models.CharField(max_length=10, choices=CustomerStatus, default=CustomerStatus.PENDING)
    main_super_user = models.ForeignKey(
        "accounts.Membership", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    language = models.CharField(
        _("language"), max_length=2, choices=Language, default=Language.ENGLISH
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True, validators=[validate_phone])
    street = models.CharField(
        _("street address"), max_length=200, blank=True, validators=[validate_plain_text]
    )
    city = models.CharField(_("city"), max_length=100, blank=True, validators=[validate_plain_text])
    region = models.CharField(
        _("province or state"), max_length=100, blank=True, validators=[validate_plain_text]
    )
    postal_code = models.CharField(
        _("postal code"), max_length=20, blank=True, validators=[validate_plain_text]
    )
    country = models.CharField(
        _("country"), max_length=100, blank=True, validators=[validate_plain_text]
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, validators=[validate_time_zone]
    )
    # From this moment its people need a passkey or an authenticator app; None for never.
    second_factor_from = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    search_name = SearchKeyField(of="name", max_length=600)
    search_words = SearchWordsField(of=("name", "slug", "phone", "phone_digits"))
    phone_digits = DigitsOf("phone")

    objects = CustomerQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]
        constraints = [
            # The triggers keep that membership a live one.
            models.CheckConstraint(
                condition=Q(main_super_user__isnull=False)
                | Q(status__in=[CustomerStatus.PENDING, CustomerStatus.CLOSED]),
                name="live_customer_has_main_super_user",
            ),
            models.CheckConstraint(
                condition=Q(status__in=CustomerStatus.values), name="customer_status_known"
            ),
            *refuse(
                "main_super_user_is_live",
                table="accounts_customer",
                when={"INSERT": _MAIN_IS_NOT_LIVE, "UPDATE": _MAIN_IS_NOT_LIVE},
                message="the main Super User is a live Super User of this customer",
            ),
            *refuse(
                "customer_is_pending_once",
                table="accounts_customer",
                when={"UPDATE": "NEW.status = 'pending' AND OLD.status <> 'pending'"},
                message="a customer that had a main Super User is never without one again",
            ),
        ]
        indexes = [
            models.Index(fields=["search_name", "id"], name="customer_by_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> tzinfo:
        """The time zone in which the company's days end; the provider's if none was chosen."""
        return zone_called(self.time_zone)


class MembershipQuerySet(models.QuerySet["Membership"]):
    """Memberships, present or live, and their search."""

    def live(self, now: datetime | Combinable | None = None) -> "MembershipQuerySet":
        """Return those that are neither suspended nor ended."""
        return self.present(now).filter(suspended_at=None)

    def present(self, now: datetime | Combinable | None = None) -> "MembershipQuerySet":
        """Return those that are not ended; they may be suspended."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now or timezone.now()), ended_at=None)

    def lapsed(self) -> "MembershipQuerySet":
        """Return those that are not present any more, but not ended yet, which a job does."""
        return self.filter(ends_at__lte=timezone.now(), ended_at=None)

    def matching(self, text: str, *, customer: Customer) -> "MembershipQuerySet":
        """Return those of a customer found by the words of a text, of name and address."""
        return matching(self.filter(customer=customer), text, customer=customer)

    def names_at_work(self, *people: User | None) -> dict[int, str]:
        """Return user's primary key → name at work, of the people who are among these memberships.

        It is the name of their present membership, or else of their latest.
        """
        present_last = F("ended_at").asc(nulls_last=True)
        users = [person.pk for person in people if person]
        rows = self.filter(user__in=users).order_by(present_last, "pk")
        return dict(rows.values_list("user_id", "work_name"))


class Membership(models.Model):
    """A person in a customer, with a role."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.USER)
    work_name = models.CharField(_("work name"), max_length=NAME_LENGTH, validators=[validate_name])
    work_phone = models.CharField(
        _("work phone"), max_length=40, blank=True, validators=[validate_phone]
    )
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    suspended_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True, help_text=_("The planned last moment."))
    end_announced_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)
    search_name = SearchKeyField(of="work_name", max_length=600)
    search_words = SearchWordsField(of=("work_name", "user.email", "work_phone", "phone_digits"))
    phone_digits = DigitsOf("work_phone")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "user"],
                condition=Q(ended_at=None),
                name="one_present_membership",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_known"),
            *refuse(
                "main_super_user_stays",
                table="accounts_membership",
                when={"UPDATE": f"{_IS_MAIN} AND {_NOT_A_LIVE_SUPER_USER}", "DELETE": _IS_MAIN},
                message="the main Super User keeps a live Super User membership without an end",
                postgresql_first=_LOCK_CUSTOMER,
            ),
            *refuse(
                "membership_keeps_its_person",
                table="accounts_membership",
                when={"UPDATE": "NEW.customer_id <> OLD.customer_id OR NEW.user_id <> OLD.user_id"},
                message="a membership never moves to another person or customer",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "search_name", "id"], name="membership_by_name"),
            models.Index(
                fields=["ends_at"],
                condition=Q(ended_at=None, ends_at__isnull=False),
                name="membership_by_end",
            ),
            # For filters of the people list that few of many people fit.
            models.Index(fields=["customer", "joined_at", "id"], name="membership_by_age"),
            models.Index(
                fields=["customer", "role", "search_name", "id"], name="membership_by_role"
            ),
            models.Index(
                fields=["customer", "search_name", "id"],
                condition=Q(suspended_at__isnull=False),
                name="membership_suspended",
            ),
            models.Index(
                fields=["customer", "search_name", "id"],
                condition=Q(ends_at__isnull=False),
                name="membership_offboarding",
            ),
        ]

    def __str__(self) -> str:
        return self.work_name

    @property
    def is_live(self) -> bool:
        """Whether it is neither suspended nor ended at this moment."""
        is_over = self.ends_at is not None and self.ends_at <= timezone.now()
        return self.suspended_at is None and self.ended_at is None and not is_over

    @property
    def last_day(self) -> date | None:
        """The company's day on which, or at whose end, the membership ends; None without one."""
        return self.ends_at and last_day(self.ends_at, self.customer.zone)

    @property
    def is_super_user(self) -> bool:
        """Whether the role is Super User; the membership may be suspended or ended."""
        return self.role == Role.SUPER_USER


class CustomerSearchEntry(SearchEntry):
    """A word by which a customer is found."""

    row = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="search_entries", db_index=False
    )

    class Meta:
        constraints = [*search_entries("accounts_customer", entries="accounts_customersearchentry")]
        indexes = [
            models.Index(fields=["entry", "row"], name="customer_by_word"),
            models.Index(fields=["row", "entry"], name="words_of_customer"),
        ]


class MembershipSearchEntry(SearchEntry):
    """A word by which a person is found within a customer."""

    row = models.ForeignKey(
        Membership, on_delete=models.DO_NOTHING, related_name="search_entries", db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            *search_entries(
                "accounts_membership",
                entries="accounts_membershipsearchentry",
                scope={"customer_id": "NEW.customer_id"},
            )
        ]
        indexes = [
            models.Index(fields=["customer", "entry", "row"], name="membership_by_word"),
            models.Index(fields=["row", "entry"], name="words_of_membership"),
        ]
