"""Campaigns: warnings and audience before sending, progress and outcomes after it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.core.cache import cache
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from preferences.audience import audience_counts
from preferences.choices import (
    SENDING_REASONS,
    UNFINISHED,
    CampaignState,
    ConsentSource,
    MessageState,
    Outcome,
    Reason,
)
from preferences.choices.delivery_events import BOUNCED, DeliveryEventKind
from preferences.models import (
    Campaign,
    Candidate,
    ConsentRecord,
    DeliveryDecision,
    DeliveryEvent,
    Message,
)
from preferences.selectors.send_decisions import campaign_recipients

LONG_SUBJECT = 70  # characters; most email programs cut off the rest
PROGRESS_CACHE_SECONDS = 5  # so that many viewers cost one count
AUDIENCE_CACHE_SECONDS = 3600  # a resolved audience never changes
PROMOTES = re.compile(
    r"\b(discounts?|offers?|sales?|deals?|coupons?|vouchers?|promo\w*|bargains?|free of charge"
    r"|for free|save \d+|limited time|buy now|order now|upgrade now|black friday"
    r"|rabais|soldes?|offres?|aubaines?|bon de réduction|réductions?|gratuit\w*|économisez"
    r"|temps limité|achetez|commandez|prix spécial|vendredi fou)\b|\d+ ?% off|\d+ ?% de moins",
    re.IGNORECASE,
)
Result = TypeVar("Result")


@dataclass(frozen=True)
class DraftWarning:
    """A remark about a draft for its author; only one with `stops` prevents sending."""

    field: str
    text: str
    stops: bool = False


def warnings_of(campaign: Campaign) -> list[DraftWarning]:
    """Return warnings: a missing language, a long subject, advertising (R24, R31)."""
    warnings = []
    for language, name in (("en", _("in English")), ("fr", _("in French"))):
        subject, body = campaign.subject(language), campaign.body(language)
        for field, text, missing in (
            (f"subject_{language}", subject, _("The subject %(language)s is missing.")),
            (f"body_{language}", body, _("The text %(language)s is missing.")),
        ):
            if not text.strip():
                warnings.append(DraftWarning(field, missing % {"language": name}, stops=True))
        if len(subject) > LONG_SUBJECT:
            too_long = _("The subject %(language)s is longer than %(most)s characters.")
            values = {"language": name, "most": LONG_SUBJECT}
            warnings.append(DraftWarning(f"subject_{language}", too_long % values))
        if campaign.topic_id is None and (match := PROMOTES.search(f"{subject}\n{body}")):
            advertising = _(
                "“%(word)s” sounds like advertising. A notice can't contain any: send it to a"
                " topic."
            )
            warnings.append(DraftWarning(f"body_{language}", advertising % {"word": match[0]}))
    return warnings


def public_campaigns() -> QuerySet[Campaign]:
    """Return the campaigns that staff with the permission see: all but the confidential ones."""
    return Campaign.objects.filter(confidential=False)


def public_messages() -> QuerySet[Message]:
    """Return the messages that staff see: none of a confidential notice, and none repeating one."""
    confidential = Q(campaign__confidential=True)
    confidential |= Q(probe__escalation__message__campaign__confidential=True)
    return Message.objects.exclude(pk__in=Message.objects.filter(confidential).values("pk"))


@dataclass(frozen=True)
class AudienceEstimate:
    """The numbers of recipients who get an email and who do not, by reason."""

    sent: list[tuple[Reason, int]]
    kept_back: list[tuple[Reason, int]]

    @property
    def recipients(self) -> int:
        """The number of people who get it."""
        return sum(count for _reason, count in self.sent)

    @property
    def sent_reasons(self) -> int:
        """The number of reasons to send it."""
        return len(self.sent)

    @property
    def others(self) -> int:
        """The number of people who do not."""
        return sum(count for _reason, count in self.kept_back)


def estimate(counts: dict[Reason, int]) -> AudienceEstimate:
    """Split counts by reason into sent and kept back, the largest first."""
    sending = {*SENDING_REASONS, Reason.MANDATORY, Reason.ESCALATE}
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return AudienceEstimate(
        sent=[(reason, count) for reason, count in ordered if reason in sending],
        kept_back=[(reason, count) for reason, count in ordered if reason not in sending],
    )


def estimate_audience(campaign: Campaign) -> AudienceEstimate:
    """Count who would get the campaign if it were sent now, and why the others would not."""
    return estimate(
        audience_counts(category=campaign.topic, recipients=campaign_recipients(campaign))
    )


@dataclass(frozen=True)
class Progress:
    """The progress of a campaign, in messages."""

    total: int
    waiting: int
    in_digests: int
    sent: int
    skipped: int
    failed: int
    withdrawn: int

    @property
    def done(self) -> int:
        """The number of messages with a final state."""
        return self.total - self.waiting - self.in_digests

    @property
    def percent(self) -> int:
        """The finished share in percent, rounded down."""
        return 100 * self.done // self.total if self.total else 0


def progress_of(campaign: Campaign) -> Progress:
    """Count the messages of a campaign by state, at most every few seconds."""
    return _cached(campaign, f"progress.{campaign.state}", PROGRESS_CACHE_SECONDS, _progress)


def _progress(campaign: Campaign) -> Progress:
    states = (
        Message.objects.filter(campaign=campaign)
        .order_by()
        .values_list("state", "in_digest")
        .annotate(count=Count("pk"))
    )
    ended = dict.fromkeys(MessageState.values, 0)
    waiting = in_digests = 0
    for state, in_digest, count in states:
        if state not in UNFINISHED:
            ended[state] += count
        elif in_digest:
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


def resolved_audience(campaign: Campaign) -> AudienceEstimate:
    """Count the candidates of a campaign by what was decided when it began."""
    return _cached(campaign, "audience", AUDIENCE_CACHE_SECONDS, _count_candidates)


def _count_candidates(campaign: Campaign) -> AudienceEstimate:
    rows = Candidate.objects.filter(campaign=campaign).order_by().values_list("reason")
    return estimate({Reason(reason): count for reason, count in rows.annotate(count=Count("pk"))})


def outcomes_of(campaign: Campaign) -> list[tuple[Outcome, Reason, int]]:
    """Count the finished messages by outcome and reason, the largest first."""
    return _cached(campaign, f"outcomes.{campaign.state}", PROGRESS_CACHE_SECONDS, _outcomes)


def _outcomes(campaign: Campaign) -> list[tuple[Outcome, Reason, int]]:
    rows = (
        DeliveryDecision.objects.filter(message__campaign=campaign)
        .order_by()
        .values_list("outcome", "reason")
        .annotate(count=Count("pk"))
    )
    outcomes = [(Outcome(outcome), Reason(reason), count) for outcome, reason, count in rows]
    return sorted(outcomes, key=lambda row: (-row[2], row[0], row[1]))


@dataclass(frozen=True)
class CampaignResults:
    """The delivery figures of a campaign after the mail server took its emails, in recipients."""

    sent: int
    delivered: int  # as a server reported; many report nothing (R48)
    bounced: int
    complained: int
    unsubscribed: int | None  # None for a notice: nobody can unsubscribe from it


def results_of(campaign: Campaign) -> CampaignResults:
    """Count what came of a campaign's emails, at most every few seconds."""
    return _cached(campaign, f"results.{campaign.state}", PROGRESS_CACHE_SECONDS, _results)


