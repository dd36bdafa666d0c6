"""Answering the requests that are ticked in the list."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.adapters import signed_in_at
from accounts.http import PersonRequest
from accounts.models import AccessRequest
from accounts.services.requests import approve_requests, refuse_requests
from accounts.views.access import managed_customer
from accounts.views.actions import submit_button
from portals.forms.requests import ChooseRequestsForm
from portals.services.requests import Approval


@require_POST
def requests_bulk_action(request: PersonRequest, customer: str, act: str) -> HttpResponse:
    """Approve or refuse the ticked requests: all of them, or none."""
    company = managed_customer(request, customer)
    if act not in ("approve", "refuse"):
        raise Http404
    form = ChooseRequestsForm(request.POST, customer=company)

    def answer() -> list[AccessRequest]:
        chosen = list(form.cleaned_data["request"])
        if act == "approve":
            how = Approval(let_in=True, signed_in_at=signed_in_at(request))
            return approve_requests(actor=request.user, customer=company, requests=chosen, how=how)
        return refuse_requests(
            actor=request.user,
            customer=company,
            requests=chosen,
            reason=form.cleaned_data["reason"],
        )

    success = submit_button(request, form, answer)
    if success:
        count = len(success.result)
        done = (
            ngettext(
                "%(count)s request is approved. We told the person by email.",
                "%(count)s requests are approved. We told the people by email.",
                count,
            )
            if act == "approve"
            else ngettext(
                "%(count)s request is refused. We emailed your reason to the person.",
                "%(count)s requests are refused. We emailed your reason to the people.",
                count,
            )
        )
        messages.success(request, done % {"count": count})
    return redirect("accounts:requests", customer)
