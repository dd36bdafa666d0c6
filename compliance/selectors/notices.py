"""Notices about breaches as people see them: their own, and the public page of each."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from compliance.models import Affected, Wave
from compliance.selectors.breaches import HoldMoments, holds_of_any_breach
from preferences.choices import MessageState
from preferences.models import Message


def notices_of(person: User) -> QuerySet[Affected]:
    """Return the notices that told a person, the newest first; also as a subscriber.

    A hold stops those that were not sent to them before it (L24).
    """
    theirs = Q(recipient__user=person) | Q(recipient__followed_by__user=person)
    rows = told(Affected.objects.filter(theirs))
    return rows.select_related("wave__corrects", "breach").order_by("-pk")


def told(rows: QuerySet[Affected], moments: HoldMoments | None = None) -> QuerySet[Affected]:
    """Keep the people whose notice is released, and sent or stopped by no hold now."""
    sent = Message.objects.filter(
        Q(recipient=OuterRef("recipient")) | Q(recipient=OuterRef("recipient__followed_by")),
        campaign=OuterRef("wave__campaign"),
        state=MessageState.SENT,
    )
    on_hold = holds_of_any_breach(moments or HoldMoments.at(timezone.now())).values("breach")
    return rows.filter(~Q(breach__in=on_hold) | Exists(sent), wave__released_at__isnull=False)


def announced(waves: QuerySet[Wave]) -> QuerySet[Wave]:
    """Keep the notices that no hold stops, or that were sent to somebody before it (L24).

    The address of a notice is known to nobody until then; another page that names it asks this.
    """
    sent = Message.objects.filter(campaign=OuterRef("campaign"), state=MessageState.SENT)
    on_hold = holds_of_any_breach(HoldMoments.at(timezone.now())).values("breach")
    return waves.filter(~Q(breach__in=on_hold) | Exists(sent))


def public_waves() -> QuerySet[Wave]:
    """Return the notices that everybody may read who knows the address; no exercise is one."""
    return Wave.objects.filter(released_at__isnull=False, breach__exercise=False)
