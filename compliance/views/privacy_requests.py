"""Requests about personal data: the public form, its link, and the register of staff."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.emails import absolute
from accounts.forms import ActForm, StrictForm, WorkDetailsForm
from accounts.http import PersonRequest, rate_limited
from accounts.permissions import require_staff
from accounts.services.memberships import work_details
from accounts.views.actions import run_action, submit
from compliance.choices.privacy_requests import RECOURSE, PrivacyLaw
from compliance.forms.privacy_requests import (
    CorrectForm,
    EnterRequestForm,
    ExtendForm,
    NoteForm,
    PrivacyRequestForm,
    SettleForm,
)
from compliance.models import Closing, PrivacyRequest
from compliance.registry import item_labels
from compliance.selectors.privacy_requests import (
    may_correct,
    memberships_to_correct,
    open_requests,
    settled_requests,
    steps_of,
)
from compliance.services.closings import cancel_closing
from compliance.services.corrections import (
    account_values,
    correct_account,
    correct_work_details,
    note_dispute,
)
from compliance.services.privacy_requests import (
    ask_about_data,
    confirm_privacy_request,
    enter_privacy_request,
    extend_privacy_request,
    pause_privacy_request,
    resume_privacy_request,
    settle_privacy_request,
)
from compliance.tokens import BadToken, read_privacy_token

# The pages on which people who can sign in change their data themselves.
CHANGED_BY_THE_PERSON = {
    "profile": "accounts:profile",
    "address": "account_email",
    "preferences": "preferences:centre",
}


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def privacy(request: PersonRequest) -> HttpResponse:
    """Let anybody ask about their data; the answer never tells whether the address is known."""
    form = PrivacyRequestForm(
        request.POST if request.method == "POST" else None,
        initial={"language": (get_language() or "en")[:2]},
    )
    if form.is_valid():
        if response := rate_limited(request, "privacy", form.cleaned_data["address"]):
            return response
        ask_about_data(actor=None, **form.cleaned_data)
        context = {"address": form.cleaned_data["address"]}
        return render(request, "compliance/privacy_asked.html", context)
    return render(request, "compliance/privacy.html", {"form": form})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def privacy_confirm(request: PersonRequest, token: str) -> HttpResponse:
    """Show on GET what would be asked, without changing anything; POST records it."""
    try:
        link = read_privacy_token(token)
    except BadToken:
        return render(request, "compliance/privacy_bad.html", status=404)
    form = ActForm(request.POST if request.method == "POST" else None)
    success = submit(form, lambda: confirm_privacy_request(actor=None, token=token))
    with translation.override(link.language):
        context = {"link": link, "recorded": success.result if success else None}
        return render(request, "compliance/privacy_confirm.html", context)


@require_safe
def privacy_requests(request: PersonRequest) -> HttpResponse:
    """Show staff the open requests, those due soonest first."""
    require_staff(request.user, "compliance.view_privacyrequest")
    page = open_requests(after=request.GET.get("after", ""))
    context = {"page": page, "settled": settled_requests()}
    return render(request, "compliance/privacy_requests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def privacy_request_new(request: PersonRequest) -> HttpResponse:
    """Let staff enter a request that came by phone, email or post."""
    require_staff(request.user, "compliance.change_privacyrequest")
    form = EnterRequestForm(request.POST if request.method == "POST" else None)
    success = submit(form, lambda: enter_privacy_request(actor=request.user, **form.cleaned_data))
    if success:
        messages.success(request, _("The request is entered. The person gets an email."))
        return redirect("compliance:privacy-request", success.result.uuid)
    context = {"form": form, "title": _("Enter a request"), "button": _("Enter the request")}
    return render(request, "compliance/privacy_act.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def privacy_request(request: PersonRequest, privacy_request: UUID) -> HttpResponse:
    """Show staff one request; posted, answer or refuse it."""
    row = _request_for_staff(request, privacy_request)
    form = SettleForm(request.POST if request.method == "POST" else None)
    success = submit(
        form,
        lambda: settle_privacy_request(actor=request.user, request=row, **form.cleaned_data),
    )
    if success:
        text = _("%(address)s gets the answer by email.") % {"address": row.address}
        messages.success(request, text)
        return redirect("compliance:privacy-requests")
    context = {
        "row": row,
        "form": form,
        "recourse": RECOURSE[PrivacyLaw(row.law)],
        "kept": item_labels(row.kept_items.split()),
        "closing": Closing.objects.filter(request=row).first(),
        "steps": steps_of(row),
        "may_correct": may_correct(row),
        "memberships": memberships_to_correct(row),
    }
    return render(request, "compliance/privacy_request.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def privacy_request_extend(request: PersonRequest, privacy_request: UUID) -> HttpResponse:
    """Extend the time to answer, once."""
    row = _request_for_staff(request, privacy_request)
    form = ExtendForm(request.POST if request.method == "POST" else None)
    return _act(
        request,
        row,
        form,
        _("Extend the time"),
        lambda: extend_privacy_request(actor=request.user, request=row, **form.cleaned_data),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def privacy_request_correct(request: PersonRequest, privacy_request: UUID) -> HttpResponse:
    """Correct the account of whoever asked."""
    row = _correction(request, privacy_request)
    values = account_values(row.person)  # type: ignore[arg-type]
    data = request.POST if request.method == "POST" else None
    form = CorrectForm(data, shown=values, initial=values)
    return _act(
        request,
        row,
        form,
        _("Correct the account"),
        lambda: correct_account(
            actor=request.user, request=row, version=form.version_shown, **form.values()
        ),
        template="compliance/privacy_correct.html",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def privacy_request_correct_work(
    request: PersonRequest, privacy_request: UUID, membership: UUID
) -> HttpResponse:
    """Correct the name and phone number that a company has for whoever asked."""
    row = _correction(request, privacy_request)
    place = get_object_or_404(memberships_to_correct(row), uuid=membership)
    form = WorkDetailsForm(
        request.POST if request.method == "POST" else None, shown=work_details(place)
    )
    return _act(
        request,
        row,
        form,
        _("Correct the work details at %(company)s") % {"company": place.customer},
        lambda: correct_work_details(
            actor=request.user,
            request=row,
            membership=place,
            version=form.version_shown,
            **form.values(),
        ),
        template="compliance/privacy_correct.html",
    )


def _correction(request: PersonRequest, uuid: UUID) -> PrivacyRequest:
    """Return a request to correct the data of an account."""
    row = _request_for_staff(request, uuid)
    if not may_correct(row):
        raise Http404
    return row


@require_http_methods(["GET", "HEAD", "POST"])
def privacy_request_note(request: PersonRequest, privacy_request: UUID) -> HttpResponse:
    """Put the person's words beside data that is not corrected."""
    row = _correction(request, privacy_request)
    form = NoteForm(request.POST if request.method == "POST" else None)
    return _act(
        request,
        row,
        form,
        _("Add a note"),
        lambda: note_dispute(actor=request.user, request=row, **form.cleaned_data),
    )


