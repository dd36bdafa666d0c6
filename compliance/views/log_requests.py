"""A company's log requests: list, new, one with its download and receipt."""

import json
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.forms import ActForm
from accounts.http import PersonRequest, network_address
from accounts.models import Customer
from accounts.selectors import page_of
from accounts.timezones import today_of_provider
from accounts.views.access import visible_customer
from accounts.views.actions import run_action, submit, submit_button
from compliance.choices.log_requests import LogState
from compliance.forms.log_requests import AskForm
from compliance.models import LogRequest, Representative
from compliance.models.log_requests import MOST_DOWNLOADS
from compliance.selectors.log_requests import (
    MOST_RESOURCES,
    first_allowed_day,
    log_receipt,
    requester_has_both_keys,
    visible_log_requests,
)
from compliance.selectors.rates import rate_in_force
from compliance.selectors.representatives import representative_of
from compliance.services import log_requests as services
from compliance.services.log_downloads import download_logs
from compliance.services.sealed_files import content_of
from compliance.stripe_checkout import PAGES, is_set_up

WITHDRAWABLE = (LogState.ASKED, LogState.APPROVED)
WITH_RECEIPT = (LogState.RELEASED, LogState.EXPIRED)


def company_with_logs(request: PersonRequest, slug: str) -> Customer:
    """Return a company whose log requests this person sees: a Super User or representative."""
    company: Customer = visible_customer(request, slug)
    own = Representative.objects.filter(
        membership__user=request.user, membership__ended_at=None, confirmed_at__isnull=False,
        membership__customer=company,
    )  # fmt: skip
    if not company.is_managed and not own.exists():  # type: ignore[attr-defined]
        raise PermissionDenied
    return company


def seen_log_request(request: PersonRequest, company: Customer, log_request: UUID) -> LogRequest:
    """Return a request of a company that this person sees; else 404."""
    return get_object_or_404(visible_log_requests(request.user, company), uuid=log_request)


@require_safe
def log_requests(request: PersonRequest, customer: str) -> HttpResponse:
    """List the company's log requests, newest first."""
    company = company_with_logs(request, customer)
    rows = visible_log_requests(request.user, company)
    context = {
        "customer": company,
        "page": page_of(rows, among=rows, order=("-pk",), after=request.GET.get("after", "")),
        "representative": representative_of(request.user, company),
    }
    return render(request, "compliance/log_requests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def log_request_new(request: PersonRequest, customer: str) -> HttpResponse:
    """Show what can be asked for, with the price; posted, ask."""
    company = company_with_logs(request, customer)
    representative, rate = representative_of(request.user, company), rate_in_force()
    if representative is None:
        messages.info(request, _("Only a confirmed representative can ask for logs."))
        return redirect("compliance:log-requests", customer)
    form = AskForm(
        request.POST if request.method == "POST" else None,
        person=request.user,
        customer=company,
        shown_rate=rate,
    )
    success = submit(form, lambda: _ask(request, company, form))
    if success:
        messages.success(request, _("The provider has your request and decides next."))
        return redirect("compliance:log-request", customer, success.result.uuid)
    context = {
        "customer": company,
        "form": form,
        "rate": rate,
        "earliest": first_allowed_day(today_of_provider()),
        "most": MOST_RESOURCES,
    }
    return render(request, "compliance/log_request_new.html", context)


def _ask(request: PersonRequest, company: Customer, form: AskForm) -> LogRequest:
    values = dict(form.cleaned_data)
    return services.ask_for_logs(
        actor=request.user,
        customer=company,
        rate_number=values.pop("rate"),
        resources=list(values.pop("resources")),
        **values,
    )


@require_safe
def log_request(request: PersonRequest, customer: str, log_request: UUID) -> HttpResponse:
    """Show one request, and its next step to the person who asked."""
    company = company_with_logs(request, customer)
    row = seen_log_request(request, company, log_request)
    representative = representative_of(request.user, company)
    is_requester = representative is not None and row.representative_id == representative.pk
    file = row.file if row.state == LogState.RELEASED else None
    charge = getattr(row, "charge", None)
    is_payable = is_set_up() and row.state == LogState.APPROVED and requester_has_both_keys(row)
    is_waiting = is_payable and request.GET.get("payment") == "sent"
    context = {
        "customer": company,
        "row": row,
        "may_pay_by_card": is_payable and not is_waiting,
        "is_waiting": is_waiting,
        "is_requester": is_requester,
        "resources": row.resources.select_related("tenure"),
        "charge": charge,
        "instructions": charge and charge.instructions(request.user.language),
        "may_withdraw": is_requester and row.state in WITHDRAWABLE,
        "file": file,
        "downloads": file.downloads.count() if file else 0,
        "most_downloads": MOST_DOWNLOADS,
        "may_download": is_requester and file is not None,
        "has_receipt": row.state in WITH_RECEIPT,
    }
    response = render(request, "compliance/log_request.html", context)
    if context["may_pay_by_card"]:  # browsers hold form-action to redirections too
        response._csp_update = {"form-action": [PAGES]}  # type: ignore[attr-defined]
    return response


@require_POST
def log_request_withdraw(request: PersonRequest, customer: str, log_request: UUID) -> HttpResponse:
    """Withdraw a request that is not paid yet."""
    row = seen_log_request(request, company_with_logs(request, customer), log_request)
    run_action(
        request,
        lambda: services.withdraw_log_request(actor=request.user, request=row),
        _("The request is withdrawn."),
    )
    return redirect("compliance:log-request", customer, log_request)


@require_POST
def log_request_download(
    request: PersonRequest, customer: str, log_request: UUID
) -> HttpResponseBase:
    """Send the file to the person who asked, once the download is recorded."""
    row = seen_log_request(request, company_with_logs(request, customer), log_request)
    success = submit_button(
        request,
        ActForm(request.POST),
        lambda: download_logs(
            actor=request.user,
            request=row,
            signed_in_at=signed_in_at(request),
            network_address=network_address(request) or None,
            browser=request.headers.get("User-Agent", ""),
        ),
    )
    if success is None:
        return redirect("compliance:log-request", customer, log_request)
    file, key = success.result
    name = f"logs-{row.first_day.isoformat()}-{row.last_day.isoformat()}.log"
    return StreamingHttpResponse(
        content_of(file, key),
        content_type="text/plain; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Length": str(file.size),
        },
    )


@require_safe
def log_request_receipt(request: PersonRequest, customer: str, log_request: UUID) -> HttpResponse:
    """Return the receipt of released logs as a file (L46)."""
    row = seen_log_request(request, company_with_logs(request, customer), log_request)
    if row.state not in WITH_RECEIPT:
        messages.info(request, _("The receipt comes with the logs."))
        return redirect("compliance:log-request", customer, log_request)
    answer = HttpResponse(
        json.dumps(log_receipt(row), ensure_ascii=False, indent=2),
        content_type="application/json; charset=utf-8",
    )
    answer["Content-Disposition"] = f'attachment; filename="receipt-{row.uuid}.json"'
    return answer
