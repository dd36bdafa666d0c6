"""The provider's pages of log requests, charges and the rate card."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import StrictForm
from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.selectors import page_of
from accounts.views.actions import submit, submit_button
from compliance.choices.log_requests import BEFORE_RELEASE, OPEN_STATES, LogState
from compliance.forms.log_requests import (
    DecisionForm,
    PaymentForm,
    RateForm,
    ReasonForm,
    ReleaseForm,
    ReversalForm,
)
from compliance.models import Charge, LogRequest, Payment, Rate
from compliance.selectors.log_requests import log_requests, requester_has_both_keys
from compliance.selectors.rates import rate_in_force
from compliance.selectors.sealed_files import beginning_of
from compliance.services import log_decisions, payments
from compliance.services import log_requests as services
from compliance.services.rates import add_rate

VIEW = "compliance.view_logrequest"
SHOWN = 4000  # characters of a file, for the check


@require_safe
def provider_log_requests(request: PersonRequest) -> HttpResponse:
    """List the log requests: those that are open, or all of them."""
    require_staff(request.user, VIEW)
    everything = log_requests()
    is_all = request.GET.get("show") == "all"
    rows = everything if is_all else everything.filter(state__in=OPEN_STATES)
    page = page_of(rows, among=everything, order=("-pk",), after=request.GET.get("after", ""))
    context = {"page": page, "is_all": is_all}
    return render(request, "compliance/provider_log_requests.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def provider_log_request(request: PersonRequest, log_request: UUID) -> HttpResponse:
    """Show one request with its next step for staff: decide, repeat or release. Posted, do it."""
    require_staff(request.user, VIEW)
    row = get_object_or_404(log_requests(), uuid=log_request)
    if request.method == "POST":
        require_staff(request.user, services.CHANGE)
    form = _next_step(request, row)
    if form is None and request.method == "POST":
        messages.error(request, _("This step is already done."))
        return redirect("compliance:provider-log-request", log_request)
    if form is not None and (done := _carry_out(request, row, form)):
        messages.success(request, done)
        return redirect("compliance:provider-log-request", log_request)
    context = {
        "row": row,
        "resources": row.resources.select_related("tenure"),
        "charge": getattr(row, "charge", None),
        "form": form,
        "repeat_form": ReasonForm() if row.state == LogState.READY else None,
        "close_form": ReasonForm() if _can_close(request, row) else None,
        "beginning": beginning_of(row.file, SHOWN) if _is_checking(request, row) else "",
    }
    return render(request, "compliance/provider_log_request.html", context)


def _is_checking(request: PersonRequest, row: LogRequest) -> bool:
    return row.state == LogState.READY and request.user.has_perm(services.CHANGE)


def _can_close(request: PersonRequest, row: LogRequest) -> bool:
    is_before_release = row.state in BEFORE_RELEASE and request.user.has_perm(services.CHANGE)
    return is_before_release and not requester_has_both_keys(row)


def _next_step(request: PersonRequest, row: LogRequest) -> StrictForm | None:
    """Return the form of what staff do next with a request; None for nothing."""
    forms = {
        LogState.ASKED: DecisionForm,
        LogState.FAILED: ReasonForm,
        LogState.READY: ReleaseForm,
    }
    form = forms.get(LogState(row.state))
    if form is None or not request.user.has_perm(services.CHANGE):
        return None
    return form(request.POST if request.method == "POST" else None)


def _carry_out(request: PersonRequest, row: LogRequest, form: StrictForm) -> str:
    """Do the step, and return what was done; "" where it was refused."""
    actor = request.user
    if isinstance(form, DecisionForm):
        if not submit(form, lambda: _decide(request, row, form)):
            return ""
        return _("The request is approved.") if form.is_approval else _("The request is declined.")
    if isinstance(form, ReleaseForm):
        released = submit(
            form,
            lambda: services.release_log_request(actor=actor, request=row, **form.cleaned_data),
        )
        done = _("The logs are released to %(person)s.") % {"person": row.representative}
        return done if released else ""
    repeated = submit(
        form, lambda: services.repeat_log_request(actor=actor, request=row, **form.cleaned_data)
    )
    return _("The portal puts the logs together again.") if repeated else ""


def _decide(request: PersonRequest, row: LogRequest, form: DecisionForm) -> LogRequest:
    actor = request.user
    if form.is_approval:
        return log_decisions.approve_log_request(actor=actor, request=row, **form.charge())
    reason = form.cleaned_data["reason"]
    return log_decisions.decline_log_request(actor=actor, request=row, reason=reason)


@require_POST
def log_request_repeat(request: PersonRequest, log_request: UUID) -> HttpResponse:
    """Give a file that did not pass the check back to the portal."""
    done = _("The portal puts the logs together again.")
    return _act_with_reason(request, log_request, services.repeat_log_request, done)


@require_POST
def log_request_close(request: PersonRequest, log_request: UUID) -> HttpResponse:
    """Close a settled request whose requester can't get the logs any more."""
    done = _("The request is closed.")
    return _act_with_reason(request, log_request, log_decisions.close_log_request, done)


