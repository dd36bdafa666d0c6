"""Announcing a version to everybody, withdrawing it again, and the one reminder."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from compliance.emails import announcement_texts, send_policy_reminder, withdrawal_texts
from compliance.models import Announcement, PolicyReminder, PolicyVersion
from compliance.permissions import PolicyRefused, refuse_writer
from compliance.selectors import is_announced, people_to_answer, takes_effect, versions
from compliance.services.policies import lock_version, version_facts
from preferences.choices import NoticeCode
from preferences.services.notices import send_notice, stop_notice

REMIND_BEFORE = timedelta(days=7)
REMINDED_AT_ONCE = 500  # people of each tick, so that one doesn't take minutes


def notice_period() -> timedelta:
    """Return how long before its effect a material version is announced."""
    return timedelta(days=settings.HUB_POLICY_NOTICE_DAYS)


@transaction.atomic
def announce_version(
    *,
    actor: User,
    version: PolicyVersion,
    early_reason_en: str = "",
    early_reason_fr: str = "",
    alone_reason: str = "",
) -> Announcement:
    """Tell everybody about a material version: by a required notice, and from then on each page.

    Raises PermissionDenied without `compliance.announce_policyversion`; PolicyRefused for a version
    that is no published, material one, where the actor wrote or published it and gives no
    `alone_reason`, and where it takes effect within the notice period and no reason says why (L4).
    """
    require_staff(actor, "compliance.announce_policyversion")
    version = lock_version(version)
    if version.is_draft or version.withdrawn_at is not None or not version.material:
        raise PolicyRefused(_("Only a published version with a material change is announced."))
    if Announcement.objects.filter(version=version).exists():
        raise PolicyRefused(_("This version is already announced."), code="announced")
    refuse_writer(actor, version, alone_reason)
    reasons = {"en": early_reason_en.strip(), "fr": early_reason_fr.strip()}
    _refuse_early(version, reasons)
    subjects, bodies = announcement_texts(version, reasons)
    campaign = send_notice(
        actor=actor, notice_class=NoticeCode.LEGAL, subjects=subjects, bodies=bodies
    )
    announcement = Announcement.objects.create(
        version=version,
        campaign=campaign,
        announced_by=actor,
        alone_reason=alone_reason.strip(),
        early_reason_en=reasons["en"],
        early_reason_fr=reasons["fr"],
    )
    record_event(
        kind="policy.announced",
        actor=actor,
        **version_facts(version),
        alone_reason=alone_reason.strip(),
        early_reason=reasons if reasons["en"] else "",
    )
    return announcement


def is_early(version: PolicyVersion) -> bool:
    """Return whether a version takes effect within the notice period from now."""
    return version.effective_at is None or version.effective_at < timezone.now() + notice_period()


def _refuse_early(version: PolicyVersion, reasons: dict[str, str]) -> None:
    if not is_early(version):
        if any(reasons.values()):
            raise PolicyRefused(
                {"early_reason_en": _("Leave the reason empty: the notice is long enough.")}
            )
        return
    missing = [language for language, reason in reasons.items() if not reason]
    if missing:
        text = _(
            "It takes effect less than %(days)s days after this announcement. Say why, in English "
            "and in French, or publish it for a later day."
        ) % {"days": settings.HUB_POLICY_NOTICE_DAYS}
        raise PolicyRefused(
            {
                f"early_reason_{language}": ValidationError(text, code="early")
                for language in missing
            }
        )


@transaction.atomic
def withdraw_version(
    *, actor: User, version: PolicyVersion, reason_en: str, reason_fr: str
) -> PolicyVersion:
    """Withdraw a published version before it takes effect; everybody who was told is told again.

    Raises PermissionDenied without `compliance.announce_policyversion`; PolicyRefused for a draft,
    a version that is or was in force, one that is withdrawn, and a missing reason.
    """
    require_staff(actor, "compliance.announce_policyversion")
    version = lock_version(version)
    version = versions().get(pk=version.pk)
    if version.is_draft or version.withdrawn_at is not None:
        raise PolicyRefused(_("Only a published version can be withdrawn."), code="state")
    if takes_effect(version, timezone.now()):
        raise PolicyRefused(
            _("This version is in force. Publish a new version instead."), code="in_force"
        )
    reasons = {"en": reason_en.strip(), "fr": reason_fr.strip()}
    for language, reason in reasons.items():
        if not reason:
            raise PolicyRefused({f"reason_{language}": _("Say why, in English and in French.")})
    was_announced = is_announced(version)
    if was_announced:
        stop_notice(actor=actor, campaign=version.announcement.campaign)
    version.withdrawn_at, version.withdrawn_by = timezone.now(), actor
    version.withdrawn_reason_en, version.withdrawn_reason_fr = reasons["en"], reasons["fr"]
    version.save()
    if was_announced:
        subjects, bodies = withdrawal_texts(version, reasons)
        send_notice(actor=actor, notice_class=NoticeCode.LEGAL, subjects=subjects, bodies=bodies)
    record_event(kind="policy.withdrawn", actor=actor, **version_facts(version), withdrawal=reasons)
    return version


def remind_of_policies() -> int:
    """Remind each person once, in the week before a version takes effect. Return how many.

    A reminder and its email are one transaction, so a worker that stops repeats none.
    """
    now, reminded = timezone.now(), 0
    due = versions().filter(
        material=True,
        withdrawn_at=None,
        announcement__isnull=False,
        effective_at__gt=now,
        effective_at__lte=now + REMIND_BEFORE,
    )
    for version in due:
        if is_announced(version) and _was_told_in_time(version):
            reminded += _remind_people(version)
    return reminded


def _was_told_in_time(version: PolicyVersion) -> bool:
    """Return whether the announcement is older than the reminder would be."""
    assert version.effective_at is not None  # noqa: S101 -- by constraint
    return version.announcement.announced_at < version.effective_at - REMIND_BEFORE


def _remind_people(version: PolicyVersion) -> int:
    reminders = PolicyReminder.objects.filter(version=version, person=OuterRef("pk"))
    people = people_to_answer(version).filter(~Exists(reminders)).order_by("pk")
    count = 0
    for person in people[:REMINDED_AT_ONCE]:
        with transaction.atomic():
            _reminder, is_new = PolicyReminder.objects.get_or_create(version=version, person=person)
            if is_new:
                send_policy_reminder(person=person, version=version)
                count += 1
    return count
