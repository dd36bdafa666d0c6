"""Recipients: people, and subscribers without an account."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.choices import Language
from accounts.models import User
from accounts.models.erasures import erased
from accounts.triggers import effect, refuse
from preferences.choices import Digest

_ERASED = erased(
    "email_settings",
    person="OLD.user_id",
    unled="OLD.user_id IS NULL",
    address="NEW.address",
)
_STOP_OF_RECORDS = """COALESCE((
    SELECT CASE WHEN r.wants THEN 0 ELSE r.id END FROM preferences_consentrecord r
    WHERE r.recipient_id = NEW.id AND r.topic_id IS NULL ORDER BY r.id DESC LIMIT 1), 0)"""


class Recipient(models.Model):
    """A recipient of email, with the settings for all their optional email.

    Every person has exactly one, created with the account (trigger). `address` and `language` are
    for subscribers without an account. A new account takes over the subscriber at its address, with
    choices and evidence. Three facts are kept apart: all optional email is stopped, the choice of a
    topic (Choice), and whether the address is reachable.
    """

    user = models.OneToOneField(User, null=True, on_delete=models.PROTECT, related_name="recipient")
    address = models.EmailField(null=True, help_text="Of a subscriber without an account.")
    language = models.CharField(max_length=2, blank=True, choices=Language)
    address_hash = models.CharField(
        max_length=64,
        blank=True,
        help_text="Of the address whose opt-outs were applied. A trigger empties it when the"
        " address changes, and no optional email is sent until they are applied again.",
    )
    stopped = models.OneToOneField(
        "preferences.ConsentRecord",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The record that stopped all optional email; written by trigger.",
    )
    paused_until = models.DateTimeField(null=True)
    digest = models.CharField(max_length=10, choices=Digest, default=Digest.IMMEDIATE)
    digest_by_link = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether a link in an email chose it, so that its undo may restore it.",
    )
    unreachable_since = models.DateTimeField(null=True)
    unreachable_reason = models.CharField(max_length=300, blank=True)
    followed_by = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="followed",
        help_text="The person who took over this subscriber's address.",
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, address__isnull=True, language="")
                | Q(user__isnull=True, address__isnull=False, language__in=Language.values),
                name="recipient_is_person_or_subscriber",
            ),
            models.CheckConstraint(
                condition=Q(address__isnull=True) | Q(address=Lower("address")),
                name="subscriber_address_is_lower_case",
            ),
            models.CheckConstraint(condition=Q(digest__in=Digest.values), name="digest_known"),
            models.CheckConstraint(
                condition=Q(followed_by__isnull=True) | Q(user__isnull=True),
                name="only_a_subscriber_is_followed",
            ),
            models.UniqueConstraint(
                fields=["address"],
                condition=Q(followed_by__isnull=True),
                name="one_subscriber_of_an_address",
            ),
            effect(
                "recipient_of_new_person",
                table="accounts_user",
                event="INSERT",
                statements=[
                    "UPDATE preferences_recipient"
                    " SET user_id = NEW.id, address = NULL, language = ''"
                    " WHERE address = NEW.email AND followed_by_id IS NULL",
                    "INSERT INTO preferences_recipient"
                    " (user_id, language, address_hash, digest, unreachable_reason)"
                    " SELECT NEW.id, '', '', 'immediate', '' WHERE NOT EXISTS"
                    " (SELECT 1 FROM preferences_recipient r WHERE r.user_id = NEW.id)",
                ],
            ),
            # A person takes the address of a subscriber: two recipients would get two emails. The
            # empty hash makes sure that known opt-outs are applied before optional email is sent
            # there, whatever code wrote the address (R44).
            effect(
                "recipient_follows_address",
                table="accounts_user",
                event="UPDATE",
                when="NEW.email <> OLD.email",
                statements=[
                    "UPDATE preferences_recipient SET followed_by_id ="
                    " (SELECT p.id FROM preferences_recipient p WHERE p.user_id = NEW.id)"
                    " WHERE address = NEW.email AND followed_by_id IS NULL",
                    "UPDATE preferences_recipient SET address_hash = '' WHERE user_id = NEW.id",
                ],
            ),
            *refuse(
                "recipient_stop_follows_consent",
                table="preferences_recipient",
                when={
                    "INSERT": "NEW.stopped_id IS NOT NULL",
                    "UPDATE": "COALESCE(NEW.stopped_id, 0) <> COALESCE(OLD.stopped_id, 0)"
                    f" AND COALESCE(NEW.stopped_id, 0) <> {_STOP_OF_RECORDS}",
                },
                message="all optional mail is stopped as the latest consent record says",
            ),
            *refuse(
                "recipient_stays",
                table="preferences_recipient",
                when={
                    "UPDATE": "OLD.user_id IS NOT NULL AND COALESCE(NEW.user_id, 0) <> OLD.user_id"
                    f" OR NEW.address <> OLD.address AND NOT {_ERASED} OR NEW.id <> OLD.id",
                    "DELETE": "TRUE",
                },
                message="a recipient is never deleted, nor given to another person or address",
                no_truncate=True,
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(address_hash=""), name="recipient_to_look_up")
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def email(self) -> str:
        """Their email address."""
        return self.user.email if self.user else str(self.address)

    @property
    def masked(self) -> str:
        """The address with most of its name left out, as a link may be forwarded."""
        local, _at, domain = self.email.partition("@")
        return f"{local[0]}…@{domain}"

    @property
    def reads(self) -> str:
        """The language of their email."""
        return self.user.language if self.user else self.language

    @property
    def is_stopped(self) -> bool:
        """Whether all optional email is stopped."""
        return self.stopped_id is not None
