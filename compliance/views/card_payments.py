"""Paying by card: the button that leads to Stripe, and the address to which Stripe reports."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.forms import ActForm
from accounts.http import PersonRequest
from accounts.views.actions import submit_button
from compliance.services.card_payments import (
    REPORTER,
    EventTooEarly,
    UnknownCharge,
    apply_card_event,
    begin_card_payment,
)
from compliance.stripe_checkout import EventRefused, is_set_up, read_event
from compliance.views.log_requests import company_with_logs, seen_log_request


@require_POST
def log_request_pay(request: PersonRequest, customer: str, log_request: UUID) -> HttpResponse:
    """Lead the payer to Stripe's page."""
    row = seen_log_request(request, company_with_logs(request, customer), log_request)
    success = submit_button(
        request,
        ActForm(request.POST),
        lambda: begin_card_payment(actor=request.user, request=row),
    )
    if success is None:
        return redirect("compliance:log-request", customer, log_request)
    return redirect(success.result)


@csrf_exempt  # a program posts here, authenticated by HUB_STRIPE_WEBHOOK_SECRET
@login_not_required
@require_POST
def stripe_events(request: HttpRequest) -> HttpResponse:
    """Apply one event. Stripe sends it again, for three days, until the answer is a success."""
    if not is_set_up():
        raise Http404
    try:
        event = read_event(request.body, request.headers.get("Stripe-Signature", ""))
        if event is not None:
            apply_card_event(actor=REPORTER, event=event)
    except EventRefused:
        return HttpResponse(status=400)
    except UnknownCharge:
        return HttpResponse(status=404)
    except EventTooEarly:
        return HttpResponse(status=409)
    return HttpResponse(status=204)
