"""Settings for all optional email of a recipient: pause, digest, and the address it goes to."""

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

MAX_PAUSE = timedelta(days=366)
BATCH_SIZE = 1000  # recipients
DIGEST_HOUR = 8  # in the provider's time zone
MONDAY = 0


class DeliveryRefused(ValidationError):
    """This pause or digest cannot be chosen; the message says why."""


def lock_recipient(person: User) -> Recipient:
    """Lock a person's recipient, so that their choices change one at a time.

    Raises PermissionDenied for a closed account.
    """
    recipient = Recipient.objects.select_for_update(no_key=True).get(user=person)
    if not User.objects.filter(pk=person.pk, is_active=True).exists():
        raise PermissionDenied("the account is closed")
    return recipient


def lock_acting_recipient(actor: User | None, recipient: Recipient | None) -> Recipient:
    """Lock the recipient who acts: the actor's own, or without an actor the one given.

    The second is the recipient named by a link in an email; their account may be closed. Raises
    PermissionDenied for an actor whose account is closed, and where neither is given.
    """
    if actor is not None:
        return lock_recipient(actor)
    if recipient is None:
        raise PermissionDenied("nobody is named")
    return Recipient.objects.select_for_update(no_key=True).get(pk=recipient.pk)


def get_or_create_subscriber(address: str, language: str) -> Recipient:
    """Return the locked subscriber of an address, created with the opt-outs known for it."""
    recipient, created = Recipient.objects.get_or_create(
        address=address, followed_by=None, defaults={"language": language}
    )
    if created:
        follow_address(actor=None, recipient=recipient)
    return lock_acting_recipient(None, recipient)


def clear_unreachable(recipient: Recipient) -> None:
    """Remove the mark that a recipient's address is unreachable. The row is locked already."""
    recipient.unreachable_since, recipient.unreachable_reason = None, ""
    recipient.save(update_fields=["unreachable_since", "unreachable_reason"])


@transaction.atomic
def pause_optional_mail(
    *, actor: User | None, until: datetime | None, recipient: Recipient | None = None
) -> Recipient:
    """Pause all optional email until a moment; None ends the pause.

    Without an actor it is a link in an email to `recipient`, which can only reduce email: it
    neither ends nor shortens a pause. Raises PermissionDenied for a closed account, DeliveryRefused
    for a moment in the past or more than a year away, and for a link that would end the pause.
    """
    recipient = lock_acting_recipient(actor, recipient)
    now = timezone.now()
    if until is not None and not now < until <= now + MAX_PAUSE:
        raise DeliveryRefused({"paused_until": _("Choose a time within a year.")})
    if actor is None:
        if until is None:
            raise DeliveryRefused({"paused_until": _("Sign in to end the pause.")})
        if recipient.paused_until is not None and recipient.paused_until > until:
            return recipient
    if recipient.paused_until == until:
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
            until=timezone.localdate(until).isoformat(),  # the day that the page shows
        )
    return recipient


@transaction.atomic
def choose_digest(
    *, actor: User | None, digest: str, recipient: Recipient | None = None
) -> Recipient:
    """Choose to get optional email at once, or in a daily or weekly digest.

    A link in an email may only make it rarer. Raises like pause_optional_mail.
    """
    recipient = lock_acting_recipient(actor, recipient)
    if digest not in Digest.values:
        raise DeliveryRefused({"digest": _("Choose at once, daily or weekly.")})
    if actor is None and Digest.values.index(digest) < Digest.values.index(recipient.digest):
        raise DeliveryRefused({"digest": _("Sign in to get email more often.")})
    by_link = actor is None
    if recipient.digest != digest:
        recipient.digest, recipient.digest_by_link = digest, by_link
        recipient.save(update_fields=["digest", "digest_by_link"])
        reschedule_digest(recipient)
        record_event(
            kind="optional_mail.digest" if actor else "optional_mail.link_digest",
            actor=actor,
            person=recipient.user,
            digest=digest,
        )
    elif recipient.digest_by_link and not by_link:  # now it is their own choice
        recipient.digest_by_link = False
        recipient.save(update_fields=["digest_by_link"])
    return recipient


def reschedule_digest(recipient: Recipient) -> None:
    """Move the messages that wait for a digest to the next one, in the caller's transaction."""
    now = timezone.now()
    at_once = recipient.digest == Digest.IMMEDIATE
    waiting = Message.objects.filter(
        recipient=recipient, state=MessageState.QUEUED, in_digest=True, due_at__gt=now
    )
    waiting.update(due_at=now if at_once else next_digest(recipient.digest, now))


def next_digest(digest: str, now: datetime) -> datetime:
    """Return when the next digest is sent: at eight in the morning, on Mondays if weekly.

    It is the provider's morning, whoever chooses it in whichever time zone: a campaign queues the
    messages of all its recipients in one statement.
    """
    here = timezone.localtime(now, timezone.get_default_timezone())
    day = here.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    while day <= now or (digest == Digest.WEEKLY and day.weekday() != MONDAY):
        day += timedelta(days=1)
    return day


@transaction.atomic
def follow_address(*, actor: User | None, recipient: Recipient) -> list[ConsentRecord]:
    """Apply the opt-outs known for a recipient's new address. Return their records.

    Opt-outs follow the person and the address (R44): a topic that anybody refused at this address,
    and did not ask for again, is now refused by its new owner. The mark that the old address was
    unreachable is removed.
    """
    current = address_hash(recipient.email)
    if recipient.address_hash == current:
        return []
    former, recipient.address_hash = recipient.address_hash, current
    if former in address_hashes(recipient.email):  # the same address, under a former secret key
        recipient.save(update_fields=["address_hash"])
        return []
    recipient.save(update_fields=["address_hash"])
    clear_unreachable(recipient)
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
def follow_changed_addresses(*, actor: None, recipients: QuerySet[Recipient] | None = None) -> int:
    """Apply the opt-outs known for addresses that changed outside our services (R44).

    A trigger marks a changed address, whoever wrote it, and no optional email is sent to a marked
    address. This runs before each decision and at each periodic tick, for the given recipients or
    for all. Return how many addresses had changed.
    """
    changed = (Recipient.objects.all() if recipients is None else recipients).filter(
        address_hash="", followed_by=None
    )
    done = 0
    while keys := list(changed.order_by().values_list("pk", flat=True)[:BATCH_SIZE]):
        rows = Recipient.objects.select_for_update(no_key=True, of=("self",)).select_related("user")
        marked = list(rows.filter(pk__in=keys, address_hash="").order_by("pk"))
        digests = {digest: row.pk for row in marked for digest in address_hashes(row.email)}
        evidence = ConsentRecord.objects.filter(address_hash__in=digests).order_by()
        known = {digests[digest] for digest in evidence.values_list("address_hash", flat=True)}
        for row in marked:
            if row.pk in known:
                follow_address(actor=actor, recipient=row)
            else:
                row.address_hash = address_hash(row.email)
                row.unreachable_since, row.unreachable_reason = None, ""
        Recipient.objects.bulk_update(
            [row for row in marked if row.pk not in known],
            ["address_hash", "unreachable_since", "unreachable_reason"],
        )
        done += len(marked)
    return done
