"""Waves: the notices about a breach, each to a frozen list of people."""

import hashlib
import json
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language

from accounts.choices import Language
from accounts.models import User
from accounts.triggers import refuse, refuse_set
from compliance.choices.breaches import PARTS
from compliance.models.breaches import Breach, kept_with_breach, kept_with_notice
from preferences.models import Campaign

TEXTS = tuple(f"{part}_{language}" for part in PARTS for language in Language.values)
_FROZEN = (
    *TEXTS, "breach_id", "number", "slug", "written_by_id", "released_at", "released_by_id",
    "alone_reason", "sha256", "list_sha256", "list_count",
)  # fmt: skip
# The other columns can't become NULL while it stays released.
_CHANGED = (
    "NEW.released_at IS NULL OR COALESCE(NEW.corrects_id, 0) <> COALESCE(OLD.corrects_id, 0) OR "
    + " OR ".join(f"NEW.{column} <> OLD.{column}" for column in _FROZEN)
)
_CORRECTS_NO_NOTICE = """NEW.corrects_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM compliance_wave w WHERE w.id = NEW.corrects_id
      AND w.breach_id = NEW.breach_id AND w.released_at IS NOT NULL AND w.corrects_id IS NULL)"""
_LEAVES_SOMEBODY_OUT = """NEW.released_at IS NOT NULL AND NEW.corrects_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM compliance_affected a WHERE a.wave_id = NEW.corrects_id AND NOT EXISTS (
        SELECT 1 FROM compliance_affected b WHERE b.corrects_id = a.id AND b.wave_id = NEW.id))"""
_CAMPAIGN_CHANGED = (
    "OLD.campaign_id IS NOT NULL AND COALESCE(NEW.campaign_id, 0) <> OLD.campaign_id"
)
_NO_LEGAL_NOTICE = """NEW.campaign_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM preferences_campaign c
    WHERE c.id = NEW.campaign_id AND c.notice_class_id = 'legal')"""
_OF_EXERCISE = """EXISTS (SELECT 1 FROM compliance_wave w
    JOIN compliance_breach b ON b.id = w.breach_id
    WHERE w.campaign_id = NEW.campaign_id AND b.exercise)
    AND NOT EXISTS (SELECT 1 FROM preferences_recipient r JOIN accounts_user u ON u.id = r.user_id
        WHERE r.id = NEW.recipient_id AND u.is_staff)"""
_IS_COMPLETE = Q(**{f"{name}__gt": "" for name in TEXTS})


class Wave(models.Model):
    """The wording of a notice in its six parts (SOR/2018-64, section 3) and its release.

    Once it is released, nothing changes it (L19). One that corrects an earlier notice goes to
    exactly the people whom that one told.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    breach = models.ForeignKey(
        Breach, on_delete=models.PROTECT, related_name="waves", db_index=False
    )
    number = models.PositiveIntegerField()
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    slug = models.SlugField(max_length=40, unique=True, editable=False)
    circumstances_en = models.TextField(blank=True)
    circumstances_fr = models.TextField(blank=True)
    period_en = models.TextField(blank=True)
    period_fr = models.TextField(blank=True)
    items_en = models.TextField(blank=True)
    items_fr = models.TextField(blank=True)
    measures_en = models.TextField(blank=True)
    measures_fr = models.TextField(blank=True)
    advice_en = models.TextField(blank=True)
    advice_fr = models.TextField(blank=True)
    contact_en = models.TextField(blank=True)
    contact_fr = models.TextField(blank=True)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    released_at = models.DateTimeField(null=True, blank=True, editable=False)
    released_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    alone_reason = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    list_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    list_count = models.PositiveIntegerField(default=0, editable=False)
    campaign = models.OneToOneField(
        Campaign, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["breach", "-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["breach", "number"], name="wave_number_once"),
            models.UniqueConstraint(
                fields=["breach"], condition=Q(released_at=None), name="one_draft_of_a_wave"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None, released_by=None)
                | Q(
                    _IS_COMPLETE,
                    Q(sha256__gt="", list_sha256__gt="", list_count__gt=0),
                    released_at__isnull=False,
                    released_by__isnull=False,
                ),
                name="released_wave_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(released_at=None)
                | ~Q(released_by=F("written_by"))
                | ~Q(alone_reason=""),
                name="wave_released_by_a_second_person",
            ),
            *refuse(
                "released_wave_stays",
                table="compliance_wave",
                when={
                    "UPDATE": f"OLD.released_at IS NOT NULL AND ({_CHANGED}) OR {_CAMPAIGN_CHANGED}"
                },
                message="a released notice keeps its text and its list",
            ),
            *refuse(
                "wave_corrects_a_released_notice",
                table="compliance_wave",
                when={"INSERT": _CORRECTS_NO_NOTICE, "UPDATE": _CORRECTS_NO_NOTICE},
                message="only a released notice of the same breach is corrected",
            ),
            *refuse(
                "correction_tells_everybody_told",
                table="compliance_wave",
                when={"INSERT": _LEAVES_SOMEBODY_OUT, "UPDATE": _LEAVES_SOMEBODY_OUT},
                message="a correction tells everybody whom the notice told",
            ),
            *refuse(
                "wave_is_a_legal_notice",
                table="compliance_wave",
                when={"INSERT": _NO_LEGAL_NOTICE, "UPDATE": _NO_LEGAL_NOTICE},
                message="a notice about a breach is a required legal notice",
            ),
            *kept_with_breach("wave_is_kept", table="compliance_wave"),
            *(
                trigger
                for kind in ("deliverydecision", "deliveryevent", "deliveryprobe", "escalation")
                for trigger in kept_with_notice(
                    f"{kind}_of_breach_is_kept",
                    table=f"preferences_{kind}",
                    message="OLD.message_id",
                )
            ),
            *kept_with_notice(
                "message_of_breach_is_kept", table="preferences_message", message="OLD.id"
            ),
            refuse_set(
                "exercise_mails_staff_only",
                table="preferences_message",
                when=f"NEW.campaign_id IS NOT NULL AND {_OF_EXERCISE}",
                message="an exercise reaches staff only",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.breach_id}/{self.number}"

    @property
    def is_draft(self) -> bool:
        """Whether it is still being written."""
        return self.released_at is None

    def text(self, part: str, language: str = "") -> str:
        """Return one of its parts in one of our languages, else in the reader's."""
        language = language or get_language() or "en"
        return str(getattr(self, f"{part}_{'fr' if language.startswith('fr') else 'en'}"))

    def computed_sha256(self) -> str:
        """Return the hash of its texts: of JSON with sorted keys."""
        content = {name: getattr(self, name) for name in TEXTS}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
