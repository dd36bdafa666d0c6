"""The people affected by a breach, and how each case ended."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.triggers import append_only, refuse
from accounts.validators import NAME_LENGTH, validate_plain_lines, validate_plain_text
from compliance.choices.breaches import AffectedSource, Ground, Outcome
from compliance.models.breaches import Breach, kept_with_breach
from compliance.models.waves import Wave
from preferences.models import Recipient

POST_LENGTH = 400  # characters of a postal address

_CHANGED = """OLD.wave_id IS NOT NULL AND COALESCE(NEW.wave_id, 0) <> OLD.wave_id
    OR NEW.breach_id <> OLD.breach_id
    OR COALESCE(NEW.corrects_id, 0) <> COALESCE(OLD.corrects_id, 0)
    OR COALESCE(NEW.recipient_id, 0) <> COALESCE(OLD.recipient_id, 0)
    OR NEW.name <> OLD.name OR NEW.address <> OLD.address OR NEW.post <> OLD.post
    OR NEW.source <> OLD.source OR NEW.why <> OLD.why"""
_NO_STAFF = """EXISTS (SELECT 1 FROM compliance_breach b WHERE b.id = NEW.breach_id AND b.exercise)
    AND NOT EXISTS (SELECT 1 FROM preferences_recipient r JOIN accounts_user u ON u.id = r.user_id
        WHERE r.id = NEW.recipient_id AND u.is_staff)"""
_OTHER_WAVE = """NEW.wave_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM compliance_wave w
    WHERE w.id = NEW.wave_id AND w.breach_id = NEW.breach_id AND w.released_at IS NULL)"""
_NOT_AS_TOLD = """NEW.wave_id IS NOT NULL AND (
    NEW.corrects_id IS NULL AND EXISTS (SELECT 1 FROM compliance_wave w
        WHERE w.id = NEW.wave_id AND w.corrects_id IS NOT NULL)
    OR NEW.corrects_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM compliance_affected a JOIN compliance_wave w ON w.corrects_id = a.wave_id
        WHERE a.id = NEW.corrects_id AND w.id = NEW.wave_id
          AND COALESCE(a.recipient_id, 0) = COALESCE(NEW.recipient_id, 0)
          AND a.name = NEW.name AND a.address = NEW.address AND a.post = NEW.post))"""


class Affected(models.Model):
    """Somebody whose data is affected: a recipient of the hub, or an outsider with an address.

    Their wave is the notice that told them; from then on the row stays as it is (L21). A correction
    of that notice tells them by a row of its own, which has their first one in `corrects`.
    """

    breach = models.ForeignKey(
        Breach, on_delete=models.PROTECT, related_name="affected", db_index=False
    )
    wave = models.ForeignKey(
        Wave, null=True, blank=True, on_delete=models.PROTECT, related_name="affected"
    )
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    recipient = models.ForeignKey(
        Recipient, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=NAME_LENGTH, blank=True, validators=[validate_plain_text])
    address = models.EmailField(blank=True, help_text="As it was when they were listed.")
    post = models.CharField(max_length=POST_LENGTH, blank=True, validators=[validate_plain_lines])
    source = models.CharField(max_length=10, choices=AffectedSource)
    why = models.CharField(max_length=300, blank=True)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "affected"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=AffectedSource.values), name="affected_source_known"
            ),
            models.CheckConstraint(
                condition=Q(~Q(address=""), recipient__isnull=False, post="")
                | Q(~Q(name=""), ~Q(post=""), recipient=None, address=""),
                name="affected_is_recipient_or_outsider",
            ),
            models.UniqueConstraint(
                fields=["breach", "recipient"],
                condition=Q(recipient__isnull=False, corrects=None),
                name="affected_recipient_once",
            ),
            models.UniqueConstraint(
                fields=["breach", "name", "post"],
                condition=Q(recipient=None, corrects=None),
                name="affected_outsider_once",
            ),
            models.UniqueConstraint(
                fields=["wave", "corrects"],
                condition=Q(corrects__isnull=False),
                name="correction_tells_each_once",
            ),
            models.CheckConstraint(
                condition=Q(corrects=None) | Q(wave__isnull=False),
                name="correction_is_of_a_notice",
            ),
            *refuse(
                "correction_goes_to_people_told",
                table="compliance_affected",
                when={"INSERT": _NOT_AS_TOLD, "UPDATE": _NOT_AS_TOLD},
                message="a correction goes to the people whom its notice told",
            ),
            *refuse(
                "affected_stays_as_told",
                table="compliance_affected",
                when={"UPDATE": _CHANGED, "DELETE": "OLD.wave_id IS NOT NULL"},
                message="who was told stays in the list as they were",
                no_truncate=True,
            ),
            *refuse(
                "affected_of_the_same_breach",
                table="compliance_affected",
                when={"INSERT": _OTHER_WAVE, "UPDATE": f"OLD.wave_id IS NULL AND {_OTHER_WAVE}"},
                message="a notice tells people of its own breach, listed before its release",
            ),
            *refuse(
                "exercise_affects_staff_only",
                table="compliance_affected",
                when={"INSERT": _NO_STAFF},
                message="an exercise reaches staff only",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.address


class AffectedEnd(models.Model):
    """The end of the attempts to tell somebody, as staff decided it (L29); kept for good."""

    affected = models.OneToOneField(
        Affected, primary_key=True, on_delete=models.PROTECT, related_name="end"
    )
    outcome = models.CharField(max_length=10, choices=Outcome)
    ground = models.CharField(max_length=12, choices=Ground, blank=True)
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["affected"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(~Q(reason=""), outcome=Outcome.EXHAUSTED, ground="")
                | Q(~Q(reason=""), outcome=Outcome.INDIRECT, ground__in=Ground.values),
                name="affected_ends_exhausted_or_indirect",
            ),
            *append_only("compliance_affectedend"),
        ]

    def __str__(self) -> str:
        return f"{self.affected_id}: {self.outcome}"


class Letter(models.Model):
    """A letter to somebody whom email did not reach: printed, posted, perhaps returned."""

    affected = models.ForeignKey(Affected, on_delete=models.PROTECT, related_name="letters")
    name = models.CharField(max_length=NAME_LENGTH, validators=[validate_plain_text])
    post = models.CharField(max_length=POST_LENGTH, validators=[validate_plain_lines])
    printed_at = models.DateTimeField(default=timezone.now, editable=False)
    printed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    posted_on = models.DateField(null=True, blank=True)
    posted_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    returned_on = models.DateField(null=True, blank=True)
    returned_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(posted_on=None, posted_by=None)
                | Q(posted_on__isnull=False, posted_by__isnull=False),
                name="posted_letter_says_who",
            ),
            models.CheckConstraint(
                condition=Q(returned_on=None, returned_by=None)
                | Q(
                    posted_on__isnull=False,
                    returned_on__gte=models.F("posted_on"),
                    returned_by__isnull=False,
                ),
                name="returned_letter_was_posted",
            ),
            *refuse(
                "letter_keeps_its_facts",
                table="compliance_letter",
                when={
                    "UPDATE": "NEW.affected_id <> OLD.affected_id OR NEW.name <> OLD.name"
                    " OR NEW.post <> OLD.post"
                    " OR OLD.posted_on IS NOT NULL AND COALESCE(NEW.posted_on, '2000-01-01')"
                    " <> OLD.posted_on"
                    " OR OLD.returned_on IS NOT NULL AND COALESCE(NEW.returned_on, '2000-01-01')"
                    " <> OLD.returned_on"
                },
                message="a letter keeps its address and its dates",
            ),
            *kept_with_breach(
                "letter_is_kept",
                table="compliance_letter",
                breach="(SELECT a.breach_id FROM compliance_affected a"
                " WHERE a.id = OLD.affected_id)",
            ),
        ]

    def __str__(self) -> str:
        return f"letter to {self.name}"


class NoticeReading(models.Model):
    """That an affected person opened the notice in their account, which proves it reached them."""

    affected = models.OneToOneField(
        Affected, primary_key=True, on_delete=models.PROTECT, related_name="reading"
    )
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["affected"]
        default_permissions = ()
        constraints = [
            *append_only("compliance_noticereading"),
            *refuse(
                "notice_is_read_by_its_person",
                table="compliance_noticereading",
                when={
                    "INSERT": """NOT EXISTS (SELECT 1 FROM compliance_affected a
                        JOIN preferences_recipient r ON r.id = a.recipient_id
                        LEFT JOIN preferences_recipient f ON f.id = r.followed_by_id
                        WHERE a.id = NEW.affected_id AND a.wave_id IS NOT NULL
                          AND (r.user_id = NEW.person_id OR f.user_id = NEW.person_id))"""
                },
                message="a notice is read by the person whom it told",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} read {self.affected_id}"
