"""The programmes: a company's page, a contact's answer, and the provider's page."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest, network_address
from accounts.permissions import require_staff
from accounts.views.access import managed_customer
from accounts.views.actions import run_action, submit, submit_button
from compliance.forms.programmes import AlertsForm, DecideForm, ReferForm, ReferralAnswerForm
from compliance.models import Referral, ResellerRequest
from compliance.selectors.programmes import (
    open_reseller_requests,
    programme_of,
    referrals_for_staff,
)
from compliance.services import reseller_requests
from compliance.services.referrals import answer_referral, mark_referral_joined, refer_contact
from compliance.tokens import BadToken, read_referral_token


@require_http_methods(["GET", "HEAD", "POST"])
def programme(request: PersonRequest, customer: str) -> HttpResponse:
    """Show a company's programmes; posted, refer a contact."""
    company = managed_customer(request, customer)
    form = ReferForm(
        request.POST if request.method == "POST" else None,
        initial={"language": (get_language() or "en")[:2]},
    )
    success = submit(
        form, lambda: refer_contact(actor=request.user, customer=company, **form.cleaned_data)
    )
    if success:
        text = _("Thank you. %(name)s gets one email from us, if we may write to that address.")
        messages.success(request, text % {"name": form.cleaned_data["name"]})
        return redirect("compliance:programme", customer)
    shown = programme_of(company, request.user)
    context = {
        "customer": company,
        "programme": shown,
        "form": form,
        "alerts_form": AlertsForm(initial={"wants": shown.wants_alerts}),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "compliance/programme.html", context)


@require_POST
def reseller_ask(request: PersonRequest, customer: str) -> HttpResponse:
    """Ask that the company joins the reseller programme."""
    company = managed_customer(request, customer)
    run_action(
        request,
        lambda: reseller_requests.ask_to_resell(actor=request.user, customer=company),
        _("You asked to join the reseller programme. We answer by email."),
    )
    return redirect("compliance:programme", customer)


@require_POST
def reseller_leave(request: PersonRequest, customer: str) -> HttpResponse:
    """Leave the reseller programme."""
    company = managed_customer(request, customer)
    run_action(
        request,
        lambda: reseller_requests.leave_reseller_programme(actor=request.user, customer=company),
        _("%(company)s left the reseller programme. Its people get no reseller alerts.")
        % {"company": company},
    )
    return redirect("compliance:programme", customer)


@require_POST
def reseller_alerts(request: PersonRequest, customer: str) -> HttpResponse:
    """Subscribe to reseller alerts, or unsubscribe."""
    company = managed_customer(request, customer)
    form = AlertsForm(request.POST)
    success = submit_button(
        request,
        form,
        lambda: reseller_requests.choose_reseller_alerts(
            actor=request.user,
            customer=company,
            wants=form.cleaned_data["wants"],
            network_address=network_address(request) or None,
        ),
    )
    if success:
        wants = form.cleaned_data["wants"]
        messages.success(
            request, _("You get reseller alerts.") if wants else _("You get no reseller alerts.")
        )
    return redirect("compliance:programme", customer)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def referral(request: PersonRequest, token: str) -> HttpResponse:
    """Show on GET what a contact was told, without changing anything; POST records the answer."""
    try:
        named = read_referral_token(token)
        form = ReferralAnswerForm(request.POST if request.method == "POST" else None)
        success = submit(
            form, lambda: answer_referral(actor=None, token=token, **form.cleaned_data)
        )
    except BadToken:
        return render(request, "compliance/referral_bad.html", status=404)
    answered = success.result if success else None
    with translation.override(named.language):
        context = {"referral": named, "form": form, "answered": answered}
        return render(request, "compliance/referral.html", context)


@require_safe
def referrals(request: PersonRequest) -> HttpResponse:
    """Show staff the contacts to call back, and the companies that ask to resell."""
    require_staff(request.user, "compliance.view_referral")
    context = {
        "page": referrals_for_staff(after=request.GET.get("after", "")),
        "requests": open_reseller_requests(),
    }
    return render(request, "compliance/referrals.html", context)


@require_POST
def referral_joined(request: PersonRequest, referral: UUID) -> HttpResponse:
    """Record that a contact became a customer."""
    require_staff(request.user, "compliance.change_referral")
    row = get_object_or_404(Referral, uuid=referral)
    run_action(
        request,
        lambda: mark_referral_joined(actor=request.user, referral=row),
        _("We recorded that the contact joined."),
    )
    return redirect("compliance:referrals")


@require_http_methods(["GET", "HEAD", "POST"])
def reseller_request(request: PersonRequest, reseller_request: UUID) -> HttpResponse:
    """Show staff a company that asks to resell; posted, approve or decline."""
    require_staff(request.user, "compliance.change_resellerrequest")
    rows = ResellerRequest.objects.select_related("customer", "asked_by", "decided_by")
    row = get_object_or_404(rows, uuid=reseller_request)
    form = DecideForm(request.POST if request.method == "POST" else None)
    success = submit(
        form,
        lambda: reseller_requests.decide_reseller_request(
            actor=request.user, request=row, **form.cleaned_data
        ),
    )
    if success:
        text = _("%(company)s gets the answer by email.") % {"company": row.customer}
        messages.success(request, text)
        return redirect("compliance:referrals")
    return render(request, "compliance/reseller_request.html", {"row": row, "form": form})
