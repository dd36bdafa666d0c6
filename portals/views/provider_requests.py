"""What has come to the provider: services asked for, and what Super Users passed on or left."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import RequestKind
from accounts.forms import AnswerForm, RefuseForm, first_error
from accounts.http import PersonRequest
from accounts.models import AccessRequest
from accounts.selectors import page_of, requests_with_provider, super_users_of
from accounts.services.customers import require_staff
from accounts.services.requests import (
    approve_request,
    is_for_provider_alone,
    refuse_request,
    send_back_request,
)
from portals.forms.requests import ApproveEndForm, SendBackForm
from portals.models import Subscription
from portals.selectors.requests import requested_privileges_in
from portals.selectors.resources import subscription_totals


@require_safe
def provider_requests(request: PersonRequest) -> HttpResponse:
    """What waits, the oldest first, and what was answered."""
    require_staff(request.user, "accounts.view_accessrequest")
    every = requests_with_provider()
    waiting = every.filter(pk__in=AccessRequest.objects.open().values("pk"))
    settled = every.exclude(pk__in=AccessRequest.objects.open().values("pk"))
    context = {
        "waiting": page_of(waiting, among=every, order=("pk",), after=request.GET.get("after", "")),
        "settled": page_of(
            settled, among=every, order=("-pk",), after=request.GET.get("settled", ""), size=20
        ),
    }
    return render(request, "portals/provider_requests.html", context)


def _with_provider(request: PersonRequest, access_request: UUID, permission: str) -> AccessRequest:
    """A request that came to the provider (else 404), for staff with this permission (else 403)."""
    require_staff(request.user, permission)
    return get_object_or_404(requests_with_provider(), uuid=access_request)


@require_safe
def provider_request(request: PersonRequest, access_request: UUID) -> HttpResponse:
    """One of them, with the forms to answer it."""
    return _page(request, _with_provider(request, access_request, "accounts.view_accessrequest"))


def _page(request: PersonRequest, access_request: AccessRequest, **forms: Any) -> HttpResponse:
    context: dict[str, Any] = {
        "access_request": access_request,
        "company": access_request.customer,
        "rows": requested_privileges_in(access_request),
        "super_users": super_users_of(access_request.customer).exclude(
            pk=access_request.membership_id
        )[:5],
        "loss": _loss(access_request),
    }
    may = request.user.has_perm(
        "accounts.change_customer"
        if access_request.is_of_provider
        else "accounts.change_accessrequest"
    )
    if access_request.is_open and may:
        if access_request.kind != RequestKind.ACCESS:
            context["approve"] = _approve_form(access_request)
        if not is_for_provider_alone(access_request):
            context["send_back"] = SendBackForm()
        context |= {"refuse": RefuseForm()} | forms
    for form in forms.values():
        if not (access_request.is_open and may):
            messages.error(request, first_error(form))
    return render(request, "portals/provider_request.html", context)


def _loss(access_request: AccessRequest) -> Any:
    """What the end that is asked for would take; nothing for anything else."""
    if access_request.kind != RequestKind.END_SERVICE or not access_request.is_open:
        return None
    subscription = Subscription.objects.filter(
        customer=access_request.customer, portal__slug=access_request.about
    ).first()
    return subscription_totals(subscription) if subscription else None


def _approve_form(access_request: AccessRequest, posted: Any = None) -> AnswerForm:
    ends = access_request.kind == RequestKind.END_SERVICE
    return ApproveEndForm(posted) if ends else AnswerForm(posted)


@require_POST
def provider_request_approve(request: PersonRequest, access_request: UUID) -> HttpResponse:
    """Say yes; it is done at once."""
    found = _with_provider(request, access_request, "accounts.change_accessrequest")
    form = _approve_form(found, request.POST)

    def approve() -> None:
        how = form.approval(signed_in_at(request)) if isinstance(form, ApproveEndForm) else None
        approve_request(
            actor=request.user,
            access_request=found,
            answer=form.cleaned_data["answer"],
            how=how,
            for_provider=True,
        )

    return _act(request, found, "approve", form, approve, _("Approved. %(person)s has been told."))


@require_POST
def provider_request_refuse(request: PersonRequest, access_request: UUID) -> HttpResponse:
    """Say no, with a reason."""
    found = _with_provider(request, access_request, "accounts.change_accessrequest")
    form = RefuseForm(request.POST)

    def refuse() -> None:
        refuse_request(
            actor=request.user,
            access_request=found,
            reason=form.cleaned_data["reason"],
            for_provider=True,
        )

    return _act(request, found, "refuse", form, refuse, _("Refused. %(person)s has been told why."))


@require_POST
def provider_request_send_back(request: PersonRequest, access_request: UUID) -> HttpResponse:
    """Give it back to the Super Users, with a word."""
    found = _with_provider(request, access_request, "accounts.change_accessrequest")
    form = SendBackForm(request.POST)

    def send_back() -> None:
        send_back_request(actor=request.user, access_request=found, word=form.cleaned_data["word"])

    done = _("Sent back. The Super Users of %(company)s have been told.")
    return _act(request, found, "send_back", form, send_back, done)


def _act(
    request: PersonRequest, access_request: AccessRequest, name: str, form: Any, act: Any, done: str
) -> HttpResponse:
    if form.is_valid():
        try:
            act()
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            words = {"person": access_request.membership, "company": access_request.customer}
            messages.success(request, done % words)
            return redirect("portals:provider-requests")
    return _page(request, requests_with_provider().get(pk=access_request.pk), **{name: form})
