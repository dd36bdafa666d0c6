"""The second factor that a company demands of its people."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.adapters import signed_in_at
from accounts.forms import CompanyForm, HandOverForm, SecondFactorForm
from accounts.http import PersonRequest
from accounts.services import second_factor
from accounts.services.customers import company_values
from accounts.views.access import managed_customer
from accounts.views.actions import run_action, submit
from accounts.views.customers import company_page
from accounts.views.undo import offer_undo


@require_POST
def second_factor_demand(request: PersonRequest, customer: str) -> HttpResponse:
    """Demand it from a day on."""
    company = managed_customer(request, customer)
    form = SecondFactorForm(request.POST)
    success = submit(
        form,
        lambda: second_factor.demand_second_factor(
            actor=request.user, customer=company, since=form.moment()
        ),
    )
    if success:
        message = _("From %(day)s, everyone at %(company)s needs a second factor to sign in.")
        day = date_format(form.cleaned_data["day"], "DATE_FORMAT")
        offer_undo(request, message % {"day": day, "company": company}, success.result)
        return redirect("accounts:company", customer)
    return company_page(
        request,
        company,
        CompanyForm(shown=company_values(company)),
        HandOverForm(customer=company),
        form,
    )


@require_POST
def second_factor_end(request: PersonRequest, customer: str) -> HttpResponse:
    """Demand it no longer."""
    company = managed_customer(request, customer)
    run_action(
        request,
        lambda: second_factor.end_second_factor(
            actor=request.user, customer=company, signed_in_at=signed_in_at(request)
        ),
        _("%(company)s no longer requires a second factor.") % {"company": company},
        offer_undo,
    )
    return redirect("accounts:company", customer)
