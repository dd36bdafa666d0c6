"""One request: followed by whoever asked, answered by a Super User."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import RefuseForm, first_error
from accounts.http import PersonRequest
from accounts.models import AccessRequest
from accounts.selectors import is_super_user
from accounts.services.requests import approve_request, is_for_provider_alone, refuse_request
from portals.forms.requests import ApproveForm
from portals.models import RequestedGrant
from portals.selectors.requests import (
    PortalLink,
    requested_privileges_in,
    safe_return_url,
    sensitive_privileges_in,
)
from portals.services.requests import Approval


def _visible(request: PersonRequest, slug: str, key: UUID) -> AccessRequest:
    """A request this person made, or of a customer they run; else 404."""
    return get_object_or_404(
        AccessRequest.objects.visible_to(request.user).select_related(
            "customer", "membership__user", "answered_by"
        ),
        customer__slug=slug,
        uuid=key,
    )


def _to_answer(request: PersonRequest, slug: str, key: UUID) -> AccessRequest:
    """The same, and 403 for who only made it."""
    access_request = _visible(request, slug, key)
    if not is_super_user(request.user, access_request.customer):
        raise PermissionDenied
    return access_request


@require_safe
def request(request: PersonRequest, customer: str, access_request: UUID) -> HttpResponse:
    """What is asked, how it stands, and for a Super User the answer's forms."""
    return _page(request, _visible(request, customer, access_request))


def _page(
    request: PersonRequest,
    access_request: AccessRequest,
    approve: ApproveForm | None = None,
    refuse: RefuseForm | None = None,
) -> HttpResponse:
    rows = list(requested_privileges_in(access_request))
    company = access_request.customer
    manages = is_super_user(request.user, company)
    is_own = access_request.membership.user_id == request.user.pk
    context: dict[str, Any] = {
        "customer": company,
        "access_request": access_request,
        "rows": _with_ticks(
            access_request, rows, request.POST.getlist("rights") if approve else None
        ),
        "manages": manages,
        "is_own": is_own,
        "wanted": next(iter(access_request.new_values), ""),
        "present": access_request.membership.ended_at is None,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "back": safe_return_url(
            PortalLink.from_query(request.GET.dict()), request.GET.get("return", "")
        ),
        "for_provider": access_request.is_open and is_for_provider_alone(access_request),
    }
    answerable = manages and not is_own and access_request.is_open and not context["for_provider"]
    for form in filter(None, (approve, refuse)):
        if form.errors and not answerable:
            messages.error(request, first_error(form))
    if answerable:
        until = rows[0].expires_at if rows else None
        context["approve"] = approve or ApproveForm(rows=rows, initial={"expires_at": until})
        context["refuse"] = refuse or RefuseForm()
    return render(request, "portals/request.html", context)


def _with_ticks(
    access_request: AccessRequest, rows: list[RequestedGrant], posted: list[str] | None
) -> list[dict[str, Any]]:
    """The rights asked for; all ticked until somebody has unticked some."""
    sensitive = sensitive_privileges_in(access_request) if rows else set()
    return [
        {
            "row": row,
            "sensitive": row.privilege_id in sensitive,
            "ticked": posted is None or str(row.pk) in posted,
        }
        for row in rows
    ]


@require_POST
def request_approve(request: PersonRequest, customer: str, access_request: UUID) -> HttpResponse:
    """Say yes to all of it or, for rights, to some of them until a date."""
    found = _to_answer(request, customer, access_request)
    form = ApproveForm(request.POST, rows=requested_privileges_in(found))
    if not form.is_valid():
        return _page(request, found, approve=form)
    return _answer(request, found, form, form.approval(signed_in_at(request)))


def _answer(
    request: PersonRequest, found: AccessRequest, form: ApproveForm, approval: Approval
) -> HttpResponse:
    try:
        approve_request(
            actor=request.user,
            access_request=found,
            answer=form.cleaned_data["answer"],
            how=approval,
        )
    except ValidationError as refusal:
        form.refuse(refusal)
        return _page(request, _visible(request, found.customer.slug, found.uuid), approve=form)
    messages.success(
        request, _("Approved. %(person)s has been told.") % {"person": found.membership}
    )
    return redirect("accounts:requests", found.customer.slug)


@require_POST
def request_refuse(request: PersonRequest, customer: str, access_request: UUID) -> HttpResponse:
    """Say no, with a reason."""
    found = _to_answer(request, customer, access_request)
    form = RefuseForm(request.POST)
    if form.is_valid():
        try:
            refuse_request(
                actor=request.user, access_request=found, reason=form.cleaned_data["reason"]
            )
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, _("Refused. %(person)s has been told why.") % {"person": found.membership}
            )
            return redirect("accounts:requests", customer)
    return _page(request, _visible(request, customer, access_request), refuse=form)
