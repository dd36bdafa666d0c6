"""Pages about the data that the hub holds: of everybody, and a person's own."""

from functools import cache
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.http import PersonRequest, network_address
from accounts.timezones import today_of_provider
from accounts.views.actions import run_action
from compliance.choices.sealed_files import SealedFileState
from compliance.models import SealedFile
from compliance.registry import ITEMS
from compliance.registry.cookies import cookies
from compliance.selectors.own_data_page import held_about, latest_file
from compliance.services.exports import ask_for_own_data
from compliance.services.sealed_files import content_of, record_download


@login_not_required
@require_safe
def data_registry(request: PersonRequest) -> HttpResponse:
    """Show everybody which personal data the hub holds, and why."""
    items = _items_in(get_language() or settings.LANGUAGE_CODE)
    return render(request, "compliance/data_registry.html", {"items": items})


@cache
def _items_in(_language: str) -> SafeString:
    """Return the data items in the active language. They are the same for everybody."""
    return render_to_string("compliance/_data_items.html", {"items": ITEMS})


@login_not_required
@require_safe
def cookie_list(request: PersonRequest) -> HttpResponse:
    """Show everybody each cookie that the hub sets."""
    return render(request, "compliance/cookie_list.html", {"cookies": cookies()})


@require_safe
def own_data(request: PersonRequest) -> HttpResponse:
    """Show people what is held about them, and the download of all of it."""
    file = latest_file(request.user)
    today = today_of_provider()
    is_ready = (
        file is not None
        and file.state == SealedFileState.READY
        and file.expires_at is not None
        and file.expires_at > timezone.now()
    )
    context = {
        "held": held_about(request.user),
        "file": file,
        "is_making": file is not None and file.state == SealedFileState.MAKING,
        "is_ready": is_ready,
        "may_ask": file is None or file.asked_on < today,
        "downloads": file.downloads.count() if file and is_ready else 0,
    }
    return render(request, "compliance/own_data.html", context)


@require_POST
def own_data_ask(request: PersonRequest) -> HttpResponse:
    """Ask for a file with everything."""
    run_action(
        request,
        lambda: ask_for_own_data(actor=request.user, signed_in_at=signed_in_at(request)),
        _("We are making your file. You get an email when you can download it."),
    )
    return redirect("compliance:own-data")


@require_POST
def own_data_download(request: PersonRequest, file: UUID) -> HttpResponseBase:
    """Send the file, once its download is recorded."""
    row = get_object_or_404(SealedFile, uuid=file, person=request.user)
    if row.state != SealedFileState.READY:
        messages.info(request, _("This file is no longer there. Ask for a new one."))
        return redirect("compliance:own-data")
    key = record_download(
        actor=request.user,
        file=row,
        signed_in_at=signed_in_at(request),
        network_address=network_address(request),
        browser=request.headers.get("User-Agent", ""),
    )
    name = f"data-{timezone.localdate(row.asked_at).isoformat()}.zip"
    return StreamingHttpResponse(
        content_of(row, key),
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(row.size),
        },
    )
