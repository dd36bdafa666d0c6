"""Asking one's Super User: for access, for a change of one's account, for anything else."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.choices import ASKED_OF_SUPER_USERS, CustomerStatus, RequestKind
from accounts.forms import ASK_FORMS, AskForm
from accounts.http import PersonRequest
from accounts.models import Customer, Membership, Request
from accounts.selectors import membership_of, super_users_of
from accounts.services.requests import open_request
from accounts.views.rings import press
from portals.forms.requests import AccessForm, value_of
from portals.selectors.privileges import sensitive_among
from portals.selectors.requests import Askable, askable_by
from portals.selectors.roots import active_roots, open_privilege_on
from portals.services.requests import request_access


def _member(request: PersonRequest, slug: str) -> Membership:
    """The reader's place in this customer; else 404, and 403 while nothing can be asked."""
    company = get_object_or_404(Customer.objects.visible_to(request.user), slug=slug)
    membership = membership_of(request.user, company)
    if membership is None:
        raise Http404
    if company.status != CustomerStatus.ACTIVE:
        raise PermissionDenied
    return membership


@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request: PersonRequest, customer: str) -> HttpResponse:
    """One kind at a time: the address says which, so that it works without JavaScript."""
    membership = _member(request, customer)
    kind = request.GET.get("kind", RequestKind.ACCESS)
    if kind not in ASKED_OF_SUPER_USERS:
        raise Http404
    posted = request.POST if request.method == "POST" else None
    askable = askable_by(membership) if kind == RequestKind.ACCESS else []
    form: AskForm = (
        AccessForm(posted, askable=askable)
        if kind == RequestKind.ACCESS
        else ASK_FORMS[kind](posted)
    )
    if form.is_valid():
        try:
            asked = _ask(request, membership, kind, form)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Your request is on its way. You can follow it here."))
            return redirect("portals:request", customer, asked.uuid)
    context = {
        "customer": membership.customer,
        "membership": membership,
        "kind": kind,
        "kinds": [(one.value, one.label) for one in ASKED_OF_SUPER_USERS],
        "form": form,
        "offers": _offers(askable, posted.getlist("rights") if posted else []),
        "readers": super_users_of(membership.customer).exclude(pk=membership.pk)[:3],
    }
    return render(request, "portals/request_new.html", context)


def _ask(request: PersonRequest, membership: Membership, kind: str, form: AskForm) -> Request:
    if kind == RequestKind.ACCESS:
        return request_access(actor=request.user, customer=membership.customer, **form.cleaned_data)
    return open_request(
        actor=request.user,
        customer=membership.customer,
        kind=kind,
        text=form.cleaned_data["text"],
        wanted=form.wanted(),
    )


def _offers(askable: list[Askable], ticked: list[str]) -> list[dict[str, Any]]:
    """The things on the page, each with the rights one could ask for."""
    sensitive = sensitive_among([right for one in askable for right in one.privileges])
    return [
        {
            "resource": one.resource,
            "is_portal": one.is_portal,
            "portal": one.privileges[0].portal,
            "is_open": any(value_of(one.resource, right) in ticked for right in one.privileges),
            "rights": [
                {
                    "privilege": right,
                    "value": value_of(one.resource, right),
                    "ticked": value_of(one.resource, right) in ticked,
                    "sensitive": right.pk in sensitive,
                }
                for right in one.privileges
            ],
        }
        for one in askable
    ]


@require_POST
def request_portal(request: PersonRequest, customer: str, portal: str) -> HttpResponse:
    """Ask for a portal that is closed to oneself, straight from its tile."""
    membership = _member(request, customer)
    root = get_object_or_404(
        active_roots(),
        subscription__customer=membership.customer,
        subscription__portal__slug=portal,
    )
    right = open_privilege_on(root)
    press(
        request,
        lambda: request_access(
            actor=request.user, customer=membership.customer, rights=[(root, right)]
        ),
        _("Your Super User has been asked to open %(portal)s to you.")
        % {"portal": right.portal.label},
    )
    return redirect("accounts:requests", customer)
