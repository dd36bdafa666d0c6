"""Authorisations on file: the company's page, and the provider's page for a company."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.permissions import require_staff
from accounts.views.access import visible_customer
from accounts.views.actions import submit, submit_button
from compliance.forms.authorisations import AuthorisationForm, GiveForm
from compliance.forms.log_requests import ReasonForm
from compliance.models import Authorisation
from compliance.selectors.authorisations import authorisations, authorisations_of
from compliance.selectors.representatives import representative_of
from compliance.services import authorisations as services


def authorisations_panel(*, request: PersonRequest, customer: Customer, **_kept: Any) -> str:
    """Return the panel that says how many authorisations hold now (portals.signals)."""
    if not request.user.has_perm("compliance.view_authorisation"):
        return ""
    count = Authorisation.objects.live().filter(customer=customer).count()
    context = {"customer": customer, "count": count}
    return render_to_string("compliance/_authorisations_panel.html", context, request=request)


def _company(request: PersonRequest, slug: str) -> Customer:
    """Return a company whose authorisations this person sees: a Super User or representative."""
    company: Customer = visible_customer(request, slug)
    if not company.is_managed and representative_of(request.user, company) is None:  # type: ignore[attr-defined]
        raise PermissionDenied
    return company


def _own(company: Customer, authorisation: UUID) -> Authorisation:
    return get_object_or_404(authorisations().filter(customer=company), uuid=authorisation)


@require_safe
def company_authorisations(request: PersonRequest, customer: str) -> HttpResponse:
    """List what the company authorised, and what staff ask it to authorise."""
    company = _company(request, customer)
    context = {
        "customer": company,
        "page": authorisations_of(company, after=request.GET.get("after", "")),
        "representative": representative_of(request.user, company),
        "reason_form": ReasonForm(),
    }
    return render(request, "compliance/authorisations.html", context)


@require_POST
def authorisation_give(request: PersonRequest, customer: str, authorisation: UUID) -> HttpResponse:
    """Give an authorisation as it was shown."""
    company = _company(request, customer)
    row, form = _own(company, authorisation), GiveForm(request.POST)
    if submit_button(
        request,
        form,
        lambda: services.give_authorisation(
            actor=request.user,
            authorisation=row,
            signed_in_at=signed_in_at(request),
            **form.cleaned_data,
        ),
    ):
        text = _("The provider may now work on %(profile)s. You can end this at any time.")
        messages.success(request, text % {"profile": row.profile})
    return redirect("compliance:authorisations", customer)


@require_POST
def authorisation_end(request: PersonRequest, customer: str, authorisation: UUID) -> HttpResponse:
    """End an authorisation, or refuse a proposal, with a reason."""
    company = _company(request, customer)
    row = _own(company, authorisation)
    _end(request, row)
    return redirect("compliance:authorisations", customer)


def _end(request: PersonRequest, row: Authorisation) -> None:
    form = ReasonForm(request.POST)
    if submit_button(
        request,
        form,
        lambda: services.end_authorisation(
            actor=request.user, authorisation=row, **form.cleaned_data
        ),
    ):
        text = _("The provider may no longer work on %(profile)s.")
        messages.success(request, text % {"profile": row.profile})


@require_http_methods(["GET", "HEAD", "POST"])
def provider_authorisations(request: PersonRequest, slug: str) -> HttpResponse:
    """List a company's authorisations; posted, ask it for one."""
    require_staff(request.user, "compliance.view_authorisation")
    company = get_object_or_404(Customer, slug=slug)
    form = AuthorisationForm(request.POST if request.method == "POST" else None)
    if submit(
        form,
        lambda: services.propose_authorisation(
            actor=request.user, customer=company, **form.cleaned_data
        ),
    ):
        messages.success(request, _("A representative of the company can now give it."))
        return redirect("compliance:provider-authorisations", slug)
    context = {
        "customer": company,
        "form": form,
        "page": authorisations_of(company, after=request.GET.get("after", "")),
        "reason_form": ReasonForm(),
    }
    return render(request, "compliance/provider_authorisations.html", context)


@require_POST
def provider_authorisation_end(
    request: PersonRequest, slug: str, authorisation: UUID
) -> HttpResponse:
    """End an authorisation as the provider, with a reason."""
    require_staff(request.user, "compliance.change_authorisation")
    _end(request, _own(get_object_or_404(Customer, slug=slug), authorisation))
    return redirect("compliance:provider-authorisations", slug)
