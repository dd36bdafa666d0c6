"""Messages, and the decision on each."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.choices.erasures import ERASED_DOMAIN
from accounts.intervals import days_between
from accounts.models.erasures import erased
from accounts.triggers import append_only, refuse
from preferences.choices import (
    FOUNDING_CLASSES,
    UNFINISHED,
    MessageState,
    Outcome,
    Reason,
)
from preferences.models.campaigns import Campaign
from preferences.models.categories import NoticeClass, Topic
from preferences.models.consent import ConsentRecord
from preferences.models.recipients import Recipient

SUBJECT_LENGTH = 998  # of a header line, RFC 5322
KEPT_DAYS = 3 * 365  # after it was sent: no row is deleted before

_ERASED = erased(
    "messages",
    person="(SELECT r.user_id FROM preferences_recipient r WHERE r.id = OLD.recipient_id)",
    unled="(SELECT r.user_id FROM preferences_recipient r WHERE r.id = OLD.recipient_id) IS NULL",
    address="NEW.address",
)


# Of a row beside a message.
_BESIDE = {
    "person": """(SELECT r.user_id FROM preferences_message m
    JOIN preferences_recipient r ON r.id = m.recipient_id WHERE m.id = OLD.message_id)""",
    "unled": """(SELECT r.user_id FROM preferences_message m
    LEFT JOIN preferences_recipient r ON r.id = m.recipient_id
    WHERE m.id = OLD.message_id) IS NULL""",
}
WITH_ERASED_MESSAGE = erased("messages", **_BESIDE)
WITH_ADDRESS_OF_ERASED_MESSAGE = erased("messages", **_BESIDE, address="NEW.address")
_AGE = days_between(
    "(SELECT m.created_at FROM preferences_message m WHERE m.id = OLD.message_id)",
    "CURRENT_TIMESTAMP",
)
WITH_OLD_MESSAGE = f"{_AGE} > {KEPT_DAYS}"


_FOUNDING = ", ".join(f"'{code.value}'" for code in FOUNDING_CLASSES)
_ENDED = "state IN ('sent', 'skipped', 'failed', 'withdrawn')"
_DECIDED = """EXISTS (SELECT 1 FROM preferences_deliverydecision d
    WHERE d.message_id = NEW.id AND d.outcome = NEW.state)"""

_DIFFERS_FROM_CAMPAIGN = """NEW.state <> 'queued'
    OR NEW.campaign_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM preferences_campaign c, preferences_recipient r
    LEFT JOIN accounts_user u ON u.id = r.user_id
    WHERE c.id = NEW.campaign_id AND r.id = NEW.recipient_id
      AND COALESCE(c.topic_id, 0) = COALESCE(NEW.topic_id, 0)
      AND COALESCE(c.notice_class_id, '') = COALESCE(NEW.notice_class_id, '')
      AND COALESCE(u.email, r.address) = NEW.address)"""
_CATEGORY_OR_RECIPIENT_CHANGED = (
    "COALESCE(NEW.notice_class_id, '') <> COALESCE(OLD.notice_class_id, '')"
    " OR COALESCE(NEW.topic_id, 0) <> COALESCE(OLD.topic_id, 0)"
    " OR COALESCE(NEW.campaign_id, 0) <> COALESCE(OLD.campaign_id, 0)"
    " OR COALESCE(NEW.recipient_id, 0) <> COALESCE(OLD.recipient_id, 0)"
    f" OR NEW.address <> OLD.address AND NOT {_ERASED}"
)


class Message(models.Model):
    """An email to one recipient, about exactly one notice class or topic."""

    recipient = models.ForeignKey(
        Recipient, null=True, on_delete=models.PROTECT, related_name="messages"
    )
    address = models.EmailField()
    campaign = models.ForeignKey(
        Campaign, null=True, on_delete=models.PROTECT, related_name="messages"
    )
    notice_class = models.ForeignKey(
        NoticeClass, null=True, on_delete=models.PROTECT, related_name="messages"
    )
    topic = models.ForeignKey(Topic, null=True, on_delete=models.PROTECT, related_name="messages")
    in_digest = models.BooleanField(
        default=False, help_text="Sent together with others as one email when it is due."
    )
    subject = models.CharField(max_length=SUBJECT_LENGTH)
    sealed_content = models.BinaryField(null=True, help_text="Encrypted; erased once it is sent.")
    content_hash = models.CharField(max_length=64)
    message_id = models.CharField(max_length=255, unique=True)
    state = models.CharField(
        max_length=10, choices=MessageState, default=MessageState.QUEUED, editable=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    # No worker takes it before this moment: the end of a claim, or the next attempt.
    due_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    claim = models.UUIDField(
        null=True, help_text="Names the worker's claim, which it must still hold to write."
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(notice_class__isnull=True, topic__isnull=False)
                | Q(notice_class__isnull=False, topic__isnull=True),
                name="message_has_one_category",
            ),
            models.CheckConstraint(
                condition=Q(state__in=MessageState.values), name="message_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=MessageState.SKIPPED) | Q(topic__isnull=False),
                name="mandatory_message_is_never_skipped",
            ),
            models.CheckConstraint(
                condition=Q(in_digest=False) | Q(topic__isnull=False, campaign__isnull=False),
                name="mandatory_message_never_waits",
            ),
            models.UniqueConstraint(
                fields=["campaign", "recipient"],
                condition=Q(campaign__isnull=False),
                name="one_message_of_a_campaign",
            ),
            *refuse(
                "only_an_active_class_is_mandatory",
                table="preferences_message",
                when={
                    "INSERT": f"""NEW.notice_class_id IS NOT NULL
                            AND NEW.notice_class_id NOT IN ({_FOUNDING})
                            AND (SELECT COUNT(*) FROM preferences_activation a
                                WHERE a.notice_class_id = NEW.notice_class_id) < 2"""  # noqa: S608
                },
                message="two staff activate a notice class before it is used",
            ),
            # A campaign writes one message to each recipient. Another row in its place would keep
            # the recipient from getting it (R38).
            *refuse(
                "message_begins_as_its_campaign_writes_it",
                table="preferences_message",
                when={"INSERT": _DIFFERS_FROM_CAMPAIGN},
                message="a message waits for a worker, as its campaign has it",
            ),
            *refuse(
                "message_keeps_its_reader",
                table="preferences_message",
                when={"UPDATE": _CATEGORY_OR_RECIPIENT_CHANGED},
                message="a message keeps its category and its reader",
            ),
            *refuse(
                "message_ends_with_a_decision",
                table="preferences_message",
                when={
                    "UPDATE": f"NEW.{_ENDED} AND NOT {_DECIDED}",
                    "DELETE": f"NOT OLD.{_ENDED}",
                },
                message="a message ends with a decision",
            ),
            *refuse(
                "message_keeps_its_content",
                table="preferences_message",
                when={
                    "UPDATE": f"NOT NEW.{_ENDED} AND OLD.sealed_content IS NOT NULL AND"
                    " (NEW.sealed_content IS NULL OR NEW.sealed_content <> OLD.sealed_content)"
                },
                message="a message keeps its content until it ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=UNFINISHED), name="message_unfinished"
            ),
            # Finds the next message of a campaign, however many are sent.
            models.Index(
                fields=["campaign", "id"],
                condition=Q(state__in=UNFINISHED, campaign__isnull=False),
                name="message_of_campaign",
            ),
            # Finds when a topic was last sent outside a campaign.
            models.Index(
                fields=["topic", "-id"],
                condition=Q(state=MessageState.SENT, topic__isnull=False, campaign=None),
                name="message_of_topic",
            ),
            # Counts the mandatory email of each month.
            models.Index(
                fields=["claimed_at", "notice_class", "state"],
                condition=Q(notice_class__isnull=False),
                name="message_of_notice_class",
            ),
            models.Index(
                fields=["recipient", "due_at"],
                condition=Q(state__in=UNFINISHED, in_digest=True),
                name="message_of_digest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} → {self.address}"

    @property
    def is_erased(self) -> bool:
        """Whether an erasure took its address and subject."""
        return self.address.endswith(f"@{ERASED_DOMAIN}")

    @property
    def category(self) -> str:
        """The code of its notice class, or the short name of its topic."""
        return self.notice_class_id or self.topic.slug  # type: ignore[union-attr]


class DeliveryDecision(models.Model):
    """The outcome of one message and its reason; a trigger refuses to change it."""

    message = models.OneToOneField(
        Message, primary_key=True, on_delete=models.PROTECT, related_name="decision"
    )
    outcome = models.CharField(max_length=10, choices=Outcome)
    reason = models.CharField(max_length=20, choices=Reason)
    consent = models.ForeignKey(
        ConsentRecord, null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-message"]
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="outcome_known"),
            models.CheckConstraint(condition=Q(reason__in=Reason.values), name="reason_known"),
            *refuse(
                "only_a_claimed_message_is_decided",
                table="preferences_deliverydecision",
                when={
                    "INSERT": """EXISTS (SELECT 1 FROM preferences_message m
                            WHERE m.id = NEW.message_id AND m.state <> 'claimed')"""
                },
                message="a decision is about a message that a worker has claimed",
            ),
            *refuse(
                "only_a_topic_is_skipped",
                table="preferences_deliverydecision",
                when={
                    "INSERT": """NEW.outcome = 'skipped' AND EXISTS (
                            SELECT 1 FROM preferences_message m
                            WHERE m.id = NEW.message_id AND m.topic_id IS NULL)"""
                },
                message="a mandatory message is never skipped",
            ),
            *refuse(
                "only_a_cancelled_campaign_is_withdrawn",
                table="preferences_deliverydecision",
                when={
                    "INSERT": """NEW.outcome = 'withdrawn' AND NOT EXISTS (
                            SELECT 1 FROM preferences_message m
                            JOIN preferences_campaign c ON c.id = m.campaign_id
                            WHERE m.id = NEW.message_id AND c.state = 'cancelled')"""
                },
                message="a message is withdrawn with its campaign alone",
            ),
            *append_only(
                "preferences_deliverydecision",
                erased=WITH_ERASED_MESSAGE,
                over=WITH_OLD_MESSAGE,
            ),
        ]
        indexes = [models.Index(fields=["at", "outcome"], name="decision_by_day")]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.outcome} ({self.reason})"