def _results(campaign: Campaign) -> CampaignResults:
    reports = DeliveryEvent.objects.filter(message__campaign=campaign)
    kinds = reports.order_by().values_list("kind").annotate(Count("message", distinct=True))
    counted = dict(kinds)
    bounced = reports.filter(kind__in=BOUNCED).aggregate(n=Count("message", distinct=True))["n"]
    return CampaignResults(
        sent=Message.objects.filter(campaign=campaign, state=MessageState.SENT).count(),
        delivered=counted.get(DeliveryEventKind.DELIVERED, 0),
        bounced=bounced,
        complained=counted.get(DeliveryEventKind.COMPLAINT, 0),
        unsubscribed=_unsubscribed(campaign) if campaign.topic_id else None,
    )


def _unsubscribed(campaign: Campaign) -> int:
    """Count who unsubscribed by an email since the campaign and before the topic's next one."""
    later = Campaign.objects.filter(topic=campaign.topic_id, resolved_at__gt=campaign.resolved_at)
    until = later.aggregate(first=Min("resolved_at"))["first"] or timezone.now()
    undone = ConsentRecord.objects.filter(
        recipient=OuterRef("recipient"), source=ConsentSource.UNDO, pk__gt=OuterRef("pk")
    )
    refusals = ConsentRecord.objects.filter(
        ~Exists(undone),
        Q(topic=campaign.topic_id) | Q(topic=None),
        Exists(Message.objects.filter(campaign=campaign, recipient=OuterRef("recipient"))),
        wants=False,
        source__in=[ConsentSource.ONE_CLICK, ConsentSource.MAIL_LINK],
        at__gte=campaign.resolved_at,
        at__lt=until,
    )
    return refusals.aggregate(n=Count("recipient", distinct=True))["n"]  # type: ignore[no-any-return]


def candidates_of(campaign: Campaign, *, send: bool | None = None) -> QuerySet[Candidate]:
    """Return the candidates of a campaign: all, those it is sent to, or the others."""
    candidates = Candidate.objects.filter(campaign=campaign)
    return candidates if send is None else candidates.filter(send=send)


def _cached(
    campaign: Campaign, name: str, seconds: int, count: Callable[[Campaign], Result]
) -> Result:
    """Cache a count for all viewers; nothing is cached before the audience is resolved."""
    if campaign.resolved_at is None:
        return count(campaign)
    key = f"campaign.{campaign.pk}.{campaign.resolved_at.timestamp()}.{name}"
    result: Result = cache.get_or_set(key, lambda: count(campaign), seconds)  # type: ignore[assignment]
    return result


def finished_campaigns() -> list[Campaign]:
    """Return the running campaigns that have nothing left to send, digests included."""
    unfinished = Message.objects.filter(state__in=UNFINISHED, campaign__isnull=False)
    return list(
        Campaign.objects.filter(state=CampaignState.RUNNING, resolved_at__isnull=False).exclude(
            pk__in=unfinished.values("campaign")
        )
    )
