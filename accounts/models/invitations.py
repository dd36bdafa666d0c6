"""Invitations: offers of membership for one address, customer and role."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.choices import BounceReason, Role
from accounts.models.customers import Customer, Membership
from accounts.models.erasures import erased
from accounts.models.search import SearchEntry, SearchKeyField, SearchWordsField, matching
from accounts.models.teams import Team
from accounts.triggers import refuse, search_entries
from accounts.validators import NAME_LENGTH, validate_name, validate_phone


def _sender_may() -> Case:
    super_user = Membership.objects.live().filter(
        customer=OuterRef("customer"), user=OuterRef("invited_by"), role=Role.SUPER_USER
    )
    may = Q(as_main_super_user=False) & Exists(super_user)
    may_as_staff = Q(as_main_super_user=True, invited_by__is_staff=True)
    return Case(
        When(Q(invited_by__is_active=True) & (may | may_as_staff), then=True),
        default=False,
        output_field=models.BooleanField(),
    )


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations; an open one may have expired, which is checked when it is used."""

    def open(self) -> "InvitationQuerySet":
        """Return those neither accepted nor revoked; expired ones too, they can be sent again."""
        return self.filter(accepted_at=None, revoked_at=None)

    def with_sender(self) -> "InvitationQuerySet":
        """Annotate `sender_may`: whether its sender may still invite people to the company.

        Nobody can accept an invitation whose sender may not (acceptance.py).
        """
        return self.annotate(sender_may=_sender_may())

    def sent_by_somebody_who_may(self) -> "InvitationQuerySet":
        """Return those whose sender may still invite people to the company."""
        return self.filter(_sender_may())

    def acceptable(self) -> "InvitationQuerySet":
        """Return the open ones that can still be accepted: not expired, and their sender may."""
        return self.open().sent_by_somebody_who_may().filter(expires_at__gt=timezone.now())

    def matching(self, text: str, *, customer: Customer) -> "InvitationQuerySet":
        """Return those of a customer found by the words of a text, of name and address."""
        return matching(self.filter(customer=customer), text, customer=customer)


_ERASED = erased(
    "invitations",
    person="OLD.accepted_by_id",
    unled="OLD.accepted_by_id IS NULL",
    address="NEW.address",
)
_OF_ANOTHER_CUSTOMER = """(SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id)
    <> NEW.customer_id"""


class Invitation(models.Model):
    """An offer of membership; only a hash of the emailed token is stored."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="invitations")
    address = models.EmailField(_("email address"))
    name = models.CharField(
        _("name"), max_length=NAME_LENGTH, blank=True, validators=[validate_name]
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.USER)
    as_main_super_user = models.BooleanField(
        default=False, help_text=_("The main Super User of a pending company.")
    )
    work_phone = models.CharField(
        _("work phone"), max_length=40, blank=True, validators=[validate_phone]
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(
        default=timezone.now, editable=False, help_text=_("Time of the last email.")
    )
    times_sent = models.PositiveIntegerField(default=1, editable=False)
    bounced_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Time when email to the address bounced.")
    )
    bounce_reason = models.CharField(
        max_length=12, choices=BounceReason, blank=True, editable=False
    )
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    search_name = SearchKeyField(of="name", max_length=600)
    search_words = SearchWordsField(of=("name", "address"))

    objects = InvitationQuerySet.as_manager()

    token: str  # set only by the service that has just made it, for the email; never stored

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "address"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="one_open_invitation",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None), name="accepted_or_revoked"
            ),
            models.CheckConstraint(
                condition=Q(as_main_super_user=False) | Q(role=Role.SUPER_USER),
                name="main_invitation_is_super_user",
            ),
            models.CheckConstraint(
                condition=Q(bounced_at=None, bounce_reason="")
                | Q(bounced_at__isnull=False, bounce_reason__in=BounceReason.values),
                name="bounced_invitation_has_a_reason",
            ),
            *refuse(
                "invitation_is_bound",
                table="accounts_invitation",
                when={
                    "UPDATE": f"NEW.address <> OLD.address AND NOT {_ERASED}"
                    " OR NEW.customer_id <> OLD.customer_id"
                    " OR NEW.role <> OLD.role OR NEW.as_main_super_user <> OLD.as_main_super_user"
                },
                message="an invitation is for one address, customer and role",
            ),
            *refuse(
                "invitation_is_used_once",
                table="accounts_invitation",
                when={
                    "UPDATE": "(OLD.accepted_at IS NOT NULL AND NEW.accepted_at IS NULL)"
                    " OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL)"
                },
                message="an invitation that was accepted or withdrawn is never open again",
            ),
            *refuse(
                "invitation_within_customer",
                table="accounts_invitation",
                when={"INSERT": _OF_ANOTHER_CUSTOMER, "UPDATE": _OF_ANOTHER_CUSTOMER},
                message="an invitation names a team of its own customer",
            ),
        ]
        indexes = [models.Index(fields=["customer", "sent_at"], name="invitation_by_sending")]

    def __str__(self) -> str:
        return f"{self.address} → {self.customer}"

    @property
    def is_expired(self) -> bool:
        """Whether it is too old to be accepted."""
        return self.expires_at <= timezone.now()


class InvitationSearchEntry(SearchEntry):
    """A word by which an invitation is found within a customer."""

    row = models.ForeignKey(
        Invitation, on_delete=models.DO_NOTHING, related_name="search_entries", db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            *search_entries(
                "accounts_invitation",
                entries="accounts_invitationsearchentry",
                scope={"customer_id": "NEW.customer_id"},
            )
        ]
        indexes = [
            models.Index(fields=["customer", "entry", "row"], name="invitation_by_word"),
            models.Index(fields=["row", "entry"], name="words_of_invitation"),
        ]
