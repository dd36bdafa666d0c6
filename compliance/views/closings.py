"""Closing one's own account, and keeping it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.adapters import signed_in_at
from accounts.forms import ActForm
from accounts.http import PersonRequest
from accounts.views.actions import run_action, submit
from compliance.choices.erasures import ClosingState
from compliance.models import Closing
from compliance.selectors.closings import companies_to_hand_over, waiting_closing
from compliance.selectors.erasable import plan_for, subject_of
from compliance.selectors.subject_items import items_about
from compliance.services.closings import GRACE, cancel_closing
from compliance.services.closings import close_account as begin_closing


@require_http_methods(["GET", "HEAD", "POST"])
def close_account(request: PersonRequest) -> HttpResponse:
    """Show what closing the account means, and what is kept; posted, begin to close it."""
    person = request.user
    form = ActForm(request.POST if request.method == "POST" else None)
    success = submit(form, lambda: begin_closing(actor=person, signed_in_at=signed_in_at(request)))
    if success:
        messages.success(request, _("Your account closes in 7 days. We emailed you."))
        return redirect("compliance:close-account")
    subject = subject_of(person, ())
    codes = {*items_about(subject), "closings"}  # the closing itself is kept
    plan = [planned for planned in plan_for(subject) if planned.item.code in codes]
    context = {
        "form": form,
        "closing": waiting_closing(person),
        "companies": companies_to_hand_over(person),
        "erased": [planned for planned in plan if planned.kept is None],
        "kept": [planned for planned in plan if planned.kept is not None],
        "grace": GRACE.days,
    }
    return render(request, "compliance/close_account.html", context)


@require_POST
def keep_account(request: PersonRequest) -> HttpResponse:
    """Stop the closing of one's own account."""
    closing = get_object_or_404(Closing, person=request.user, state=ClosingState.WAITING)
    run_action(
        request,
        lambda: cancel_closing(actor=request.user, closing=closing),
        _("Your account stays open."),
    )
    return redirect("compliance:close-account")
