"""Asking the provider to add a portal, or to end one."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.choices import CustomerStatus, RequestKind
from accounts.http import PersonRequest
from accounts.views.access import managed_customer
from portals.forms.requests import AddServiceForm, EndServiceForm
from portals.selectors.requests import open_service_requests
from portals.selectors.resources import services_of, subscription_totals
from portals.services.service_requests import request_service


@require_safe
def service_list(request: PersonRequest, customer: str) -> HttpResponse:
    """Every portal of the provider: which the company uses, which it could ask for."""
    company = managed_customer(request, customer)
    access_request = open_service_requests(company)
    context = {
        "customer": company,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "services": [
            (portal, use, access_request.get(portal.slug)) for portal, use in services_of(company)
        ],
    }
    return render(request, "portals/service_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def service_ask(request: PersonRequest, customer: str, portal: str) -> HttpResponse:
    """Ask for one portal: to add it, or to end it with everything below; said with numbers."""
    company = managed_customer(request, customer)
    if company.status != CustomerStatus.ACTIVE:
        raise PermissionDenied
    known = {one.slug: (one, subscription) for one, subscription in services_of(company)}
    if portal not in known:
        raise Http404
    found, subscription = known[portal]
    # What the page showed decides, not what has become of it since: the service looks again.
    kinds = {"add": RequestKind.ADD_SERVICE, "end": RequestKind.END_SERVICE}
    kind = kinds.get(request.GET.get("kind", "end" if subscription else "add"))
    if kind is None:
        raise Http404
    form_class = EndServiceForm if kind == RequestKind.END_SERVICE else AddServiceForm
    form = form_class(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            access_request = request_service(
                actor=request.user, customer=company, portal=found, kind=kind, **form.cleaned_data
            )
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Your request is on its way. You can follow it here."))
            return redirect("portals:request", customer, access_request.uuid)
    context = {
        "customer": company,
        "portal": found,
        "kind": kind,
        "form": form,
        "loss": subscription_totals(subscription)
        if subscription and kind == kinds["end"]
        else None,
    }
    return render(request, "portals/service_ask.html", context)
