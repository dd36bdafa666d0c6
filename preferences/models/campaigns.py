"""Campaigns, and what was decided about each candidate."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.triggers import append_only, refuse, refuse_set
from accounts.validators import validate_plain_text
from portals.models import Portal
from preferences.choices import CampaignState, Reason
from preferences.models.categories import NoticeClass, Topic
from preferences.models.consent import ConsentRecord
from preferences.models.consent_end import ended_long_ago
from preferences.models.recipients import Recipient

SUBJECT_LENGTH = 200


_CONSENT_BLANKED = f"""NEW.consent_id IS NULL AND NEW.id = OLD.id
    AND NEW.campaign_id = OLD.campaign_id AND NEW.recipient_id = OLD.recipient_id
    AND NEW.send = OLD.send AND NEW.reason = OLD.reason
    AND EXISTS (SELECT 1 FROM preferences_consentrecord r
        WHERE r.id = OLD.consent_id AND {ended_long_ago("r")})"""  # noqa: S608 -- ours
_ENDED = "OLD.state IN ('cancelled', 'done')"
_TEXT_CHANGED = " OR ".join(
    f"NEW.{column} <> OLD.{column}"
    for column in ("subject_en", "subject_fr", "body_en", "body_fr", "promotional")
)
_CATEGORY_CHANGED = """COALESCE(NEW.topic_id, 0) <> COALESCE(OLD.topic_id, 0)
    OR COALESCE(NEW.notice_class_id, '') <> COALESCE(OLD.notice_class_id, '')"""
_HAS_CANDIDATE = "EXISTS (SELECT 1 FROM preferences_candidate k WHERE k.campaign_id = OLD.id)"
_HAS_MESSAGE = "EXISTS (SELECT 1 FROM preferences_message k WHERE k.campaign_id = OLD.id)"
_OF_REFERRALS = """NEW.topic_id IS NOT NULL AND EXISTS (SELECT 1 FROM preferences_topic t
    WHERE t.id = NEW.topic_id AND t.basis = 'referral')"""
_REFERENCE_IS_MISSING = """NEW.{column} IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM preferences_{table} p WHERE p.id = NEW.{column})"""


class Campaign(models.Model):
    """An email to many recipients, about exactly one topic or notice class."""

    topic = models.ForeignKey(
        Topic, null=True, blank=True, on_delete=models.PROTECT, related_name="campaigns"
    )
    notice_class = models.ForeignKey(
        NoticeClass, null=True, blank=True, on_delete=models.PROTECT, related_name="campaigns"
    )
    subject_en = models.CharField(
        _("subject (English)"),
        max_length=SUBJECT_LENGTH,
        blank=True,
        validators=[validate_plain_text],
    )
    subject_fr = models.CharField(
        _("subject (français)"),
        max_length=SUBJECT_LENGTH,
        blank=True,
        validators=[validate_plain_text],
    )
    body_en = models.TextField(_("text (English)"), blank=True)
    body_fr = models.TextField(_("text (français)"), blank=True)
    promotional = models.BooleanField(
        _("contains advertising"),
        default=False,
        help_text=_("Any advertising makes the message optional."),
    )
    urgent = models.BooleanField(
        _("urgent"), default=False, help_text=_("Sent at once, also to people who get digests.")
    )
    state = models.CharField(
        max_length=10, choices=CampaignState, default=CampaignState.DRAFT, editable=False
    )
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    resolved_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When its candidates were decided."
    )
    portal = models.ForeignKey(
        Portal,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("portal"),
        help_text=_("A notice goes to people of companies with this portal; empty: to everyone."),
    )
    named = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether it goes to its named recipients alone, whoever they are today.",
    )
    confidential = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Sent by an upper app that alone shows it, and may put it on hold.",
    )
    last_slice_at = models.DateTimeField(
        null=True, editable=False, help_text="When a worker last sent some of it."
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-pk"]
        permissions = [
            ("send_topic_campaign", "May send optional mail"),
            ("send_notice_campaign", "May send mandatory mail"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(portal__isnull=True) | Q(topic__isnull=True),
                name="a_topic_has_its_own_portal",
                violation_error_message=_("Leave the portal empty: the topic already sets it."),
            ),
            models.CheckConstraint(
                condition=Q(notice_class__isnull=True, topic__isnull=False)
                | Q(notice_class__isnull=False, topic__isnull=True),
                name="campaign_has_one_category",
            ),
            models.CheckConstraint(
                condition=Q(promotional=False) | Q(topic__isnull=False),
                name="promotional_campaign_has_a_topic",
                violation_error_message=_("A message with advertising needs a topic."),
            ),
            models.CheckConstraint(
                condition=Q(named=False) | Q(topic__isnull=True, portal__isnull=True),
                name="only_a_notice_names_its_audience",
            ),
            models.CheckConstraint(
                condition=Q(state__in=CampaignState.values), name="campaign_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=CampaignState.DRAFT)
                | ~Q(subject_en="") & ~Q(subject_fr="") & ~Q(body_en="") & ~Q(body_fr=""),
                name="scheduled_campaign_has_both_languages",
                violation_error_message=_("English and French are both needed."),
            ),
            *refuse(
                "sent_campaign_keeps_its_text",
                table="preferences_campaign",
                when={
                    "UPDATE": "OLD.state NOT IN ('draft', 'scheduled') AND"
                    f" (NEW.state = 'draft' OR {_TEXT_CHANGED} OR {_CATEGORY_CHANGED})"
                    f" OR ({_CATEGORY_CHANGED}) AND ({_HAS_CANDIDATE} OR {_HAS_MESSAGE})",
                    "DELETE": f"OLD.state <> 'draft' OR {_HAS_CANDIDATE}",
                },
                message="what is being sent keeps its words",
            ),
            # A referred person gets one email, which their consent record is for (L62).
            *refuse(
                "no_campaign_of_referrals",
                table="preferences_campaign",
                when={"INSERT": _OF_REFERRALS, "UPDATE": _OF_REFERRALS},
                message="people who were referred get no campaign",
            ),
            *refuse(
                "campaign_ends_for_good",
                table="preferences_campaign",
                when={"UPDATE": f"{_ENDED} AND NEW.state <> OLD.state"},
                message="a campaign that has ended stays so",
            ),
            *refuse(
                "campaign_keeps_its_key",
                table="preferences_campaign",
                when={"UPDATE": "NEW.id <> OLD.id"},
                message="a campaign keeps its key",
                no_truncate=True,
            ),
        ]

    def __str__(self) -> str:
        return self.subject_en or self.subject_fr

    @property
    def category(self) -> NoticeClass | Topic:
        """Its topic or notice class, whichever is set."""
        category = self.topic or self.notice_class
        assert category is not None  # noqa: S101 -- by constraint
        return category

    def subject(self, language: str) -> str:
        """Return its subject in one of our languages."""
        return self.subject_fr if language == "fr" else self.subject_en

    def body(self, language: str) -> str:
        """Return its text in one of our languages."""
        return self.body_fr if language == "fr" else self.body_en


class Candidate(models.Model):
    """The decision about one recipient when the campaign was resolved (R46); written once.

    A million rows are written in one statement. So their references are checked once for all of
    them (candidate_points_at_…) instead of by foreign keys; triggers keep the referenced rows.
    """

    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.PROTECT,
        related_name="candidates",
        db_index=False,
        db_constraint=False,
    )
    recipient = models.ForeignKey(
        Recipient,
        on_delete=models.PROTECT,
        related_name="candidacies",
        db_index=False,
        db_constraint=False,
    )
    send = models.BooleanField()
    reason = models.CharField(max_length=20, choices=Reason)
    consent = models.ForeignKey(
        ConsentRecord,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "campaign"], name="one_candidate"),
            models.CheckConstraint(
                condition=Q(reason__in=Reason.values), name="candidate_reason_known"
            ),
            *append_only("preferences_candidate", erased=_CONSENT_BLANKED),
            *(
                refuse_set(
                    f"candidate_points_at_a_{table}",
                    table="preferences_candidate",
                    when=_REFERENCE_IS_MISSING.format(column=column, table=table),
                    message=f"a candidate points at a {table} that is there",
                )
                for column, table in (
                    ("campaign_id", "campaign"),
                    ("recipient_id", "recipient"),
                    ("consent_id", "consentrecord"),
                )
            ),
            refuse_set(
                "mandatory_candidate_is_never_skipped",
                table="preferences_candidate",
                when="""NOT NEW.send AND EXISTS (SELECT 1 FROM preferences_campaign c
                        WHERE c.id = NEW.campaign_id AND c.topic_id IS NULL)""",
                message="a mandatory message is never skipped",
            ),
        ]
        # Instead of the foreign key's index, so that a page of candidates can begin at any key.
        indexes = [models.Index(fields=["campaign", "id"], name="candidate_of_campaign")]

    def __str__(self) -> str:
        return f"{self.campaign_id} → {self.recipient_id}: {self.reason}"
