"""Policies, their versions, and the announcements of versions."""

import hashlib
import json

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.choices import Language
from accounts.models import User
from accounts.triggers import append_only, refuse
from accounts.validators import NAME_LENGTH, validate_plain_text
from compliance.choices import AskedOf, PolicyKind
from preferences.models import Campaign

TEXTS = ("title_en", "title_fr", "summary_en", "summary_fr", "body_en", "body_fr")
FROZEN = (
    *TEXTS, "policy_id", "number", "material", "effective_at", "published_at", "published_by_id",
    "written_by_id", "created_at", "sha256", "data_snapshot",
)  # fmt: skip
_PUBLISHED = "OLD.published_at IS NOT NULL"
# The other columns can't become NULL while it stays published.
_TEXT_CHANGED = "NEW.published_at IS NULL OR " + " OR ".join(
    f"NEW.{column} <> OLD.{column}" for column in FROZEN
)
_WITHDRAWAL_CHANGED = """OLD.withdrawn_at IS NOT NULL AND (NEW.withdrawn_at IS NULL
    OR NEW.withdrawn_at <> OLD.withdrawn_at OR NEW.withdrawn_by_id <> OLD.withdrawn_by_id
    OR NEW.withdrawn_reason_en <> OLD.withdrawn_reason_en
    OR NEW.withdrawn_reason_fr <> OLD.withdrawn_reason_fr)"""
_HAS_PUBLISHED = """EXISTS (SELECT 1 FROM compliance_policyversion v
    WHERE v.policy_id = OLD.id AND v.published_at IS NOT NULL)"""
_OTHER_TERMS = "NEW.slug <> OLD.slug OR NEW.kind <> OLD.kind OR NEW.asked_of <> OLD.asked_of"
_CANNOT_BE_ANNOUNCED = """NOT EXISTS (SELECT 1 FROM compliance_policyversion v
    WHERE v.id = NEW.version_id AND v.published_at IS NOT NULL AND v.material
      AND v.withdrawn_at IS NULL)"""
_IS_NO_LEGAL_NOTICE = """NOT EXISTS (SELECT 1 FROM preferences_campaign c
    WHERE c.id = NEW.campaign_id AND c.notice_class_id = 'legal')"""
_BY_THE_WRITER = """NEW.alone_reason = '' AND EXISTS (SELECT 1 FROM compliance_policyversion v
    WHERE v.id = NEW.version_id
      AND (v.written_by_id = NEW.announced_by_id OR v.published_by_id = NEW.announced_by_id))"""


