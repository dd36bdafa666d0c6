"""Requests to Super Users: the list, withdrawing one, passing one to the provider."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.models import AccessRequest
from accounts.selectors import (
    answering_of,
    first_super_users_of,
    settled_page,
    waiting_page,
)
from accounts.services.requests import pass_on_request, withdraw_request
from accounts.views.access import own_membership
from accounts.views.actions import run_action
from accounts.views.request_lines import request_lines


@require_safe
def requests(request: PersonRequest, customer: str) -> HttpResponse:
    """List open and answered requests: everyone's for a Super User, for others their own."""
    membership = own_membership(request, customer)
    company = membership.customer
    form = SearchForm(request.GET)
    search = form.text
    context: dict[str, Any] = {
        "customer": company,
        "form": form,
        "search": search,
        "manages": membership.is_super_user,
        "for_staff": False,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "waiting": waiting_page(membership, search=search, after=request.GET.get("after", "")),
        "settled": settled_page(membership, search=search, after=request.GET.get("settled", "")),
    }
    waiting, settled = context["waiting"].rows, context["settled"].rows
    for found in [*waiting, *settled]:
        found.customer = company
    answering = answering_of(company, waiting) if membership.is_super_user else None
    context |= {
        "answering": answering,
        "waiting_lines": request_lines(waiting, reader=request.user, answering=answering),
        "settled_lines": request_lines(settled, reader=request.user),
    }
    context["super_users"] = first_super_users_of(company, but=request.user)
    fragment = "#requests" if request.htmx else ""
    return render(request, f"accounts/requests.html{fragment}", context)


def _visible_request(request: PersonRequest, customer: str, key: UUID) -> AccessRequest:
    """Return a request that this person made, or of a customer they manage; else 404."""
    return get_object_or_404(
        AccessRequest.objects.visible_to(request.user).select_related("customer"),
        customer__slug=customer,
        uuid=key,
    )


@require_POST
def request_pass(request: PersonRequest, customer: str, access_request: UUID) -> HttpResponse:
    """Pass a request to the provider, who may then answer it too."""
    visible = _visible_request(request, customer, access_request)
    run_action(
        request,
        lambda: pass_on_request(actor=request.user, access_request=visible),
        _("The request is now with %(provider)s. We told everyone concerned by email.")
        % {"provider": settings.HUB_BRAND_NAME},
    )
    return redirect("portals:request", customer, access_request)


@require_POST
def request_withdraw(request: PersonRequest, customer: str, access_request: UUID) -> HttpResponse:
    """Withdraw a request of one's own."""
    visible = _visible_request(request, customer, access_request)
    run_action(
        request,
        lambda: withdraw_request(actor=request.user, access_request=visible),
        _("Your request is withdrawn."),
    )
    return redirect("accounts:requests", customer)
