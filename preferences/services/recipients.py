"""What holds for all optional mail of a reader: a pause, a rhythm, an address and its history."""

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services.audit import record_event
from preferences.choices import ConsentSource, Digest, MessageState
from preferences.models import ConsentRecord, Message, Recipient
from preferences.models.consent import address_hash, address_hashes

LONGEST_PAUSE = timedelta(days=366)
AT_ONCE = 1000
MORNING = 8  # o'clock, when digests are sent
MONDAY = 0


class DeliveryRefused(ValidationError):
    """This pause or rhythm makes no sense; the message says why."""


def lock_recipient(person: User) -> Recipient:
    """A person's row, locked: one change of their choices at a time.

    Raises PermissionDenied for a closed account.
    """
    recipient = Recipient.objects.select_for_update(no_key=True).get(user=person)
    if not User.objects.filter(pk=person.pk, is_active=True).exists():
        raise PermissionDenied("the account is closed")
    return recipient


def lock_reader(actor: User | None, recipient: Recipient | None) -> Recipient:
    """The row an act is about, locked: the person's own, or, where nobody is signed in, that of
    a mail's link, whose account may be closed.

    Raises PermissionDenied for the closed account of a person, and where neither is named.
    """
    if actor is not None:
        return lock_recipient(actor)
    if recipient is None:
        raise PermissionDenied("nobody is named")
    return Recipient.objects.select_for_update(no_key=True).get(pk=recipient.pk)


def subscriber_of(address: str, language: str) -> Recipient:
    """The row of an address without an account, locked; made with what was refused there."""
    found, created = Recipient.objects.get_or_create(
        address=address, followed_by=None, defaults={"language": language}
    )
    if created:
        follow_address(actor=None, recipient=found)
    return lock_reader(None, found)


def clear_mark(recipient: Recipient) -> None:
    """Take away the mark that mail to a reader's address comes back; in: the locked row."""
    recipient.unreachable_since, recipient.unreachable_reason = None, ""
    recipient.save(update_fields=["unreachable_since", "unreachable_reason"])


@transaction.atomic
def pause_optional_mail(
    *, actor: User | None, until: datetime | None, recipient: Recipient | None = None
) -> Recipient:
    """Hold all optional mail until a moment; None ends the pause.

    In: the person for themselves, or no actor and the reader of a mail's link, which can only
    reduce: it neither ends nor shortens a pause. Raises PermissionDenied for a closed account,
    DeliveryRefused for a moment that is past, or more than a year away, or no pause by a link.
    """
    recipient = lock_reader(actor, recipient)
    now = timezone.now()
    if until is not None and not now < until <= now + LONGEST_PAUSE:
        raise DeliveryRefused({"paused_until": _("Choose a moment within a year from now.")})
    if actor is None and until is None:
        raise DeliveryRefused({"paused_until": _("Sign in to end the pause.")})
    kept = actor is None and recipient.paused_until is not None and recipient.paused_until > until  # type: ignore[operator]
    if kept or recipient.paused_until == until:
        return recipient
    recipient.paused_until = until
    recipient.save(update_fields=["paused_until"])
    if until is None:
        record_event(kind="optional_mail.unpaused", actor=actor, person=recipient.user)
    else:
        record_event(
            kind="optional_mail.paused" if actor else "optional_mail.link_paused",
            actor=actor,
            person=recipient.user,
            until=until.date().isoformat(),
        )
    return recipient


@transaction.atomic
def choose_digest(
    *, actor: User | None, digest: str, recipient: Recipient | None = None
) -> Recipient:
    """Take optional mail at once, or gathered daily or weekly.

    A mail's link may only make it rarer. Raises like pause_optional_mail.
    """
    recipient = lock_reader(actor, recipient)
    if digest not in Digest.values:
        raise DeliveryRefused({"digest": _("Choose at once, daily or weekly.")})
    if actor is None and Digest.values.index(digest) < Digest.values.index(recipient.digest):
        raise DeliveryRefused({"digest": _("Sign in to get mail more often.")})
    by_link = actor is None
    if recipient.digest != digest:
        recipient.digest, recipient.digest_by_link = digest, by_link
        recipient.save(update_fields=["digest", "digest_by_link"])
        keep_rhythm(recipient)
        record_event(
            kind="optional_mail.digest" if actor else "optional_mail.link_digest",
            actor=actor,
            person=recipient.user,
            digest=digest,
        )
    elif recipient.digest_by_link and not by_link:  # now it is their own word
        recipient.digest_by_link = False
        recipient.save(update_fields=["digest_by_link"])
    return recipient