@require_POST
def privacy_request_pause(request: PersonRequest, privacy_request: UUID) -> HttpResponse:
    """Stop the time while the person proves who they are."""
    row = _request_for_staff(request, privacy_request)
    run_action(
        request,
        lambda: pause_privacy_request(actor=request.user, request=row),
        _("The time is paused. The person gets an email."),
    )
    return redirect("compliance:privacy-request", row.uuid)


@require_POST
def privacy_request_resume(request: PersonRequest, privacy_request: UUID) -> HttpResponse:
    """Let the time run again."""
    row = _request_for_staff(request, privacy_request)
    run_action(
        request,
        lambda: resume_privacy_request(actor=request.user, request=row),
        _("The time runs again."),
    )
    return redirect("compliance:privacy-request", row.uuid)


@require_POST
def privacy_request_keep(request: PersonRequest, privacy_request: UUID) -> HttpResponse:
    """Stop the erasure of a request during its days of grace."""
    row = _request_for_staff(request, privacy_request)
    closing = get_object_or_404(Closing, request=row)
    run_action(
        request,
        lambda: cancel_closing(actor=request.user, closing=closing),
        _("The erasure is stopped. The person gets an email."),
    )
    return redirect("compliance:privacy-request", row.uuid)


def _request_for_staff(request: PersonRequest, uuid: UUID) -> PrivacyRequest:
    require_staff(request.user, "compliance.change_privacyrequest")
    return get_object_or_404(PrivacyRequest.objects.select_related("person"), uuid=uuid)


def _act(
    request: PersonRequest,
    row: PrivacyRequest,
    form: StrictForm,
    title: str,
    act: Callable[[], Any],
    template: str = "compliance/privacy_act.html",
) -> HttpResponse:
    if submit(form, act):
        messages.success(request, _("Saved."))
        return redirect("compliance:privacy-request", row.uuid)
    context = {
        "row": row,
        "form": form,
        "title": title,
        "button": title,
        "themselves": {
            name: absolute(reverse(address)) for name, address in CHANGED_BY_THE_PERSON.items()
        },
    }
    return render(request, template, context)
