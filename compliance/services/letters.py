"""Letters to people whom email did not reach, the end of each case, and reading a notice."""

from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.audit import record_event
from accounts.timezones import today_of_provider
from compliance.choices.breaches import ENDS, Ground, Outcome
from compliance.models import Affected, AffectedEnd, Breach, Letter, NoticeReading
from compliance.permissions import BreachRefused, lock_breach
from compliance.selectors.affected import BATCH, with_outcome
from compliance.selectors.breaches import holds_in_force
from compliance.selectors.notices import notices_of
from compliance.services.breaches import FINISHED, record_breach

WRITE = "compliance.change_breach"
RELEASE = "compliance.release_breach"


@transaction.atomic
def print_letter(*, actor: User, affected: Affected, name: str, post: str) -> Letter:
    """Make the letter to somebody whom email did not reach; its page can then be printed.

    Raises PermissionDenied without `compliance.change_breach`; BreachRefused where no letter is
    needed, one waits to be posted, its address is missing, or a hold is in force (L24).
    """
    breach = lock_breach(actor, affected.breach, WRITE)
    if holds_in_force(breach, timezone.now()).exists():
        raise BreachRefused(_("A hold is in force."), code="hold")
    row = with_outcome(Affected.objects.filter(pk=affected.pk)).get()
    if row.outcome not in (Outcome.LETTER, Outcome.SENT):
        raise BreachRefused(_("This person needs no letter now."), code="state")
    letter = Letter(affected=affected, name=name.strip(), post=post.strip(), printed_by=actor)
    letter.full_clean()
    letter.save(force_insert=True)
    record_breach("breach.letter_printed", actor, breach)
    return letter


def _lock(actor: User, letter: Letter) -> tuple[Breach, Letter]:
    breach = lock_breach(actor, letter.affected.breach, WRITE)
    return breach, Letter.objects.select_for_update(of=("self",)).get(pk=letter.pk)


@transaction.atomic
def post_letter(*, actor: User, letter: Letter, posted_on: date) -> Letter:
    """Record the day on which a letter was posted, which proves the notice until it is returned.

    Raises PermissionDenied without `compliance.change_breach`; BreachRefused for a day that is not
    between its printing and today, and for a letter that was posted.
    """
    breach, letter = _lock(actor, letter)
    if letter.posted_on is not None:
        raise BreachRefused(_("This letter was posted."), code="posted")
    if not _day(letter.printed_at) <= posted_on <= today_of_provider():
        raise BreachRefused({"day": _("Choose a day between its printing and today.")})
    letter.posted_on, letter.posted_by = posted_on, actor
    letter.save(update_fields=["posted_on", "posted_by"])
    record_breach("breach.letter_posted", actor, breach)
    return letter


@transaction.atomic
def return_letter(*, actor: User, letter: Letter, returned_on: date) -> Letter:
    """Record that the post returned a letter. Raises like post_letter."""
    breach, letter = _lock(actor, letter)
    if letter.posted_on is None or letter.returned_on is not None:
        raise BreachRefused(_("Only a posted letter is returned, once."), code="returned")
    if not letter.posted_on <= returned_on <= today_of_provider():
        raise BreachRefused({"day": _("Choose a day between its posting and today.")})
    letter.returned_on, letter.returned_by = returned_on, actor
    letter.save(update_fields=["returned_on", "returned_by"])
    record_breach("breach.letter_returned", actor, breach)
    return letter


def _day(moment: object) -> date:
    return timezone.localdate(moment, timezone.get_default_timezone())  # type: ignore[arg-type]


@transaction.atomic
def end_affected(
    *,
    actor: User,
    breach: Breach,
    outcome: str,
    reason: str,
    ground: str = "",
    affected: Affected | None = None,
) -> int:
    """End the attempts to reach one person, or everybody told who is not proved (L29).

    They end exhausted, or told publicly, on a ground of the law. Return how many. Raises
    PermissionDenied without `compliance.release_breach`; BreachRefused naming the field.
    """
    breach = lock_breach(actor, breach, RELEASE)
    if outcome not in ENDS:
        raise BreachRefused({"outcome": _("Choose how the attempts end.")})
    if not reason.strip():
        raise BreachRefused({"reason": _("Say what was tried.")})
    if (outcome == Outcome.INDIRECT) != (ground in Ground.values):
        raise BreachRefused({"ground": _("A public notice needs a ground, and only that does.")})
    rows = with_outcome(breach.affected.filter(wave__isnull=False))
    rows = rows.exclude(outcome__in=FINISHED)
    if affected is not None:
        rows = rows.filter(pk=affected.pk)
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    if not keys:
        raise BreachRefused(_("Nobody is left to end."), code="nobody")
    AffectedEnd.objects.bulk_create(
        [
            AffectedEnd(
                affected_id=key, outcome=outcome, ground=ground, reason=reason.strip(), by=actor
            )
            for key in keys
        ],
        batch_size=BATCH,
    )
    record_breach("breach.affected_ended", actor, breach)
    return len(keys)


@transaction.atomic
def read_notice(*, actor: User, affected: Affected) -> NoticeReading:
    """Record that a person opened a notice to them, which proves that it arrived (L29).

    It is written once, however often they open it. Raises PermissionDenied for anybody else.
    """
    theirs = notices_of(actor).filter(pk=affected.pk).first() if actor.is_active else None
    if theirs is None:
        raise PermissionDenied("a notice is read by its person")
    reading, is_new = NoticeReading.objects.get_or_create(
        affected=theirs, defaults={"person": actor}
    )
    if is_new:
        record_event(
            kind="breach.notice_read", actor=actor, person=actor, breach=str(theirs.breach)
        )
    return reading
