"""Legal holds, for the staff who place and end them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.views.actions import submit
from compliance.forms.erasures import EndHoldForm, HoldForm
from compliance.models import LegalHold
from compliance.registry import item_labels
from compliance.selectors.holds import ended_holds, holds_in_force
from compliance.services.legal_holds import end_hold, place_hold


@require_http_methods(["GET", "HEAD", "POST"])
def legal_holds(request: PersonRequest) -> HttpResponse:
    """Show the holds in force, those that end soonest first; posted, place one."""
    require_staff(request.user, "compliance.view_legalhold")
    form = HoldForm(request.POST if request.method == "POST" else None)
    success = submit(form, lambda: place_hold(actor=request.user, **form.cleaned_data))
    if success:
        messages.success(request, _("The hold is in force."))
        return redirect("compliance:legal-holds")
    page = holds_in_force(after=request.GET.get("after", ""))
    context = {"page": page, "ended": ended_holds(), "form": form}
    return render(request, "compliance/legal_holds.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def legal_hold(request: PersonRequest, hold: UUID) -> HttpResponse:
    """Show one hold; posted, end it."""
    require_staff(request.user, "compliance.view_legalhold")
    row = get_object_or_404(
        LegalHold.objects.select_related("person", "customer", "placed_by", "ended_by"), uuid=hold
    )
    form = EndHoldForm(request.POST if request.method == "POST" else None)
    success = submit(form, lambda: end_hold(actor=request.user, hold=row, **form.cleaned_data))
    if success:
        messages.success(request, _("The hold ended. Erasures and retention rules go on."))
        return redirect("compliance:legal-holds")
    labels = item_labels([row.item])
    context = {"hold": row, "form": form, "item": labels[0] if labels else _("All data")}
    return render(request, "compliance/legal_hold.html", context)
