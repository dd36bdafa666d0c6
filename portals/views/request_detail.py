"""The page of one request, for the person who made it and the Super Users who answer it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import RefuseForm, first_error
from accounts.http import PersonRequest
from accounts.models import AccessRequest
from accounts.selectors import is_super_user
from accounts.selectors.requests import find_request
from accounts.services.requests import approve_request, is_for_provider_alone, refuse_request
from accounts.views.actions import previous_page, run_action, submit
from portals.forms.requests import ApproveForm
from portals.models import RequestedGrant
from portals.selectors.answering import outcomes_of, without_empty
from portals.selectors.grantees import grantee_key
from portals.selectors.manifest import Manifest, manifest_of
from portals.selectors.requests import (
    PortalLink,
    requested_privileges_in,
    requested_privileges_of,
    safe_return_url,
)
from portals.services.requests import Approval


def _visible_request(request: PersonRequest, slug: str, key: UUID) -> AccessRequest:
    """Return a request that this person made, or of a customer they manage; else 404."""
    access_request = find_request(request.user, slug, key)
    if access_request is None:
        raise Http404
    timezone.activate(access_request.customer.zone)
    return access_request


def _managed_request(request: PersonRequest, slug: str, key: UUID) -> AccessRequest:
    """Return a request of a customer this person manages; 403 for the person who only made it."""
    access_request = _visible_request(request, slug, key)
    if not is_super_user(request.user, access_request.customer):
        raise PermissionDenied
    return access_request


@require_safe
def request(request: PersonRequest, customer: str, access_request: UUID) -> HttpResponse:
    """Show a request and its state, and to a Super User the forms that answer it."""
    return _page(request, _visible_request(request, customer, access_request))


def _page(
    request: PersonRequest,
    access_request: AccessRequest,
    approve: ApproveForm | None = None,
    refuse: RefuseForm | None = None,
) -> HttpResponse:
    rows = requested_privileges_of([access_request])
    manifest = manifest_of(row.privilege.portal_id for row in rows)
    company = access_request.customer
    manages = is_super_user(request.user, company)
    is_own = access_request.membership.user_id == request.user.pk
    context: dict[str, Any] = {
        "customer": company,
        "access_request": access_request,
        "rows": _with_ticks(
            rows, manifest, request.POST.getlist("privileges") if approve else None
        ),
        "manages": manages,
        "is_own": is_own,
        "new_value": next(iter(access_request.new_values), ""),
        "give_url": _give_url(access_request, rows) if manages else "",
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
        if outcome := outcomes_of(company, rows, manifest).get(access_request.pk):
            context["outcome"] = without_empty(outcome, access_request.membership)
    return render(request, "portals/request.html", context)


def _give_url(access_request: AccessRequest, rows: list[RequestedGrant]) -> str:
    """Return the address of the form that gives access, filled in with what is asked."""
    query = [("to", grantee_key(access_request.membership))]
    for row in rows:
        query.append(("resource", f"resource:{row.resource_id}"))
        query.append(("privilege", str(row.privilege_id)))
    url = reverse("portals:give-access", args=[access_request.customer.slug])
    return f"{url}?{urlencode(query)}"


def _with_ticks(
    rows: list[RequestedGrant], manifest: Manifest, sent: list[str] | None
) -> list[dict[str, Any]]:
    """Return the requested grants with a tick each, all ticked unless a form was sent."""
    return [
        {
            "row": row,
            "sensitive": manifest.is_sensitive(row.privilege_id),
            "ticked": sent is None or str(row.pk) in sent,
        }
        for row in rows
    ]


@require_POST
def request_approve(request: PersonRequest, customer: str, access_request: UUID) -> HttpResponse:
    """Approve a request; of requested grants, all or some, with an end date."""
    pending = _managed_request(request, customer, access_request)
    form = ApproveForm(request.POST, rows=requested_privileges_in(pending))
    if submit(
        form,
        lambda: approve_request(
            actor=request.user,
            access_request=pending,
            answer=form.cleaned_data["answer"],
            how=form.approval(signed_in_at(request)),
        ),
    ):
        message = _("The request is approved. We told %(person)s by email.")
        messages.success(request, message % {"person": pending.membership})
        return redirect("accounts:requests", customer)
    return _page(request, _visible_request(request, customer, access_request), approve=form)


@require_POST
def request_approve_as_asked(
    request: PersonRequest, customer: str, access_request: UUID
) -> HttpResponse:
    """Approve a request as it is, all its grants with the end date that it asks for."""
    pending = _managed_request(request, customer, access_request)
    rows = list(requested_privileges_in(pending))
    manifest = manifest_of(row.privilege.portal_id for row in rows)
    outcome = outcomes_of(pending.customer, rows, manifest).get(pending.pk)
    opened = [str(closed.portal) for closed in outcome.closed] if outcome else []
    if opened:
        message = _("%(person)s can %(phrase)s, and sign in to %(portals)s.")
    elif rows:
        message = _("%(person)s can %(phrase)s.")
    else:
        message = _("The request is approved. We told %(person)s by email.")
    run_action(
        request,
        lambda: approve_request(
            actor=request.user,
            access_request=pending,
            how=Approval(let_in=True, signed_in_at=signed_in_at(request)),
        ),
        message
        % {
            "person": pending.membership,
            "phrase": pending.phrase,
            "portals": get_text_list(opened, _("and")),
        },
    )
    return redirect(previous_page(request, reverse("accounts:requests", args=[customer])))


@require_POST
def request_refuse(request: PersonRequest, customer: str, access_request: UUID) -> HttpResponse:
    """Refuse a request, with a reason."""
    pending = _managed_request(request, customer, access_request)
    form = RefuseForm(request.POST)
    if submit(
        form,
        lambda: refuse_request(
            actor=request.user, access_request=pending, reason=form.cleaned_data["reason"]
        ),
    ):
        message = _("The request is refused. We sent %(person)s your reason by email.")
        messages.success(request, message % {"person": pending.membership})
        return redirect("accounts:requests", customer)
    return _page(request, _visible_request(request, customer, access_request), refuse=form)