def _act_with_reason(
    request: PersonRequest, log_request: UUID, act: Callable[..., LogRequest], done: str
) -> HttpResponse:
    require_staff(request.user, services.CHANGE)
    row = get_object_or_404(log_requests(), uuid=log_request)
    form = ReasonForm(request.POST)
    if submit_button(
        request, form, lambda: act(actor=request.user, request=row, **form.cleaned_data)
    ):
        messages.success(request, done)
    return redirect("compliance:provider-log-request", log_request)


def _charge(charge: UUID) -> Charge:
    rows = Charge.objects.select_related("request__customer", "waiver__by", "added_by")
    return get_object_or_404(rows, uuid=charge)


@require_http_methods(["GET", "HEAD", "POST"])
def provider_charge(request: PersonRequest, charge: UUID) -> HttpResponse:
    """Show a charge with its payments; posted, record one."""
    require_staff(request.user, payments.RECORD)
    row = _charge(charge)
    form = PaymentForm(request.POST if request.method == "POST" else None)
    if submit(
        form,
        lambda: payments.record_payment(actor=request.user, charge=row, **form.payment()),
    ):
        messages.success(request, _("The payment is recorded."))
        return redirect("compliance:provider-charge", charge)
    context = {
        "charge": row,
        "row": row.request,
        "payments": row.payments.select_related("by", "charge", "reverses"),
        "refused_payments": row.refused_payments.all(),
        "form": form,
        "is_open": row.request.state == LogState.APPROVED and not row.is_settled,
        "reason_form": ReasonForm(),
    }
    return render(request, "compliance/provider_charge.html", context)


@require_POST
def charge_waive(request: PersonRequest, charge: UUID) -> HttpResponse:
    """Waive a fee with a reason."""
    require_staff(request.user, payments.RECORD)
    form, row = ReasonForm(request.POST), _charge(charge)
    if submit_button(
        request,
        form,
        lambda: payments.waive_charge(actor=request.user, charge=row, **form.cleaned_data),
    ):
        messages.success(request, _("The fee is waived."))
    return redirect("compliance:provider-charge", charge)


@require_POST
def payment_reverse(request: PersonRequest, charge: UUID) -> HttpResponse:
    """Record that a payment of a charge went back."""
    require_staff(request.user, payments.RECORD)
    form, row = ReversalForm(request.POST), _charge(charge)
    if submit_button(request, form, lambda: _reverse(request, row, form)):
        messages.success(request, _("The payment is reversed."))
    return redirect("compliance:provider-charge", charge)


def _reverse(request: PersonRequest, charge: Charge, form: ReversalForm) -> Payment:
    payment = get_object_or_404(charge.payments.all(), uuid=form.cleaned_data["payment"])
    reason = form.cleaned_data["reason"]
    return payments.reverse_payment(actor=request.user, payment=payment, reason=reason)


@require_http_methods(["GET", "HEAD", "POST"])
def rates(request: PersonRequest) -> HttpResponse:
    """Show the rate card with its versions; posted, add the next one."""
    require_staff(request.user, "compliance.add_rate")
    form = RateForm(request.POST if request.method == "POST" else None)
    if submit(
        form,
        lambda: add_rate(
            actor=request.user,
            cents=form.cleaned_data["price"],
            currency=form.cleaned_data["currency"],
            taxes=form.cleaned_data["taxes"],
        ),
    ):
        messages.success(request, _("The new price applies from now on."))
        return redirect("compliance:rates")
    rows = Rate.objects.select_related("added_by")
    page = page_of(
        rows, among=rows, order=("-number", "-pk"), after=request.GET.get("after", ""), size=25
    )
    context = {"form": form, "page": page, "current": rate_in_force()}
    return render(request, "compliance/rates.html", context)
