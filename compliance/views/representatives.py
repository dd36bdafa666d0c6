"""Representatives on file: the company's page, and that of staff who confirm."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.views.access import managed_customer
from accounts.views.actions import run_action, submit, submit_button
from compliance.forms.log_requests import ProposalForm, ReasonForm
from compliance.selectors.representatives import (
    proposed_representatives,
    representatives,
    representatives_of,
)
from compliance.services import representatives as services


@require_http_methods(["GET", "HEAD", "POST"])
def company_representatives(request: PersonRequest, customer: str) -> HttpResponse:
    """List the company's representatives; posted, propose one."""
    company = managed_customer(request, customer)
    form = ProposalForm(request.POST if request.method == "POST" else None, customer=company)
    success = submit(
        form,
        lambda: services.propose_representative(
            actor=request.user, customer=company, **form.cleaned_data
        ),
    )
    if success:
        text = _("%(person)s is proposed. The provider's staff confirm it next.")
        messages.success(request, text % {"person": success.result})
        return redirect("compliance:representatives", customer)
    context = {
        "customer": company,
        "form": form,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "page": representatives_of(company, after=request.GET.get("after", "")),
    }
    return render(request, "compliance/representatives.html", context)


@require_POST
def representative_end(request: PersonRequest, customer: str, representative: UUID) -> HttpResponse:
    """End a representative, or take back a proposal."""
    company = managed_customer(request, customer)
    rows = representatives().filter(membership__customer=company)
    row = get_object_or_404(rows, uuid=representative)
    run_action(
        request,
        lambda: services.end_representative(actor=request.user, representative=row),
        _("%(person)s can no longer ask for logs or download them.") % {"person": row},
    )
    return redirect("compliance:representatives", customer)


@require_safe
def provider_representatives(request: PersonRequest) -> HttpResponse:
    """Show staff the proposals that wait for them, oldest first."""
    require_staff(request.user, "compliance.view_representative")
    page = proposed_representatives(after=request.GET.get("after", ""))
    context = {"page": page, "form": ReasonForm()}
    return render(request, "compliance/provider_representatives.html", context)


@require_POST
def representative_confirm(request: PersonRequest, representative: UUID) -> HttpResponse:
    """Confirm a proposal."""
    require_staff(request.user, services.CONFIRM)
    row = get_object_or_404(representatives(), uuid=representative)
    run_action(
        request,
        lambda: services.confirm_representative(actor=request.user, representative=row),
        _("%(person)s may now act for %(company)s. We told them by email.")
        % {"person": row, "company": row.membership.customer},
    )
    return redirect("compliance:provider-representatives")


@require_POST
def representative_refuse(request: PersonRequest, representative: UUID) -> HttpResponse:
    """Refuse a proposal with a reason."""
    require_staff(request.user, services.CONFIRM)
    row = get_object_or_404(representatives(), uuid=representative)
    form = ReasonForm(request.POST)
    if submit_button(
        request,
        form,
        lambda: services.refuse_representative(
            actor=request.user, representative=row, **form.cleaned_data
        ),
    ):
        text = _("%(person)s is not a representative of %(company)s.")
        messages.success(request, text % {"person": row, "company": row.membership.customer})
    return redirect("compliance:provider-representatives")
