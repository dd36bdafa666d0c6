"""Erasures: run item by item, each in a transaction with the step that says so; run again."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.choices.erasures import ERASED_DOMAIN, ErasureOutcome, KeepGround
from accounts.encryption import cipher
from accounts.models import Erasure, ErasureStep, User
from accounts.services.audit import record_event
from compliance.registry import ITEMS
from compliance.registry.items import DataItem, Erase
from compliance.selectors.erasable import Kept, Subject, grounds_of, names_of, subject_of
from compliance.services.destroying import EMPTIED, destroy
from compliance.services.legal_holds import keep_holds_still
from preferences.choices import UNFINISHED
from preferences.models import Message
from preferences.models.consent import address_hash

PURPOSE = "erasures"
MAX_AT_ONCE = 20  # erasures of one tick
LATE_MESSAGES = timedelta(days=7)

log = structlog.get_logger(__name__)


@transaction.atomic
def begin_erasure(*, person: User | None, addresses: Iterable[str]) -> Erasure:
    """Begin to erase a person whose account is closed, or addresses without an account.

    The clock goes on with it. A second call returns the one that runs.
    """
    subject = subject_of(person, addresses)
    known = sorted(subject.addresses)
    names = sorted(names_of(subject) - subject.addresses)
    hashed = address_hash(person.email if person else known[0])
    running = Erasure.objects.filter(person=person, done_at=None)
    if person is None:
        running = running.filter(address_hash=hashed)
    found = running.select_for_update().first()
    if found is not None:
        return found
    lines = "\n".join([*(known or [f"nobody@{ERASED_DOMAIN}"]), *names])
    sealed = cipher(PURPOSE).encrypt(lines.encode())
    return Erasure.objects.create(
        person=person, address_hash=hashed, sealed_addresses=sealed.decode()
    )


def go_on_with_erasures() -> int:
    """Erase what no ground keeps any more, in each erasure that runs. Return how many ended.

    Those in which everything left is kept wait, and stop no other. Nor does the failure of one,
    which is logged.
    """
    ended, at_work = 0, 0
    running = Erasure.objects.filter(done_at=None).order_by("pk")
    for erasure in list(running.values_list("pk", flat=True)):
        if at_work == MAX_AT_ONCE:
            break
        try:
            if not can_go_on(erasure):
                continue
            ended += run_erasure(actor=None, erasure=erasure)
            at_work += 1
        except Exception as error:  # without its variables, which may be what is erased
            log.error("an erasure failed", erasure=erasure, error=type(error).__name__)
    empty_late_messages()
    return ended


def can_go_on(erasure: int) -> bool:
    """Return whether an erasure has an item to erase or a step to write, or is at its end."""
    row = Erasure.objects.get(pk=erasure)
    if row.done_at is not None:
        return False
    steps: dict[str, list[ErasureStep]] = {}
    for step in row.steps.order_by("pk"):
        steps.setdefault(step.item, []).append(step)
    kept = grounds_of(subject_of_erasure(row))
    left = 0
    for item in ITEMS:
        latest = steps[item.code][-1] if item.code in steps else None
        if latest is not None and latest.outcome == ErasureOutcome.DONE:
            continue
        if item.code not in kept or not _is_kept_as_before(kept[item.code], latest):
            return True
        left += item.erase is not Erase.KEEP
    return not left


def run_erasure(*, actor: None, erasure: int) -> bool:
    """Erase one item after the other, the last ones last. Return whether nothing is left to do.

    Each item is a transaction of its own, so a killed process goes on where it was.
    """
    for item in sorted(ITEMS, key=lambda item: item.erased_last):
        erase_item(actor=None, erasure=erasure, item=item)
    return end_erasure(actor=None, erasure=erasure)


@transaction.atomic
def erase_item(*, actor: None, erasure: int, item: DataItem) -> ErasureStep | None:
    """Erase one data item, or say on which ground it is kept. Return the step that was written.

    None where nothing changed: it is erased, it is kept as before, or it waits for a moment.
    """
    row = Erasure.objects.select_for_update().get(pk=erasure)
    steps = list(row.steps.filter(item=item.code))
    if row.done_at is not None or any(step.outcome == ErasureOutcome.DONE for step in steps):
        return None
    keep_holds_still()
    subject = subject_of_erasure(row)
    kept = grounds_of(subject).get(item.code)
    if kept is not None:
        return _keep(row, item, kept, steps)
    step = ErasureStep.objects.create(erasure=row, item=item.code, outcome=ErasureOutcome.DONE)
    destroy(item, subject, placeholder=placeholder_of(row))
    return step


def _keep(row: Erasure, item: DataItem, kept: Kept, steps: list[ErasureStep]) -> ErasureStep | None:
    latest = steps[-1] if steps else None
    if _is_kept_as_before(kept, latest):
        return None
    return ErasureStep.objects.create(
        erasure=row,
        item=item.code,
        outcome=ErasureOutcome.KEPT,
        ground=kept.ground,
        until=kept.until,
    )


def _is_kept_as_before(kept: Kept, latest: ErasureStep | None) -> bool:
    """Return whether no step has to say that an item is kept: it waits, or the latest says so."""
    return kept.ground == KeepGround.IN_PROGRESS or (
        latest is not None and (latest.ground, latest.until) == (kept.ground, kept.until)
    )


@transaction.atomic
def end_erasure(*, actor: None, erasure: int) -> bool:
    """End an erasure in which nothing is left but records that every erasure leaves."""
    row = Erasure.objects.select_for_update().get(pk=erasure)
    done = set(row.steps.filter(outcome=ErasureOutcome.DONE).values_list("item", flat=True))
    left = {item.code for item in ITEMS if item.erase is not Erase.KEEP} - done
    if row.done_at is not None or left:
        return False
    row.done_at, row.sealed_addresses = timezone.now(), ""
    row.save(update_fields=["done_at", "sealed_addresses"])
    record_event(kind="erasure.done", actor=None, person=row.person, erasure=str(row.uuid))
    return True


def empty_late_messages() -> int:
    """Empty email that something wrote to an erased person meanwhile, once it is sent."""
    recent = Q(done_at=None) | Q(done_at__gt=timezone.now() - LATE_MESSAGES)
    people = Erasure.objects.filter(
        recent,
        steps__item="messages",
        steps__outcome=ErasureOutcome.DONE,
        person__email__endswith=f"@{ERASED_DOMAIN}",
    )
    late = (
        Message.objects.filter(recipient__user__in=people.values("person"))
        .exclude(state__in=UNFINISHED)
        .exclude(address__endswith=f"@{ERASED_DOMAIN}")
    )
    keys = list(late.values_list("pk", "recipient__user__email")[:MAX_AT_ONCE])
    for key, address in keys:
        Message.objects.filter(pk=key).update(address=address, subject=EMPTIED, last_error="")
    return len(keys)


def placeholder_of(row: Erasure) -> str:
    """Return the address that takes the place of the erased ones."""
    return f"erased-{row.person.sub if row.person else row.uuid}@{ERASED_DOMAIN}"


def subject_of_erasure(row: Erasure) -> Subject:
    """Return whose data an erasure takes, by the addresses and names known when it began."""
    known = cipher(PURPOSE).decrypt(row.sealed_addresses.encode()).decode().split("\n")
    names = [line for line in known if "@" not in line]
    return subject_of(row.person, [line for line in known if "@" in line], names)
