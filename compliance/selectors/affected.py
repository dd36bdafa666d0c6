"""The affected people of a breach: who is found by a filter, and what is known of each notice."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import (
    Case,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from accounts.models import Customer, Membership
from accounts.validators import normalise_address
from compliance.choices.breaches import Outcome
from compliance.models import Affected, Breach, Letter, Wave
from portals.models import Portal, ResourceTenure
from preferences.choices import MessageState
from preferences.choices.delivery_events import DeliveryEventKind, EscalationState
from preferences.models import DeliveryEvent, Escalation, Message, Recipient

MOST_SHOWN = 50  # addresses of a preview
BATCH = 2000  # rows of one statement


@dataclass(frozen=True)
class Filter:
    """A filter of affected people: everybody, or members of companies, perhaps within a time.

    Companies are one, or those with a portal or a resource. Within a time, those are found who were
    members in any part of it; the company had the resource then. Former people are found too.
    """

    everybody: bool = False
    customer: Customer | None = None
    portal: Portal | None = None
    resource: str = ""  # its number at its portal
    since: datetime | None = None
    until: datetime | None = None
    former: bool = True


def recipients_of(wanted: Filter) -> QuerySet[Recipient]:
    """Return the recipients whom a filter finds, whatever they chose and whoever left (L22)."""
    everyone = Recipient.objects.filter(followed_by=None)
    if wanted.everybody:
        return everyone
    memberships = Membership.objects.all() if wanted.former else Membership.objects.present()
    if wanted.customer is not None:
        memberships = memberships.filter(customer=wanted.customer)
    if wanted.resource:
        tenures = ResourceTenure.objects.filter(
            _within("started_at", "ended_at", wanted), external_id=wanted.resource
        )
        if wanted.portal is not None:
            tenures = tenures.filter(portal=wanted.portal)
        memberships = memberships.filter(customer__in=tenures.values("customer"))
    elif wanted.portal is not None:
        memberships = memberships.filter(customer__subscriptions__portal=wanted.portal)
    memberships = memberships.filter(
        _within("joined_at", "ended_at", wanted), Q(ends_at=None) | _after("ends_at", wanted)
    )
    return everyone.filter(user__in=memberships.values("user_id"))


def _within(begin: str, end: str, wanted: Filter) -> Q:
    found = Q(**{end: None}) | _after(end, wanted)
    return found & Q(**{f"{begin}__lt": wanted.until}) if wanted.until else found


def _after(end: str, wanted: Filter) -> Q:
    return Q(**{f"{end}__gt": wanted.since}) if wanted.since else Q(**{f"{end}__isnull": False})


@dataclass(frozen=True)
class ImportPreview:
    """The contents of a list of addresses: known and unknown ones, and what is no address."""

    known: dict[str, int] = field(default_factory=dict)  # address → key of its recipient
    unknown: list[str] = field(default_factory=list)
    duplicates: int = 0
    listed: int = 0  # of the known ones, already affected
    bad: list[str] = field(default_factory=list)

    @property
    def some_unknown(self) -> list[str]:
        """The first unknown addresses."""
        return self.unknown[:MOST_SHOWN]

    @property
    def some_bad(self) -> list[str]:
        """The first lines that are no address."""
        return self.bad[:MOST_SHOWN]

    @property
    def fresh(self) -> int:
        """The number of known addresses that are not in the list yet."""
        return len(self.known) - self.listed


def preview_import(breach: Breach, text: str) -> ImportPreview:
    """Return what an import would do; addresses are separated by lines, commas or semicolons."""
    lines = [line.strip() for line in text.replace(",", "\n").replace(";", "\n").splitlines()]
    addresses: Counter[str] = Counter()
    bad = []
    for line in lines:
        try:
            addresses.update([normalise_address(line)] if line else [])
        except ValidationError:
            bad.append(line[:100])
    known: dict[str, int] = {}
    wanted = list(addresses)
    for begin in range(0, len(wanted), BATCH):
        part = wanted[begin : begin + BATCH]
        found = Recipient.objects.filter(followed_by=None)
        by_address = found.filter(address__in=part).values_list("address", "pk")
        known |= {address: key for address, key in by_address if address}
        known |= found.filter(user__email__in=part).values_list("user__email", "pk")
    listed = set(breach.affected.exclude(recipient=None).values_list("recipient_id", flat=True))
    return ImportPreview(
        known=known,
        unknown=[address for address in wanted if address not in known],
        duplicates=addresses.total() - len(addresses),
        listed=len(listed & set(known.values())),
        bad=bad,
    )


def _at_once(rows: QuerySet[Any], field_name: str) -> Subquery:
    return Subquery(rows.values(field_name)[:1])


def with_outcome(affected: QuerySet[Affected]) -> QuerySet[Any]:
    """Add to each affected person what is known of their notice now (L29)."""
    recipient = Coalesce(OuterRef("recipient__followed_by"), OuterRef("recipient"))
    messages = Message.objects.filter(campaign=OuterRef("wave__campaign"), recipient=recipient)
    escalations = Escalation.objects.filter(message=OuterRef("message_key"))
    delivered = DeliveryEvent.objects.filter(
        message=OuterRef("message_key"), kind=DeliveryEventKind.DELIVERED
    )
    letters = Letter.objects.filter(affected=OuterRef("pk"))
    by_letter = Case(
        When(Exists(letters.filter(posted_on=None)), then=Value(Outcome.PRINTED)),
        default=Value(Outcome.LETTER),
        output_field=TextField(),
    )
    waits_for_staff = [EscalationState.STAFF, EscalationState.EXHAUSTED]
    return affected.annotate(
        message_key=Subquery(messages.values("pk")[:1], output_field=IntegerField()),
        message_state=_at_once(messages, "state"),
        escalation=_at_once(escalations, "state"),
    ).annotate(
        outcome=Case(
            When(end__isnull=False, then=F("end__outcome")),
            When(reading__isnull=False, then=Value(Outcome.PROVED)),
            When(
                Exists(letters.filter(posted_on__isnull=False, returned_on=None)),
                then=Value(Outcome.PROVED),
            ),
            When(wave=None, then=Value(Outcome.TO_TELL)),
            When(recipient=None, then=by_letter),
            When(escalation=EscalationState.PROVED, then=Value(Outcome.PROVED)),
            When(escalation__in=waits_for_staff, then=by_letter),
            When(escalation__isnull=False, then=Value(Outcome.WAITING)),
            When(message_state=MessageState.FAILED, then=by_letter),
            When(Exists(delivered), then=Value(Outcome.PROVED)),
            When(message_state=MessageState.SENT, then=Value(Outcome.SENT)),
            default=Value(Outcome.WAITING),
            output_field=TextField(),
        )
    )


def outcome_counts(breach: Breach, correction: Wave | None = None) -> dict[Outcome, int]:
    """Count the affected people of a breach by what is known of their notice, or of a correction.

    Each person counts once: by the notice that first told them.
    """
    cases = cases_of(breach, correction).order_by()
    counted = Counter(with_outcome(cases).values_list("outcome", flat=True))
    return {outcome: counted[outcome] for outcome in Outcome if counted[outcome]}


def cases_of(breach: Breach, correction: Wave | None = None) -> QuerySet[Affected]:
    """Return the affected people of a breach, or those whom a correction told again."""
    if correction is not None:
        return correction.affected.all()
    return breach.affected.filter(corrects=None)


def list_lines(wave: Wave) -> Iterator[str]:
    """Yield the people of a released notice, one JSON text each, as its hash covers them (L21)."""
    names = ("pk", "name", "address", "post", "source", "why")
    for row in wave.affected.order_by("pk").values_list(*names).iterator(BATCH):
        yield json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, sort_keys=True)


def list_hash(wave: Wave) -> str:
    """Return the SHA-256 of the list of a notice: of its lines, each ended by a line feed."""
    digest = hashlib.sha256()
    for line in list_lines(wave):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
