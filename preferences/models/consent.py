"""Evidence, and the state that follows from it: the database itself turns one into the other."""

import hashlib

from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.choices import Language
from accounts.models import User
from accounts.models.triggers import Effect, Refusal, append_only, register
from preferences.choices import ConsentSource
from preferences.models.categories import Topic


def address_hash(address: str) -> str:
    """An address as evidence keeps it: recognisable with our key, readable by nobody."""
    return salted_hmac("preferences.address", address.lower(), algorithm="sha256").hexdigest()


def wording_hash(wording: str) -> str:
    """The version of a text is its hash."""
    return hashlib.sha256(wording.encode()).hexdigest()


class ConsentRecord(models.Model):
    """One yes or no, with what was said to whom and how; never changed, never deleted (trigger)."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="consent_records")
    address_hash = models.CharField(max_length=64)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="consent_records")
    wants = models.BooleanField()
    wording = models.TextField(help_text="The text the person answered, as shown.")
    wording_hash = models.CharField(max_length=64)
    language = models.CharField(max_length=2, choices=Language)
    source = models.CharField(max_length=10, choices=ConsentSource)
    actor = models.ForeignKey(
        User,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who was signed in; nobody for a link in a mail.",
    )
    at = models.DateTimeField(default=timezone.now)
    network_address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source__in=ConsentSource.values), name="consent_source_known"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "topic", "-id"], name="consent_by_person"),
            models.Index(fields=["address_hash"], name="consent_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {'yes' if self.wants else 'no'} to {self.topic_id}"


class Choice(models.Model):
    """A person's yes or no to one topic: the latest consent record, kept by triggers alone.

    There is no choice for a notice class, because no column here could hold it.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="choices")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="choices")
    wants = models.BooleanField()
    consent = models.OneToOneField(ConsentRecord, on_delete=models.PROTECT, related_name="choice")

    class Meta:
        ordering = ["user", "topic"]
        constraints = [models.UniqueConstraint(fields=["user", "topic"], name="one_choice")]

    def __str__(self) -> str:
        return f"{self.user_id}: {'yes' if self.wants else 'no'} to {self.topic_id}"


_UNPROVEN = """NEW.consent_id IS NULL OR NEW.consent_id <> (
    SELECT r.id FROM preferences_consentrecord r
    WHERE r.user_id = NEW.user_id AND r.topic_id = NEW.topic_id ORDER BY r.id DESC LIMIT 1)
  OR NOT EXISTS (SELECT 1 FROM preferences_consentrecord r
    WHERE r.id = NEW.consent_id AND r.user_id = NEW.user_id AND r.topic_id = NEW.topic_id
      AND r.wants = NEW.wants)"""

TRIGGERS = register(
    append_only("preferences_consentrecord"),
    Refusal(
        name="choice_follows_consent",
        table="preferences_choice",
        refuse_when={"INSERT": _UNPROVEN, "UPDATE": _UNPROVEN, "DELETE": "TRUE"},
        message="a choice is what its latest consent record says",
        no_truncate=True,
    ),
    Effect(
        name="choice_of_consent",
        table="preferences_consentrecord",
        event="INSERT",
        statements=(
            "INSERT INTO preferences_choice (user_id, topic_id, wants, consent_id)"
            " VALUES (NEW.user_id, NEW.topic_id, NEW.wants, NEW.id)"
            " ON CONFLICT (user_id, topic_id) DO UPDATE"
            " SET wants = excluded.wants, consent_id = excluded.consent_id",
        ),
    ),
)
