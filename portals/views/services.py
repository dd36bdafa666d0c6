"""Requests to the provider to add a portal, or to end one."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.choices import CustomerStatus, RequestKind
from accounts.http import PersonRequest
from accounts.views.access import managed_customer
from accounts.views.actions import submit
from portals.forms.requests import AddServiceForm, EndServiceForm
from portals.selectors.requests import open_service_requests
from portals.selectors.resources import services_of, subscription_totals
from portals.services.service_requests import request_service


@require_safe
def service_list(request: PersonRequest, customer: str) -> HttpResponse:
    """List the provider's portals: those the company uses and those it can request."""
    company = managed_customer(request, customer)
    open_requests = open_service_requests(company)
    context = {
        "customer": company,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "services": [
            (portal, subscription, open_requests.get(portal.slug))
            for portal, subscription in services_of(company)
        ],
    }
    return render(request, "portals/service_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def service_request(request: PersonRequest, customer: str, portal: str) -> HttpResponse:
    """Request one portal, or its end; the page counts what would be lost."""
    company = managed_customer(request, customer)
    if company.status != CustomerStatus.ACTIVE:
        raise PermissionDenied
    services = {service.slug: (service, use) for service, use in services_of(company)}
    if portal not in services:
        raise Http404
    service, subscription = services[portal]
    # The kind comes from the page that was shown; the service checks that it still applies.
    kinds = {"add": RequestKind.ADD_SERVICE, "end": RequestKind.END_SERVICE}
    kind = kinds.get(request.GET.get("kind", "end" if subscription else "add"))
    if kind is None:
        raise Http404
    form_class = EndServiceForm if kind == RequestKind.END_SERVICE else AddServiceForm
    form = form_class(request.POST if request.method == "POST" else None)
    success = submit(
        form,
        lambda: request_service(
            actor=request.user, customer=company, portal=service, kind=kind, **form.cleaned_data
        ),
    )
    if success:
        messages.success(request, _("We sent your request. You can follow it on this page."))
        return redirect("portals:request", customer, success.result.uuid)
    context = {
        "customer": company,
        "portal": service,
        "kind": kind,
        "form": form,
        "loss": subscription_totals(subscription)
        if subscription and kind == kinds["end"]
        else None,
    }
    return render(request, "portals/service_ask.html", context)
