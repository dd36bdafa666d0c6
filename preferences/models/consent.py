"""Evidence, and the state that follows from it: the database itself turns one into the other."""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.choices import Language
from accounts.models import User
from accounts.triggers import append_only, effect, refuse
from preferences.choices import OPT_OUT_SOURCES, ConsentBasis, ConsentSource
from preferences.models.categories import Topic
from preferences.models.recipients import Recipient


def address_hash(address: str, secret: str | bytes | None = None) -> str:
    """An address as evidence keeps it: recognisable with our key, readable by nobody."""
    return salted_hmac(
        "preferences.address", address.lower(), secret=secret, algorithm="sha256"
    ).hexdigest()


def address_hashes(address: str) -> list[str]:
    """The same under the present and every former secret key: what evidence may hold."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [address_hash(address, secret) for secret in secrets]


def wording_hash(wording: str) -> str:
    """The version of a text is its hash."""
    return hashlib.sha256(wording.encode()).hexdigest()


_UNPROVEN = """NEW.consent_id IS NULL OR NEW.consent_id <> (
    SELECT r.id FROM preferences_consentrecord r
    WHERE r.recipient_id = NEW.recipient_id AND r.topic_id = NEW.topic_id
    ORDER BY r.id DESC LIMIT 1)
  OR NOT EXISTS (SELECT 1 FROM preferences_consentrecord r
    WHERE r.id = NEW.consent_id AND r.recipient_id = NEW.recipient_id
      AND r.topic_id = NEW.topic_id AND r.wants = NEW.wants)"""


def _refused_before(same: str) -> str:
    """Whether a no to the topic or to everything stands, which no express yes has followed."""
    return f"""EXISTS (
        SELECT 1 FROM preferences_consentrecord n
        WHERE n.{same} = NEW.{same} AND NOT n.wants
          AND (n.topic_id = NEW.topic_id OR n.topic_id IS NULL)
          AND NOT EXISTS (
            SELECT 1 FROM preferences_consentrecord y
            WHERE y.{same} = NEW.{same} AND y.wants AND y.basis = 'express' AND y.id > n.id
              AND (y.topic_id = NEW.topic_id OR (y.topic_id IS NULL AND n.topic_id IS NULL))))"""  # noqa: S608


# A link undoes what a link stopped, a person what they stopped on their page themselves.
_UNDONE_BY_ITS_OWN = """NOT n.wants AND (
    n.source = 'mail_link' AND NEW.actor_id IS NULL
    OR n.source = 'page' AND n.actor_id = NEW.actor_id)"""

# A stop undone: the same basis again, which nothing but the no just said ended.
# What had been silence is the contract it rested on.
_GIVES_BACK = f"""NEW.source = 'undo' AND NEW.basis = (
    SELECT CASE WHEN NOT s.wants AND s.id > COALESCE(p.id, 0) THEN ''
        WHEN p.id IS NULL THEN 'contract' WHEN p.wants THEN p.basis ELSE '' END
    FROM preferences_consentrecord n
    LEFT JOIN preferences_consentrecord p ON p.id = (
        SELECT MAX(q.id) FROM preferences_consentrecord q
        WHERE q.recipient_id = n.recipient_id AND q.topic_id = n.topic_id AND q.id < n.id)
    LEFT JOIN preferences_consentrecord s ON s.id = (
        SELECT MAX(q.id) FROM preferences_consentrecord q
        WHERE q.recipient_id = n.recipient_id AND q.topic_id IS NULL AND q.id < n.id)
    WHERE {_UNDONE_BY_ITS_OWN} AND n.id = (
        SELECT MAX(q.id) FROM preferences_consentrecord q
        WHERE q.recipient_id = NEW.recipient_id
          AND (q.topic_id = NEW.topic_id OR q.topic_id IS NULL)))"""  # noqa: S608

# The latest word on the topic, or on everything, is a no that this undo may take back.
_UNDOES = f"""EXISTS (
    SELECT 1 FROM preferences_consentrecord n
    WHERE {_UNDONE_BY_ITS_OWN} AND n.recipient_id = NEW.recipient_id AND n.id = (
        SELECT MAX(q.id) FROM preferences_consentrecord q
        WHERE q.recipient_id = NEW.recipient_id
          AND (q.topic_id = NEW.topic_id OR q.topic_id IS NULL OR NEW.topic_id IS NULL)))"""  # noqa: S608


class ConsentRecord(models.Model):
    """One yes or no, with what was said to whom and how; never changed, never deleted (trigger).

    Without a topic it is about all optional mail: a no stops everything, a yes takes that back.
    """

    recipient = models.ForeignKey(
        Recipient, on_delete=models.PROTECT, related_name="consent_records"
    )
    address_hash = models.CharField(max_length=64)
    topic = models.ForeignKey(
        Topic, null=True, on_delete=models.PROTECT, related_name="consent_records"
    )
    wants = models.BooleanField()
    basis = models.CharField(max_length=12, choices=ConsentBasis, default=ConsentBasis.EXPRESS)
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
    at = models.DateTimeField(
        default=timezone.now, help_text="When it was said; an implied consent runs from here."
    )
    recorded_at = models.DateTimeField(
        default=timezone.now,
        null=True,
        help_text="When this was written; empty in what is older than this column.",
    )
    network_address = models.GenericIPAddressField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=ConsentSource.values), name="consent_source_known"
            ),
            models.CheckConstraint(
                condition=Q(basis__in=ConsentBasis.values), name="consent_basis_known"
            ),
            models.CheckConstraint(
                condition=Q(basis=ConsentBasis.EXPRESS) | Q(wants=True, topic__isnull=False),
                name="only_a_yes_to_a_topic_is_implied",
            ),
            models.CheckConstraint(
                condition=Q(wants=False) | ~Q(source__in=OPT_OUT_SOURCES),
                name="what_only_reduces_never_enrols",
            ),
            models.CheckConstraint(
                condition=Q(wants=True) | ~Q(source=ConsentSource.UNDO), name="an_undo_gives_back"
            ),
            *append_only("preferences_consentrecord"),
            *refuse(
                "undo_follows_a_stop",
                table="preferences_consentrecord",
                when={"INSERT": f"NEW.source = 'undo' AND NOT {_UNDOES}"},
                message="an undo takes back what the same link or person just stopped",
            ),
            *refuse(
                "implied_consent_revives_nothing",
                table="preferences_consentrecord",
                when={
                    "INSERT": "NEW.wants AND (NEW.basis <> 'express' OR NEW.source = 'import') AND"
                    f" NOT COALESCE({_GIVES_BACK}, FALSE) AND"
                    f" ({_refused_before('recipient_id')} OR {_refused_before('address_hash')})"
                },
                message="only the person undoes their own no",
            ),
            effect(
                "choice_of_consent",
                table="preferences_consentrecord",
                event="INSERT",
                when="NEW.topic_id IS NOT NULL",
                statements=[
                    "INSERT INTO preferences_choice (recipient_id, topic_id, wants, consent_id)"
                    " VALUES (NEW.recipient_id, NEW.topic_id, NEW.wants, NEW.id)"
                    " ON CONFLICT (recipient_id, topic_id) DO UPDATE"
                    " SET wants = excluded.wants, consent_id = excluded.consent_id",
                ],
            ),
            effect(
                "stop_of_consent",
                table="preferences_consentrecord",
                event="INSERT",
                when="NEW.topic_id IS NULL",
                statements=[
                    "UPDATE preferences_recipient"
                    " SET stopped_id = CASE WHEN NEW.wants THEN NULL ELSE NEW.id END"
                    " WHERE id = NEW.recipient_id",
                ],
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "topic", "-id"], name="consent_by_recipient"),
            models.Index(fields=["address_hash", "topic", "-id"], name="consent_by_address"),
            models.Index(fields=["topic", "at", "wants"], name="consent_by_topic"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id}: {'yes' if self.wants else 'no'} to {self.topic_id or 'all'}"

    @property
    def said_at(self) -> datetime:
        """When the act was that this is the record of."""
        return self.recorded_at or self.at

    @property
    def runs_from(self) -> datetime | None:
        """Since when it counts, where that is an earlier day: of an import, or given back."""
        return self.at if self.said_at - self.at > timedelta(days=1) else None


class Choice(models.Model):
    """A recipient's yes or no to one topic: the latest consent record, kept by triggers alone.

    There is no choice for a notice class, because no column here could hold it.
    """

    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="choices")
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="choices")
    wants = models.BooleanField()
    consent = models.OneToOneField(ConsentRecord, on_delete=models.PROTECT, related_name="choice")

    class Meta:
        ordering = ["recipient", "topic"]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "topic"], name="one_choice"),
            *refuse(
                "choice_follows_consent",
                table="preferences_choice",
                when={"INSERT": _UNPROVEN, "UPDATE": _UNPROVEN, "DELETE": "TRUE"},
                message="a choice is what its latest consent record says",
                no_truncate=True,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id}: {'yes' if self.wants else 'no'} to {self.topic_id}"
