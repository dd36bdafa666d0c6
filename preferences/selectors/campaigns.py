"""A campaign before it leaves, and how it goes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from preferences.audience import audience_counts
from preferences.choices import SENDING_REASONS, UNFINISHED, MessageState, Outcome, Reason
from preferences.models import Campaign, Candidate, DeliveryDecision, Message
from preferences.selectors.send_decisions import readers_of

LONG_SUBJECT = 70  # characters: more is cut off in most lists of mail
COUNTED_EVERY = 5  # seconds: however many look on, a running campaign is counted once
DECIDED = 3600  # seconds; what was decided about the candidates does not change
PROMOTES = re.compile(
    r"\b(discounts?|offers?|sales?|deals?|coupons?|vouchers?|promo\w*|bargains?|free of charge"
    r"|for free|save \d+|limited time|buy now|order now|upgrade now|black friday"
    r"|rabais|soldes?|offres?|aubaines?|bon de réduction|réductions?|gratuit\w*|économisez"
    r"|temps limité|achetez|commandez|prix spécial|vendredi fou)\b|\d+ ?% off|\d+ ?% de moins",
    re.IGNORECASE,
)
Counted = TypeVar("Counted")


@dataclass(frozen=True)
class Warned:
    """Something about a draft that its author should look at; nothing of it stops the sending."""

    field: str
    text: str
    stops: bool = False  # except this


def warnings_of(campaign: Campaign) -> list[Warned]:
    """What to look at before it leaves: a language missing, a long subject, adverts (R24, R31)."""
    found = []
    for language, name in (("en", _("in English")), ("fr", _("in French"))):
        subject, body = campaign.subject(language), campaign.body(language)
        for field, text, missing in (
            (f"subject_{language}", subject, _("The subject %(language)s is missing.")),
            (f"body_{language}", body, _("The text %(language)s is missing.")),
        ):
            if not text.strip():
                found.append(Warned(field, missing % {"language": name}, stops=True))
        if len(subject) > LONG_SUBJECT:
            long = _("The subject %(language)s is longer than %(most)s characters.")
            words = {"language": name, "most": LONG_SUBJECT}
            found.append(Warned(f"subject_{language}", long % words))
        if campaign.topic_id is None and (match := PROMOTES.search(f"{subject}\n{body}")):
            said = _(
                "“%(word)s” sounds like advertising. A notice carries none: send it to a topic."
            )
            found.append(Warned(f"body_{language}", said % {"word": match[0]}))
    return found


@dataclass(frozen=True)
class AudienceEstimate:
    """How many readers a mail has, and for what reasons it goes to them or not."""

    sent: list[tuple[Reason, int]]
    kept_back: list[tuple[Reason, int]]

    @property
    def readers(self) -> int:
        """How many get it."""
        return sum(count for _reason, count in self.sent)

    @property
    def others(self) -> int:
        """How many do not."""
        return sum(count for _reason, count in self.kept_back)


def estimate(counts: dict[Reason, int]) -> AudienceEstimate:
    """Counts by reason, told apart by what comes of them, the largest first."""
    goes = {*SENDING_REASONS, Reason.MANDATORY, Reason.ESCALATE}
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return AudienceEstimate(
        sent=[(reason, count) for reason, count in ordered if reason in goes],
        kept_back=[(reason, count) for reason, count in ordered if reason not in goes],
    )


def estimate_audience(campaign: Campaign) -> AudienceEstimate:
    """Who would get it if it were sent now, and why the others would not: one statement."""
    return estimate(audience_counts(category=campaign.topic, readers=readers_of(campaign)))


@dataclass(frozen=True)
class Progress:
    """How far a campaign has come, in messages."""

    total: int
    waiting: int
    in_digests: int
    sent: int
    skipped: int
    failed: int
    withdrawn: int

    @property
    def done(self) -> int:
        """How many are settled."""
        return self.total - self.waiting - self.in_digests

    @property
    def percent(self) -> int:
        """The same of a hundred, rounded down."""
        return 100 * self.done // self.total if self.total else 0


def progress_of(campaign: Campaign) -> Progress:
    """The state of its messages, counted through the campaign's index at most every few seconds."""
    return _kept(campaign, f"progress.{campaign.state}", COUNTED_EVERY, _progress)


def _progress(campaign: Campaign) -> Progress:
    states = (
        Message.objects.filter(campaign=campaign)
        .order_by()
        .values_list("state", "in_digest")
        .annotate(count=Count("pk"))
    )
    ended = dict.fromkeys(MessageState.values, 0)
    waiting = in_digests = 0
    for state, gathered, count in states:
        if state not in UNFINISHED:
            ended[state] += count
        elif gathered:
            in_digests += count
        else:
            waiting += count
    return Progress(
        total=waiting + in_digests + sum(ended.values()),
        waiting=waiting,
        in_digests=in_digests,
        sent=ended[MessageState.SENT],
        skipped=ended[MessageState.SKIPPED],
        failed=ended[MessageState.FAILED],
        withdrawn=ended[MessageState.WITHDRAWN],
    )


def decided_about(campaign: Campaign) -> AudienceEstimate:
    """What was decided about each candidate when it began, by reason."""
    return _kept(campaign, "decided", DECIDED, _decided)


def _decided(campaign: Campaign) -> AudienceEstimate:
    rows = Candidate.objects.filter(campaign=campaign).order_by().values_list("reason")
    return estimate({Reason(why): count for why, count in rows.annotate(count=Count("pk"))})


def outcomes_of(campaign: Campaign) -> list[tuple[Outcome, Reason, int]]:
    """How its messages ended, by outcome and reason, the largest first."""
    return _kept(campaign, f"outcomes.{campaign.state}", COUNTED_EVERY, _outcomes)


def _outcomes(campaign: Campaign) -> list[tuple[Outcome, Reason, int]]:
    rows = (
        DeliveryDecision.objects.filter(message__campaign=campaign)
        .order_by()
        .values_list("outcome", "reason")
        .annotate(count=Count("pk"))
    )
    found = [(Outcome(outcome), Reason(reason), count) for outcome, reason, count in rows]
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))


def candidates_of(campaign: Campaign, *, send: bool | None = None) -> QuerySet[Candidate]:
    """Everyone a decision was written about; narrowed to who gets it, or does not."""
    found = Candidate.objects.filter(campaign=campaign)
    return found if send is None else found.filter(send=send)


def _kept(
    campaign: Campaign, what: str, seconds: int, count: Callable[[Campaign], Counted]
) -> Counted:
    """Counted once for everyone who looks on; a campaign that has not begun has nothing to keep."""
    if campaign.resolved_at is None:
        return count(campaign)
    key = f"campaign.{campaign.pk}.{campaign.resolved_at.timestamp()}.{what}"
    found: Counted = cache.get_or_set(key, lambda: count(campaign), seconds)  # type: ignore[assignment]
    return found
