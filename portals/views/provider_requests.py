"""Requests to the provider: for services, and those that Super Users passed on or left open."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import RequestKind
from accounts.forms import AnswerForm, RefuseForm, SearchForm, StrictForm, first_error
from accounts.http import PersonRequest
from accounts.models import AccessRequest
from accounts.permissions import require_staff
from accounts.selectors import page_of, requests_with_provider, super_users_of
from accounts.services.requests import (
    approve_request,
    is_for_provider_alone,
    refuse_request,
    send_back_request,
)
from accounts.views.actions import previous_page, submit
from accounts.views.request_lines import request_lines_for_staff
from portals.forms.requests import ApproveEndForm, SendBackForm
from portals.models import Subscription
from portals.selectors.requests import requested_privileges_in
from portals.selectors.resources import subscription_totals


@require_safe
def provider_requests(request: PersonRequest) -> HttpResponse:
    """List the open requests, the oldest first, and the answered ones."""
    require_staff(request.user, "accounts.view_accessrequest")
    form = SearchForm(request.GET)
    search = form.text
    requests = requests_with_provider(search=search)
    waiting = requests.filter(pk__in=AccessRequest.objects.open().values("pk"))
    settled = requests.exclude(pk__in=AccessRequest.objects.open().values("pk"))
    waiting_page = page_of(
        waiting, among=requests, order=("pk",), after=request.GET.get("after", "")
    )
    settled_page = page_of(
        settled, among=requests, order=("-pk",), after=request.GET.get("settled", ""), size=20
    )
    context = {
        "form": form,
        "search": search,
        "waiting": waiting_page,
        "waiting_lines": request_lines_for_staff(waiting_page.rows, reader=request.user),
        "settled": settled_page,
        "settled_lines": request_lines_for_staff(settled_page.rows, reader=request.user),
    }
    fragment = "#requests" if request.htmx else ""
    return render(request, f"portals/provider_requests.html{fragment}", context)


def _with_provider(request: PersonRequest, access_request: UUID, permission: str) -> AccessRequest:
    """Return a request to the provider (else 404), for staff with this permission (else 403)."""
    require_staff(request.user, permission)
    return get_object_or_404(requests_with_provider(), uuid=access_request)


@require_safe
def provider_request(request: PersonRequest, access_request: UUID) -> HttpResponse:
    """Show one request, with the forms that answer it."""
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
    may_answer = request.user.has_perm(
        "accounts.change_customer"
        if access_request.is_of_provider
        else "accounts.change_accessrequest"
    )
    if access_request.is_open and may_answer:
        if access_request.kind != RequestKind.ACCESS:
            context["approve"] = _approve_form(access_request)
        if not is_for_provider_alone(access_request):
            context["send_back"] = SendBackForm()
        context |= {"refuse": RefuseForm()} | forms
    for form in forms.values():
        if not (access_request.is_open and may_answer):
            messages.error(request, first_error(form))
    return render(request, "portals/provider_request.html", context)


def _loss(access_request: AccessRequest) -> Any:
    """Return what would be lost if the requested end of a service came; None for other requests."""
    if access_request.kind != RequestKind.END_SERVICE or not access_request.is_open:
        return None
    subscription = Subscription.objects.filter(
        customer=access_request.customer, portal__slug=access_request.about
    ).first()
    return subscription_totals(subscription) if subscription else None


def _approve_form(access_request: AccessRequest, data: Any = None) -> AnswerForm:
    ends_service = access_request.kind == RequestKind.END_SERVICE
    return ApproveEndForm(data) if ends_service else AnswerForm(data)


@require_POST
def provider_request_approve(request: PersonRequest, access_request: UUID) -> HttpResponse:
    """Approve a request; it takes effect at once."""
    pending = _with_provider(request, access_request, "accounts.change_accessrequest")
    form = _approve_form(pending, request.POST)

    def approve() -> None:
        how = form.approval(signed_in_at(request)) if isinstance(form, ApproveEndForm) else None
        approve_request(
            actor=request.user,
            access_request=pending,
            answer=form.cleaned_data["answer"],
            how=how,
            for_provider=True,
        )

    message = _("The request is approved. We told %(person)s by email.")
    return _answer(request, pending, "approve", form, approve, message)


@require_POST
def provider_request_refuse(request: PersonRequest, access_request: UUID) -> HttpResponse:
    """Refuse a request, with a reason."""
    pending = _with_provider(request, access_request, "accounts.change_accessrequest")
    form = RefuseForm(request.POST)

    def refuse() -> None:
        refuse_request(
            actor=request.user,
            access_request=pending,
            reason=form.cleaned_data["reason"],
            for_provider=True,
        )

    message = _("The request is refused. We sent %(person)s your reason by email.")
    return _answer(request, pending, "refuse", form, refuse, message)


@require_POST
def provider_request_send_back(request: PersonRequest, access_request: UUID) -> HttpResponse:
    """Send a request back to the Super Users, with a note."""
    pending = _with_provider(request, access_request, "accounts.change_accessrequest")
    form = SendBackForm(request.POST)

    def send_back() -> None:
        send_back_request(
            actor=request.user, access_request=pending, word=form.cleaned_data["word"]
        )

    message = _("The request is with the Super Users of %(company)s again. We told them by email.")
    return _answer(request, pending, "send_back", form, send_back, message)


def _answer(
    request: PersonRequest,
    access_request: AccessRequest,
    form_name: str,
    form: StrictForm,
    action: Callable[[], None],
    message: str,
) -> HttpResponse:
    if submit(form, action):
        words = {"person": access_request.membership, "company": access_request.customer}
        messages.success(request, message % words)
        home = reverse("home")  # where a request can be approved, too
        was_home = urlsplit(previous_page(request, "")).path == home
        return redirect(home if was_home else "portals:provider-requests")
    return _page(request, requests_with_provider().get(pk=access_request.pk), **{form_name: form})
