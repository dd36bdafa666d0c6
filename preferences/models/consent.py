"""Consent records, and the choices that triggers derive from them."""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.choices import Language
from accounts.models import User
from accounts.models.blanking import only_blanked
from accounts.triggers import append_only, effect, refuse
from preferences.choices import OPT_OUT_SOURCES, ConsentBasis, ConsentSource
from preferences.models.categories import Topic
from preferences.models.consent_end import ended_long_ago
from preferences.models.recipients import Recipient


def address_hash(address: str, secret: str | bytes | None = None) -> str:
    """Return the keyed hash under which evidence stores an address."""
    return salted_hmac(
        "preferences.address", address.lower(), secret=secret, algorithm="sha256"
    ).hexdigest()


def address_hashes(address: str) -> list[str]:
    """Return the hashes of an address under the current and all former secret keys."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [address_hash(address, secret) for secret in secrets]


def wording_hash(wording: str) -> str:
    """Return the hash that identifies a version of a text."""
    return hashlib.sha256(wording.encode()).hexdigest()


_WITHOUT_EVIDENCE = """NEW.consent_id IS NULL OR NEW.consent_id <> (
    SELECT r.id FROM preferences_consentrecord r
    WHERE r.recipient_id = NEW.recipient_id AND r.topic_id = NEW.topic_id
    ORDER BY r.id DESC LIMIT 1)
  OR NOT EXISTS (SELECT 1 FROM preferences_consentrecord r
    WHERE r.id = NEW.consent_id AND r.recipient_id = NEW.recipient_id
      AND r.topic_id = NEW.topic_id AND r.wants = NEW.wants)"""


def _refused_before(same: str) -> str:
    """Return SQL: a no to the topic or to everything that no express yes has followed."""
    return f"""EXISTS (
        SELECT 1 FROM preferences_consentrecord n
        WHERE n.{same} = NEW.{same} AND NOT n.wants
          AND (n.topic_id = NEW.topic_id OR n.topic_id IS NULL)
          AND NOT EXISTS (
            SELECT 1 FROM preferences_consentrecord y
            WHERE y.{same} = NEW.{same} AND y.wants AND y.basis = 'express' AND y.id > n.id
              AND (y.topic_id = NEW.topic_id OR (y.topic_id IS NULL AND n.topic_id IS NULL))))"""  # noqa: S608


# A link undoes an opt-out by link, a person their own opt-out on the page.
_MAY_BE_UNDONE = """NOT n.wants AND (
    n.source = 'mail_link' AND NEW.actor_id IS NULL
    OR n.source = 'page' AND n.actor_id = NEW.actor_id)"""

# An undo restores the basis that the latest no ended, and no other. Where there was no record
# before, the topic was sent by default, on the basis of the contract.
_RESTORES_BASIS = f"""NEW.source = 'undo' AND NEW.basis = (
    SELECT CASE WHEN NOT s.wants AND s.id > COALESCE(p.id, 0) THEN ''
        WHEN p.id IS NULL THEN 'contract' WHEN p.wants THEN p.basis ELSE '' END
    FROM preferences_consentrecord n
    LEFT JOIN preferences_consentrecord p ON p.id = (
        SELECT MAX(q.id) FROM preferences_consentrecord q
        WHERE q.recipient_id = n.recipient_id AND q.topic_id = n.topic_id AND q.id < n.id)
    LEFT JOIN preferences_consentrecord s ON s.id = (
        SELECT MAX(q.id) FROM preferences_consentrecord q
        WHERE q.recipient_id = n.recipient_id AND q.topic_id IS NULL AND q.id < n.id)
    WHERE {_MAY_BE_UNDONE} AND n.id = (
        SELECT MAX(q.id) FROM preferences_consentrecord q
        WHERE q.recipient_id = NEW.recipient_id
          AND (q.topic_id = NEW.topic_id OR q.topic_id IS NULL)))"""  # noqa: S608

# The latest answer to the topic, or to everything, is a no that this undo may undo.
_UNDOES_LATEST = f"""EXISTS (
    SELECT 1 FROM preferences_consentrecord n
    WHERE {_MAY_BE_UNDONE} AND n.recipient_id = NEW.recipient_id AND n.id = (
        SELECT MAX(q.id) FROM preferences_consentrecord q
        WHERE q.recipient_id = NEW.recipient_id
          AND (q.topic_id = NEW.topic_id OR q.topic_id IS NULL OR NEW.topic_id IS NULL)))"""  # noqa: S608


ADDRESS_DAYS = 365  # a network address is kept
_ADDRESS_BLANKED = only_blanked(
    "network_address",
    others="id recipient_id address_hash topic_id wants basis wording wording_hash language source"
    " actor_id at recorded_at",
    at="COALESCE(OLD.recorded_at, OLD.at)",
    days=ADDRESS_DAYS,
)
# A candidate has no foreign key that would keep its record.
_IN_USE = """EXISTS (SELECT 1 FROM preferences_candidate c
    WHERE c.recipient_id = OLD.recipient_id AND c.consent_id = OLD.id)"""


class ConsentRecord(models.Model):
    """A yes or no with its evidence; a trigger refuses to change it, or to delete it too early.

    Without a topic it is about all optional email: a no stops everything, a yes lifts that stop.
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
        help_text="The signed-in person; empty for a link in an email.",
    )
    at = models.DateTimeField(
        default=timezone.now, help_text="When the person chose; implied consent runs from here."
    )
    recorded_at = models.DateTimeField(
        default=timezone.now,
        null=True,
        help_text="When this was written; empty in rows older than this column.",
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
                name="opt_out_source_never_enrols",
            ),
            models.CheckConstraint(
                condition=Q(wants=True) | ~Q(source=ConsentSource.UNDO), name="undo_is_a_yes"
            ),
            *append_only(
                "preferences_consentrecord",
                erased=_ADDRESS_BLANKED,
                over=f"{ended_long_ago('OLD')} AND NOT {_IN_USE}",
            ),
            *refuse(
                "undo_follows_a_stop",
                table="preferences_consentrecord",
                when={"INSERT": f"NEW.source = 'undo' AND NOT {_UNDOES_LATEST}"},
                message="an undo takes back what the same link or person just stopped",
            ),
            *refuse(
                "implied_consent_undoes_no_opt_out",
                table="preferences_consentrecord",
                when={
                    "INSERT": "NEW.wants AND (NEW.basis <> 'express' OR NEW.source = 'import') AND"
                    f" NOT COALESCE({_RESTORES_BASIS}, FALSE) AND"
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
        """When the person chose."""
        return self.recorded_at or self.at

    @property
    def runs_from(self) -> datetime | None:
        """Since when the consent runs, if that is an earlier day: after an import or an undo."""
        return self.at if self.said_at - self.at > timedelta(days=1) else None


class Choice(models.Model):
    """A recipient's yes or no to a topic: the latest consent record, written by triggers alone.

    There is no choice for a notice class, because this table has no column for one.
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
                when={
                    "INSERT": _WITHOUT_EVIDENCE,
                    "UPDATE": _WITHOUT_EVIDENCE,
                    "DELETE": "TRUE",
                },
                message="a choice is what its latest consent record says",
                no_truncate=True,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_id}: {'yes' if self.wants else 'no'} to {self.topic_id}"
