"""The deadlines of requests about data, closings, holds, and policies to announce."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Case, F, Q, QuerySet, When
from django.urls import reverse
from django.utils.functional import Promise, lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.selectors.composed import Given
from compliance.choices.erasures import ClosingState
from compliance.choices.privacy_requests import PrivacyRequestKind, PrivacyRequestState
from compliance.models import Closing, LegalHold, PolicyVersion, PrivacyRequest
from compliance.selectors.due import DueSource, Facts, key_of
from preferences.choices import CampaignState

_ANNOUNCED = Q(announcement__isnull=False) & ~Q(
    announcement__campaign__state=CampaignState.CANCELLED
)


def coming_versions(now: Given) -> QuerySet[PolicyVersion]:
    """Return the material versions that are published and not in force yet."""
    in_force = Q(effective_at__lte=now, announcement__campaign__state=CampaignState.DONE)
    rows = PolicyVersion.objects.filter(
        published_at__isnull=False, withdrawn_at=None, material=True
    )
    return rows.exclude(in_force)


def _announced_by() -> Case:
    """Return the day by which a version is announced; when it is, the day it takes effect.

    The setting is read once: it is the environment's, and the statement keeps it.
    """
    notice = timedelta(days=settings.HUB_POLICY_NOTICE_DAYS)
    return Case(When(_ANNOUNCED, then=F("effective_at")), default=F("effective_at") - notice)


def _policy_text(facts: Facts) -> str | Promise:
    """Say that a version takes effect, or has to be announced."""
    version = PolicyVersion(
        number=facts["number"], title_en=facts["title_en"], title_fr=facts["title_fr"]
    )
    text = _("Takes effect: {version}") if facts["is_announced"] else _("Announce: {version}")
    return format_lazy(text, version=lazy(lambda: f"{version.title}, {version.label}", str)())


def _closing_url(facts: Facts) -> str:
    """Return the page of the request, where there is one; a missed day waits for a hand-over."""
    if not facts["request"]:
        return reverse("compliance:privacy-requests")
    return reverse("compliance:privacy-request", args=[UUID(facts["request"])])


SOURCES = (
    DueSource(
        code="privacy_request",
        label=_("Requests about data"),
        permission="compliance.view_privacyrequest",
        rows=lambda now: PrivacyRequest.objects.filter(state=PrivacyRequestState.OPEN),
        due_at="due_at",
        facts={"uuid": "uuid", "kind": "kind"},
        text=lambda facts: format_lazy(
            _("Answer a request about data: {kind}"), kind=PrivacyRequestKind(facts["kind"]).label
        ),
        url=lambda facts: reverse("compliance:privacy-request", args=[key_of(facts)]),
    ),
    DueSource(
        code="closing",
        label=_("Closings"),
        permission="compliance.view_closing",
        rows=lambda now: Closing.objects.filter(state=ClosingState.WAITING),
        due_at="takes_effect_at",
        facts={"uuid": "uuid", "request": "request__uuid"},
        text=lambda facts: _("An account closes and its data is erased"),
        url=_closing_url,
    ),
    DueSource(
        code="hold",
        label=_("Legal holds"),
        permission="compliance.view_legalhold",
        rows=lambda now: LegalHold.objects.in_force(now),
        due_at="until",
        facts={"uuid": "uuid", "ground": "ground"},
        text=lambda facts: format_lazy(_("A hold ends: {ground}"), ground=facts["ground"]),
        url=lambda facts: reverse("compliance:legal-hold", args=[key_of(facts)]),
    ),
    DueSource(
        code="policy",
        label=_("Policies"),
        permission="compliance.view_policyversion",
        rows=coming_versions,
        due_at=_announced_by(),
        facts={
            "slug": "policy__slug",
            "number": "number",
            "title_en": "title_en",
            "title_fr": "title_fr",
            "is_announced": Case(When(_ANNOUNCED, then=True), default=False),
        },
        text=_policy_text,
        url=lambda facts: reverse(
            "compliance:provider-version", args=[facts["slug"], facts["number"]]
        ),
        key=lambda facts: f"{facts['slug']}/{facts['number']}",
    ),
)
