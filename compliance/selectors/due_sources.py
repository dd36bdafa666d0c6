"""The deadlines of requests about data, closings, holds, and policies to announce."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from compliance.choices.erasures import ClosingState
from compliance.choices.privacy_requests import PrivacyRequestKind, PrivacyRequestState
from compliance.models import Closing, LegalHold, PolicyVersion, PrivacyRequest
from compliance.selectors.due import Clock, DueSource
from compliance.selectors.policies import is_announced, takes_effect, versions


def privacy_clocks(*, since: datetime | None, most: int) -> Iterator[Clock]:
    """Yield the days by which requests about data are answered."""
    rows = PrivacyRequest.objects.filter(state=PrivacyRequestState.OPEN)
    if since is not None:
        rows = rows.filter(due_at__gte=since)
    for row in rows.order_by("due_at", "pk")[:most]:
        yield Clock(
            key=str(row.uuid),
            text=format_lazy(
                _("Answer a request about data: {kind}"), kind=PrivacyRequestKind(row.kind).label
            ),
            url=reverse("compliance:privacy-request", args=[row.uuid]),
            due_at=row.due_at,
        )


def closing_clocks(*, since: datetime | None, most: int) -> Iterator[Clock]:
    """Yield the days on which accounts close; one that is missed waits for a hand-over."""
    rows = Closing.objects.filter(state=ClosingState.WAITING)
    if since is not None:
        rows = rows.filter(takes_effect_at__gte=since)
    for row in rows.select_related("request").order_by("takes_effect_at", "pk")[:most]:
        yield Clock(
            key=str(row.uuid),
            text=_("An account closes and its data is erased"),
            url=reverse("compliance:privacy-request", args=[row.request.uuid])
            if row.request
            else reverse("compliance:privacy-requests"),
            due_at=row.takes_effect_at,
        )


def hold_clocks(*, since: datetime | None, most: int) -> Iterator[Clock]:
    """Yield the moments at which holds end by themselves."""
    rows = LegalHold.objects.in_force()
    if since is not None:
        rows = rows.filter(until__gte=since)
    for row in rows.order_by("until", "pk")[:most]:
        yield Clock(
            key=str(row.uuid),
            text=format_lazy(_("A hold ends: {ground}"), ground=row.ground),
            url=reverse("compliance:legal-hold", args=[row.uuid]),
            due_at=row.until,
        )


def policy_clocks(*, since: datetime | None, most: int) -> Iterator[Clock]:
    """Yield the days by which a version is announced, and those on which one takes effect.

    There is at most one coming version of each policy, so all are read.
    """
    clocks = [clock for version in _coming() for clock in _clocks_of(version)]
    later = [clock for clock in clocks if since is None or clock.due_at >= since]
    yield from sorted(later, key=lambda clock: clock.due_at)[:most]


def _coming() -> list[PolicyVersion]:
    """Return the material versions that are published and not in force yet."""
    rows = versions().filter(published_at__isnull=False, withdrawn_at=None, material=True)
    now = timezone.now()
    return [version for version in rows if not takes_effect(version, now)]


def _clocks_of(version: PolicyVersion) -> Iterator[Clock]:
    assert version.effective_at is not None  # noqa: S101 -- by constraint
    if is_announced(version):
        text, due_at = _("Takes effect: {version}"), version.effective_at
    else:
        notice = timedelta(days=settings.HUB_POLICY_NOTICE_DAYS)
        text, due_at = _("Announce: {version}"), version.effective_at - notice
    yield Clock(
        key=f"{version.policy.slug}/{version.number}",
        text=format_lazy(text, version=lazy(lambda: f"{version.title}, {version.label}", str)()),
        url=reverse("compliance:provider-version", args=[version.policy.slug, version.number]),
        due_at=due_at,
    )


SOURCES = (
    DueSource(
        "privacy_request",
        _("Requests about data"),
        "compliance.view_privacyrequest",
        privacy_clocks,
    ),
    DueSource("closing", _("Closings"), "compliance.view_closing", closing_clocks),
    DueSource("hold", _("Legal holds"), "compliance.view_legalhold", hold_clocks),
    DueSource("policy", _("Policies"), "compliance.view_policyversion", policy_clocks),
)