class Policy(models.Model):
    """A document that binds or informs people; its texts are its versions."""

    slug = models.SlugField(_("short name"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=PolicyKind)
    asked_of = models.CharField(_("who answers"), max_length=10, choices=AskedOf)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["slug"]
        verbose_name_plural = "policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=PolicyKind.values), name="policy_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(asked_of__in=AskedOf.values), name="policy_asked_of_known"
            ),
            models.CheckConstraint(
                condition=~Q(kind=PolicyKind.NOTICE, asked_of=AskedOf.COMPANY),
                name="notice_is_acknowledged_by_persons",
                violation_error_message=_("People acknowledge a notice; a company can't."),
            ),
            *refuse(
                "published_policy_keeps_its_terms",
                table="compliance_policy",
                when={"UPDATE": f"({_OTHER_TERMS}) AND {_HAS_PUBLISHED}"},
                message="a published policy keeps its address, its kind and who answers it",
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class PolicyVersion(models.Model):
    """One text of a policy; once it is published, nothing changes or deletes it."""

    policy = models.ForeignKey(
        Policy, on_delete=models.PROTECT, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    title_en = models.CharField(
        _("title (English)"),
        max_length=NAME_LENGTH,
        blank=True,
        validators=[validate_plain_text],
    )
    title_fr = models.CharField(
        _("title (français)"),
        max_length=NAME_LENGTH,
        blank=True,
        validators=[validate_plain_text],
    )
    summary_en = models.TextField(_("summary of changes (English)"), blank=True)
    summary_fr = models.TextField(_("summary of changes (français)"), blank=True)
    body_en = models.TextField(_("text (English)"), blank=True)
    body_fr = models.TextField(_("text (français)"), blank=True)
    material = models.BooleanField(_("material change"), null=True, blank=True)
    effective_at = models.DateTimeField(_("takes effect"), null=True, blank=True)
    written_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", help_text="Who last saved the draft."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    # The registry of personal data (compliance.registry) as it was when the notice was published.
    data_snapshot = models.JSONField(default=dict, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_reason_en = models.TextField(blank=True)
    withdrawn_reason_fr = models.TextField(blank=True)

    class Meta:
        ordering = ["policy", "-number"]
        permissions = [
            ("publish_policyversion", "May publish a version of a policy"),
            ("announce_policyversion", "May announce or withdraw a version of a policy"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["policy", "effective_at"],
                condition=Q(withdrawn_at=None),
                name="version_takes_effect_alone",
                violation_error_message=_("Another version takes effect on this day."),
            ),
            models.UniqueConstraint(
                fields=["policy"], condition=Q(published_at=None), name="one_draft_of_policy"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None)
                | Q(
                    ~Q(title_en="") & ~Q(title_fr=""),
                    ~Q(summary_en="") & ~Q(summary_fr=""),
                    ~Q(body_en="") & ~Q(body_fr=""),
                    material__isnull=False,
                    effective_at__isnull=False,
                    published_by__isnull=False,
                    sha256__gt="",
                ),
                name="published_version_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(effective_at__gte=F("published_at")),
                name="version_takes_effect_after_publishing",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None)
                | Q(
                    ~Q(withdrawn_reason_en="") & ~Q(withdrawn_reason_fr=""),
                    published_at__isnull=False,
                    withdrawn_by__isnull=False,
                ),
                name="withdrawn_version_says_why",
            ),
            *refuse(
                "published_version_keeps_its_text",
                table="compliance_policyversion",
                when={
                    "UPDATE": f"{_PUBLISHED} AND ({_TEXT_CHANGED}) OR {_WITHDRAWAL_CHANGED}",
                    "DELETE": _PUBLISHED,
                },
                message="a published version is never changed or deleted",
                no_truncate=True,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy_id}/{self.number}"

    @property
    def is_draft(self) -> bool:
        """Whether it is still being written."""
        return self.published_at is None

    @property
    def title(self) -> str:
        """Its title in the reader's language."""
        return self.in_language("title", get_language() or "en") or self.title_en or self.title_fr

    @property
    def titles(self) -> dict[str, str]:
        """Its titles by language, for events."""
        return {language: self.in_language("title", language) for language in Language.values}

    @property
    def label(self) -> str:
        """Its number in words."""
        return gettext("Version %(number)s") % {"number": self.number}

    def in_language(self, name: str, language: str) -> str:
        """Return its title, summary or body in one of our languages."""
        text: str = getattr(self, f"{name}_{'fr' if language.startswith('fr') else 'en'}")
        return text

    def computed_sha256(self, slug: str) -> str:
        """Return the hash of its number and all its texts: of JSON with sorted keys."""
        content = {"policy": slug, "number": self.number}
        content |= {name: getattr(self, name) for name in TEXTS}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class Announcement(models.Model):
    """The email that told everybody about a material version, and who released it."""

    version = models.OneToOneField(
        PolicyVersion, on_delete=models.PROTECT, related_name="announcement"
    )
    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="+")
    announced_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    announced_at = models.DateTimeField(default=timezone.now, editable=False)
    alone_reason = models.TextField(blank=True)
    early_reason_en = models.TextField(blank=True)
    early_reason_fr = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(early_reason_en="", early_reason_fr="")
                | ~Q(early_reason_en="") & ~Q(early_reason_fr=""),
                name="early_reason_in_both_languages",
            ),
            *append_only("compliance_announcement"),
            *refuse(
                "announced_version_is_published",
                table="compliance_announcement",
                when={"INSERT": _CANNOT_BE_ANNOUNCED},
                message="only a published, material version is announced",
            ),
            *refuse(
                "announcement_is_a_legal_notice",
                table="compliance_announcement",
                when={"INSERT": _IS_NO_LEGAL_NOTICE},
                message="an announcement is a required legal notice",
            ),
            *refuse(
                "announcement_by_a_second_person",
                table="compliance_announcement",
                when={"INSERT": _BY_THE_WRITER},
                message="somebody else announces a version, or there is a reason to do it alone",
            ),
        ]

    def __str__(self) -> str:
        return f"announcement of {self.version}"


class PolicyReminder(models.Model):
    """The one reminder that a person got of a version; written with its email."""

    version = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, related_name="reminders", db_index=False
    )
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["version", "person"], name="one_policy_reminder"),
            *append_only("compliance_policyreminder"),
        ]

    def __str__(self) -> str:
        return f"{self.version} → {self.person_id}"
