"""Notices about breaches as people see them: their own, and the public page to verify one."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.http import PersonRequest
from accounts.selectors import page_of
from compliance.models import Wave
from compliance.selectors.notices import announced, notices_of, public_waves
from compliance.services.letters import read_notice
from compliance.views.breach_notices import wave_page
from compliance.views.public import readers_language


@require_safe
def own_notices(request: PersonRequest) -> HttpResponse:
    """List the notices about breaches that told this person."""
    rows = notices_of(request.user).select_related("wave__corrects", "breach", "reading")
    page = page_of(
        rows, among=notices_of(request.user), order=("-pk",), after=request.GET.get("after", "")
    )
    return render(request, "compliance/own_notices.html", {"page": page})


@require_POST
def own_notice(request: PersonRequest, slug: str) -> HttpResponse:
    """Open a notice to this person, which proves that it arrived."""
    affected = get_object_or_404(notices_of(request.user), wave__slug=slug)
    read_notice(actor=request.user, affected=affected)
    return redirect("compliance:notice", slug)


@login_not_required
@never_cache
@require_safe
def notice(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a notice to everybody who knows its address, so that they can verify an email.

    An exercise is shown to those whom it told alone.
    """
    rows = public_waves()
    if request.user.is_authenticated:
        theirs = notices_of(request.user).values("wave")
        rows = rows | Wave.objects.filter(pk__in=theirs)
    wave = get_object_or_404(rows.select_related("breach", "corrects"), slug=slug)
    language = readers_language()
    context: dict[str, Any] = {
        "language": language,
        "corrections": announced(rows.filter(corrects=wave)).order_by("number"),
        **wave_page(wave, language),
    }
    return render(request, "compliance/notice.html", context)
