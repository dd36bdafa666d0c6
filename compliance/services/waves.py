"""The notice to the affected people: one person writes it, another releases it."""

import re
import secrets

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.addresses import number_in
from accounts.models import AuditEvent, User
from accounts.services.versions import refuse_overwriting
from compliance.choices.breaches import BreachRisk, BreachRole
from compliance.emails import wave_texts
from compliance.models import Affected, Breach, Wave
from compliance.models.waves import TEXTS
from compliance.permissions import BreachRefused, lock_breach, refuse_writer_of_wave
from compliance.selectors.affected import BATCH, list_hash
from compliance.services.breaches import record_breach, set_due
from preferences.choices import NoticeCode
from preferences.models import Recipient
from preferences.services.notices import send_notice

# People can't tell a link of ours from one of a fraud; the notice has one, to its public page.
_LINK = re.compile(r"https?:|www\.|\]\(", re.IGNORECASE)


def wave_values(wave: Wave | None) -> dict[str, str]:
    """Return what is written of a notice, whose version the forms that show it carry.

    `corrects` is the number of the notice that it corrects; empty for none.
    """
    values = {name: getattr(wave, name) if wave else "" for name in TEXTS}
    corrects = wave.corrects if wave else None
    return {**values, "corrects": str(corrects.number) if corrects else ""}


@transaction.atomic
def write_wave(
    *,
    actor: User,
    breach: Breach,
    version: str | None = None,
    corrects: str | None = None,
    **texts: str,
) -> Wave:
    """Write the draft of the next notice, in six parts and both languages; parts may be empty.

    `corrects` is the number of the notice that it corrects, empty for none; without it, that stays.
    Raises PermissionDenied without `compliance.change_breach`; BreachRefused for a link in a text,
    for a closed breach, and where there is no such notice to correct; ChangedMeanwhile where
    somebody saved since `version`.
    """
    breach = lock_breach(actor, breach, "compliance.change_breach")
    unknown = texts.keys() - set(TEXTS)
    if unknown:
        raise TypeError(f"no such texts: {sorted(unknown)}")
    draft = breach.waves.filter(released_at=None).first()
    if draft is None:
        last = breach.waves.aggregate(last=Max("number"))["last"] or 0
        # Nobody can guess the address of the public page before the notice is sent.
        draft = Wave(breach=breach, number=last + 1, slug=secrets.token_hex(8))
    edits = AuditEvent.objects.filter(kind="breach.notice_written", public__breach=str(breach))
    wanted = texts if corrects is None else {**texts, "corrects": corrects}
    refuse_overwriting(version, saved=wave_values(draft), wanted=wanted, edits=edits)
    if corrects is not None:
        draft.corrects = _corrected(breach, corrects)
    for name, text in texts.items():
        if _LINK.search(text):
            raise BreachRefused(
                {name: _("Write no links. The notice itself links to its public page.")}
            )
        setattr(draft, name, text.strip())
    draft.written_by = actor
    draft.full_clean(validate_constraints=False)
    draft.save()
    record_breach("breach.notice_written", actor, breach, number=draft.number)
    return draft


def _corrected(breach: Breach, number: str) -> Wave | None:
    if not number:
        return None
    notices = breach.waves.filter(released_at__isnull=False, corrects=None)
    found = notices.filter(number=number_in(number) or 0).first()
    if found is None:
        raise BreachRefused({"corrects": _("Choose a notice that was released.")})
    return found


def missing_texts(wave: Wave) -> list[str]:
    """Return the names of the texts that a notice still needs (L19)."""
    return [name for name in TEXTS if not getattr(wave, name).strip()]


@transaction.atomic
def release_wave(
    *, actor: User, wave: Wave, version: str | None = None, alone_reason: str = ""
) -> Wave:
    """Release a notice to everybody in the list who was not told; both are fixed from now on.

    A correction goes to exactly the people whom the corrected notice told.
    It is sent at once, or as soon as no hold is in force. What is released is what the releaser
    saw: ChangedMeanwhile where somebody saved since `version`. Raises PermissionDenied without
    `compliance.release_breach`; BreachRefused for a missing text (L19), for the writer without a
    reason (L23), without a real risk or anybody to tell, and where companies come first (L27).
    """
    breach = lock_breach(actor, wave.breach, "compliance.release_breach")
    waves = Wave.objects.select_for_update(of=("self",)).select_related("breach", "corrects")
    wave = waves.get(pk=wave.pk)
    if not wave.is_draft:
        raise BreachRefused(_("This notice is released already."), code="released")
    edits = AuditEvent.objects.filter(kind="breach.notice_written", public__breach=str(breach))
    refuse_overwriting(version, saved=wave_values(wave), wanted={}, edits=edits)
    if missing := missing_texts(wave):
        raise BreachRefused({name: _("Write it in English and in French.") for name in missing})
    refuse_writer_of_wave(actor, wave, alone_reason)
    if breach.risk != BreachRisk.REAL:
        raise BreachRefused(_("Decide first that there is a real risk."), code="risk")
    if (
        breach.role != BreachRole.CONTROLLER
        and not breach.exercise
        and not breach.customer_notices.exists()
    ):
        raise BreachRefused(_("Tell the companies whose data it is first."), code="companies")
    if wave.corrects is not None:
        _list_again(wave, wave.corrects)
    elif not Affected.objects.filter(breach=breach, wave=None).update(wave=wave):
        raise BreachRefused(_("The list has nobody who was not told."), code="nobody")
    wave.released_at, wave.released_by = timezone.now(), actor
    wave.alone_reason = alone_reason.strip()
    wave.sha256 = wave.computed_sha256()
    wave.list_count, wave.list_sha256 = wave.affected.count(), list_hash(wave)
    wave.save()
    _send(actor, wave)
    set_due(breach)
    record_breach("breach.released", actor, breach, number=wave.number, text_hash=wave.sha256)
    return wave


def _list_again(wave: Wave, corrected: Wave) -> None:
    """List the people of a notice again, for its correction: the same, as they were told.

    Raises BreachRefused for an exercise of which one is no longer staff.
    """
    if wave.breach.exercise and corrected.affected.exclude(recipient__user__is_staff=True).exists():
        raise BreachRefused(
            _("An exercise reaches staff only. Somebody in this list has left the staff."),
            code="exercise",
        )
    same = ("breach_id", "recipient_id", "name", "address", "post", "source", "why", "added_by_id")
    Affected.objects.bulk_create(
        (
            Affected(wave=wave, corrects_id=key, **dict(zip(same, facts, strict=True)))
            for key, *facts in corrected.affected.order_by("pk").values_list("pk", *same)
        ),
        batch_size=BATCH,
    )


def _send(actor: User, wave: Wave) -> None:
    """Send the notice to the recipients among the people of its list, by name (L22)."""
    keys = wave.affected.exclude(recipient=None).order_by().values("recipient")
    recipients = Recipient.objects.filter(pk__in=keys)
    if not recipients.exists():
        return
    subjects, bodies = wave_texts(wave)
    wave.campaign = send_notice(
        actor=actor,
        notice_class=NoticeCode.LEGAL,
        subjects=subjects,
        bodies=bodies,
        recipients=recipients,
        confidential=True,
    )
    wave.save(update_fields=["campaign"])
