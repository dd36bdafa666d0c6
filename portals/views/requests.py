"""Asking one's Super User: for access, for a change of one's account, for anything else."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import ASKED_OF_SUPER_USERS, CustomerStatus, RequestKind
from accounts.forms import ASK_FORMS, AskForm
from accounts.http import PersonRequest
from accounts.models import AccessRequest, Customer, Membership
from accounts.selectors import membership_of, super_users_of
from accounts.services.requests import belongs_elsewhere, open_request
from accounts.views.access import run_action
from portals.choices import OPEN_PRIVILEGE
from portals.forms.requests import AccessForm, value_of
from portals.models import Resource
from portals.selectors.privileges import sensitive_among
from portals.selectors.requests import (
    PortalLink,
    RequestableAccess,
    memberships_to_ask_in,
    open_requested_grants,
    requestable_access_of,
    resource_from_link,
    safe_return_url,
)
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
    prefilled = _prefilled(request, membership) if kind == RequestKind.ACCESS else None
    form: AskForm = (
        AccessForm(posted, askable=prefilled.askable, initial={"expires_at": prefilled.until})
        if prefilled
        else ASK_FORMS[kind](posted)
    )
    if form.is_valid():
        try:
            access_request = _ask(request, membership, kind, form, prefilled)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Your request is on its way. You can follow it here."))
            path = reverse("portals:request", args=[customer, access_request.uuid])
            return redirect(f"{path}?{prefilled.query}" if prefilled and prefilled.query else path)
    readers = super_users_of(membership.customer).exclude(pk=membership.pk)[:3]
    for_provider = kind == RequestKind.ADDRESS and belongs_elsewhere(membership)
    if for_provider:
        form.fields["text"].help_text = _("One or two sentences. The provider reads them.")
    context = {
        "customer": membership.customer,
        "membership": membership,
        "kind": kind,
        "kinds": [(one.value, one.label) for one in ASKED_OF_SUPER_USERS],
        "form": form,
        "prefilled": prefilled,
        "offers": _offers(
            prefilled.askable, posted.getlist("rights") if posted else prefilled.ticked
        )
        if prefilled
        else [],
        "readers": readers,
        "for_provider": for_provider,
    }
    return render(request, "portals/request_new.html", context)


@dataclass
class PrefilledRequest:
    """What an access page offers, and what the link that led there spoke of."""

    askable: list[RequestableAccess]
    named: Resource | None = None
    is_unknown: bool = False  # the link spoke of something this company does not have
    is_held: bool = False  # or of a right this person has
    ticked: list[str] = field(default_factory=list)
    until: datetime | None = None
    query: str = ""  # the link's own words, to come back to this page with
    back: str = ""


def _prefilled(request: PersonRequest, membership: Membership) -> PrefilledRequest:
    named = PortalLink.from_query(request.GET.dict())
    if named is None:
        return PrefilledRequest(requestable_access_of(membership))
    resource = resource_from_link(membership.customer, named)
    askable = requestable_access_of(membership, resource)
    prefilled = PrefilledRequest(
        askable, resource, is_unknown=resource is None, query=link_query(request)
    )
    prefilled.back = safe_return_url(named, request.GET.get("return", ""))
    waiting = {(row.resource_id, row.privilege_id) for row in open_requested_grants(membership)}
    for one in askable:
        for right in one.privileges:
            is_portal_access = one.is_portal and right.code == OPEN_PRIVILEGE
            in_portal = resource is not None and right.portal.slug == named.portal
            if one.resource == resource and right.codename == named.codename:
                prefilled.until = one.renewal_ends.get(right.pk)
                prefilled.ticked.append(value_of(one.resource, right))
            elif is_portal_access and in_portal and (one.resource.pk, right.pk) not in waiting:
                # Nothing in a portal is of use behind a closed door.
                prefilled.ticked.append(value_of(one.resource, right))
    prefilled.is_held = resource is not None and not prefilled.ticked
    return prefilled


def link_query(request: PersonRequest) -> str:
    """What an address says of a portal's thing, for the next address."""
    names = ("portal", "type", "resource", "privilege", "return")
    return urlencode({name: request.GET[name] for name in names if request.GET.get(name)})


def _ask(
    request: PersonRequest,
    membership: Membership,
    kind: str,
    form: AskForm,
    prefilled: PrefilledRequest | None,
) -> AccessRequest:
    if prefilled is not None:
        return request_access(
            actor=request.user,
            customer=membership.customer,
            linked_resource=prefilled.named,
            **form.cleaned_data,
        )
    return open_request(
        actor=request.user,
        customer=membership.customer,
        kind=kind,
        text=form.cleaned_data["text"],
        wanted=form.wanted(),
    )


def _offers(askable: list[RequestableAccess], ticked: list[str]) -> list[dict[str, Any]]:
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


@require_safe
def ask(request: PersonRequest) -> HttpResponse:
    """Where a portal sends whom it refused: on to the request, in the company it is about.

    Whoever belongs to several that it could be about chooses. What others have stays unseen.
    """
    named = PortalLink.from_query(request.GET.dict())
    places = memberships_to_ask_in(request.user, named) if named else []
    query = link_query(request)
    if len(places) == 1:
        path = reverse("portals:request-new", args=[places[0].customer.slug])
        return redirect(f"{path}?{query}")
    context = {
        "places": places,
        "query": query,
        "back": safe_return_url(named, request.GET.get("return", "")) if places else "",
    }
    return render(request, "portals/ask.html", context, status=200 if places else 404)


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
    run_action(
        request,
        lambda: request_access(
            actor=request.user, customer=membership.customer, rights=[(root, right)]
        ),
        _("Your Super User has been asked to open %(portal)s to you.")
        % {"portal": right.portal.label},
    )
    return redirect("accounts:requests", customer)