def keep_rhythm(recipient: Recipient) -> None:
    """What was gathered for a reader leaves by the rhythm they have now, in the caller's act."""
    now = timezone.now()
    at_once = recipient.digest == Digest.IMMEDIATE
    gathered = Message.objects.filter(
        recipient=recipient, state=MessageState.QUEUED, in_digest=True, due_at__gt=now
    )
    gathered.update(due_at=now if at_once else next_digest(recipient.digest, now))


def next_digest(digest: str, now: datetime) -> datetime:
    """When a digest leaves next: at eight in the morning, on Mondays if weekly."""
    day = timezone.localtime(now).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    while day <= now or (digest == Digest.WEEKLY and day.weekday() != MONDAY):
        day += timedelta(days=1)
    return day


@transaction.atomic
def follow_address(*, actor: User | None, recipient: Recipient) -> list[ConsentRecord]:
    """Bring a recipient up to the address they have now; out: the refusals that came along.

    What anybody refused at this address, and did not ask for again, is refused by who has it now:
    opt-outs follow the person and the address (R44). Whether the old address took mail says
    nothing about the new one.
    """
    current = address_hash(recipient.email)
    if recipient.address_hash == current:
        return []
    former, recipient.address_hash = recipient.address_hash, current
    if former in address_hashes(recipient.email):  # the same address, under a former secret key
        recipient.save(update_fields=["address_hash"])
        return []
    recipient.save(update_fields=["address_hash"])
    clear_mark(recipient)
    latest = ConsentRecord.objects.filter(
        address_hash__in=address_hashes(recipient.email)
    ).annotate(
        age=Window(RowNumber(), partition_by=F("topic"), order_by=F("pk").desc()),
    )
    refused: list[ConsentRecord] = [
        record
        for record in latest.filter(age=1, wants=False)
        if record.recipient_id != recipient.pk
    ]
    for record in sorted(refused, key=lambda record: record.pk):
        ConsentRecord.objects.create(
            recipient=recipient,
            address_hash=current,
            topic_id=record.topic_id,
            wants=False,
            wording=record.wording,
            wording_hash=record.wording_hash,
            language=record.language,
            source=ConsentSource.ADDRESS,
            actor=actor,
        )
    return refused


@transaction.atomic
def follow_changed_addresses(*, actor: None, readers: QuerySet[Recipient] | None = None) -> int:
    """Look up what was refused at addresses that changed past our services; out: how many changed.

    The database itself marks them, whoever wrote the address, and nothing optional is sent before
    (R44). In: of which readers, or of all. Runs before each decision, and with the clock.
    """
    changed = (Recipient.objects.all() if readers is None else readers).filter(
        address_hash="", followed_by=None
    )
    done = 0
    while keys := list(changed.order_by().values_list("pk", flat=True)[:AT_ONCE]):
        rows = Recipient.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
        found = list(rows.filter(pk__in=keys, address_hash="").order_by("pk"))
        digests = {digest: row.pk for row in found for digest in address_hashes(row.email)}
        evidence = ConsentRecord.objects.filter(address_hash__in=digests).order_by()
        known = {digests[digest] for digest in evidence.values_list("address_hash", flat=True)}
        for row in found:
            if row.pk in known:
                follow_address(actor=actor, recipient=row)
            else:
                row.address_hash = address_hash(row.email)
                row.unreachable_since, row.unreachable_reason = None, ""
        Recipient.objects.bulk_update(
            [row for row in found if row.pk not in known],
            ["address_hash", "unreachable_since", "unreachable_reason"],
        )
        done += len(found)
    return done
