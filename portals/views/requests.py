"""Making a request to a Super User: for access, for an account change, for anything else."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import ASKED_OF_SUPER_USERS, CustomerStatus, RequestKind
from accounts.forms import ASK_FORMS, AskForm
from accounts.http import PersonRequest
from accounts.models import AccessRequest, Membership
from accounts.selectors import first_super_users_of
from accounts.services.requests import belongs_elsewhere, open_request
from accounts.views.access import own_membership
from accounts.views.actions import run_action, submit
from portals.choices import OPEN_PRIVILEGE
from portals.forms.requests import AccessForm, privilege_value
from portals.models import Resource
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
    """Return the reader's membership of this customer; else 404, and 403 while it is not active."""
    membership = own_membership(request, slug)
    if membership.customer.status != CustomerStatus.ACTIVE:
        raise PermissionDenied
    return membership


@require_http_methods(["GET", "HEAD", "POST"])
def request_new(request: PersonRequest, customer: str) -> HttpResponse:
    """Make a request. The query string names its kind, so that it works without JavaScript."""
    membership = _member(request, customer)
    kind = request.GET.get("kind", RequestKind.ACCESS)
    if kind not in ASKED_OF_SUPER_USERS:
        raise Http404
    data = request.POST if request.method == "POST" else None
    prefilled = _prefilled(request, membership) if kind == RequestKind.ACCESS else None
    form: AskForm = (
        AccessForm(data, askable=prefilled.askable, initial={"expires_at": prefilled.until})
        if prefilled
        else ASK_FORMS[kind](data)
    )
    success = submit(form, lambda: _make_request(request, membership, kind, form, prefilled))
    if success:
        messages.success(request, _("We sent your request. You can follow it on this page."))
        path = reverse("portals:request", args=[customer, success.result.uuid])
        return redirect(f"{path}?{prefilled.query}" if prefilled and prefilled.query else path)
    readers = first_super_users_of(membership.customer, but=request.user)
    for_provider = kind == RequestKind.ADDRESS and belongs_elsewhere(membership)
    if for_provider:
        form.fields["text"].help_text = _("One or two sentences for the provider.")
    context = {
        "customer": membership.customer,
        "membership": membership,
        "kind": kind,
        "kinds": [(choice.value, choice.label) for choice in ASKED_OF_SUPER_USERS],
        "form": form,
        "prefilled": prefilled,
        "offers": _offers(prefilled, data.getlist("privileges") if data else prefilled.ticked)
        if prefilled
        else [],
        "readers": readers,
        "for_provider": for_provider,
    }
    return render(request, "portals/request_new.html", context)


@dataclass
class PrefilledRequest:
    """The offers of an access request, and what a portal's link filled in."""

    askable: list[RequestableAccess]
    named: Resource | None = None
    is_unknown: bool = False  # the link names a resource that this company does not have
    is_held: bool = False  # nothing is left to ask for of what the link names
    ticked: list[str] = field(default_factory=list)
    until: datetime | None = None
    query: str = ""  # the link's parameters, to return to this page with
    back: str = ""
    waiting: set[tuple[int, int]] = field(default_factory=set)  # resource and privilege asked for


def _prefilled(request: PersonRequest, membership: Membership) -> PrefilledRequest:
    named = PortalLink.from_query(request.GET.dict())
    waiting = {(row.resource_id, row.privilege_id) for row in open_requested_grants(membership)}
    if named is None:
        return PrefilledRequest(requestable_access_of(membership), waiting=waiting)
    resource = resource_from_link(membership.customer, named)
    askable = requestable_access_of(membership, resource)
    prefilled = PrefilledRequest(
        askable,
        resource,
        is_unknown=resource is None,
        query=portal_link_query(request),
        waiting=waiting,
    )
    prefilled.back = safe_return_url(named, request.GET.get("return", ""))
    for offer in askable:
        left = [
            privilege
            for privilege in offer.privileges
            if (offer.resource.pk, privilege.pk) not in waiting
        ]
        # A link that names no privilege leaves the choice; a single one needs none.
        is_only_one = not named.codename and len(left) == 1
        for privilege in offer.privileges:
            is_portal_access = offer.is_portal and privilege.code == OPEN_PRIVILEGE
            in_portal = resource is not None and privilege.portal.slug == named.portal
            is_requested = privilege not in left
            is_named = privilege.codename == named.codename or (is_only_one and not is_requested)
            if offer.resource == resource and is_named:
                prefilled.until = offer.renewal_ends.get(privilege.pk)
                prefilled.ticked.append(privilege_value(offer.resource, privilege))
            elif is_portal_access and in_portal and not is_requested:
                # Access inside a portal is of no use to somebody who cannot open the portal.
                prefilled.ticked.append(privilege_value(offer.resource, privilege))
    askable.sort(key=lambda offer: offer.resource != resource)  # the named one first
    is_offered = any(offer.resource == resource for offer in askable)
    has_choice = is_offered and not named.codename
    prefilled.is_held = resource is not None and not prefilled.ticked and not has_choice
    return prefilled


def portal_link_query(request: PersonRequest) -> str:
    """Return the parameters of a portal's link, as the query string of the next URL."""
    names = ("portal", "type", "resource", "privilege", "return")
    return urlencode({name: request.GET[name] for name in names if request.GET.get(name)})


def _make_request(
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
        wanted=form.new_values(),
    )


def _offers(prefilled: PrefilledRequest, ticked: list[str]) -> list[dict[str, Any]]:
    """Return the resources of the page, each with the privileges that can be requested."""
    askable = prefilled.askable
    offers = []
    for offer in askable:
        privileges = [
            {
                "privilege": privilege,
                "value": privilege_value(offer.resource, privilege),
                "ticked": privilege_value(offer.resource, privilege) in ticked,
                "sensitive": privilege.pk in offer.sensitive,
                "is_waiting": (offer.resource.pk, privilege.pk) in prefilled.waiting,
            }
            for privilege in offer.privileges
        ]
        offers.append(
            {
                "resource": offer.resource,
                "is_portal": offer.is_portal,
                "portal": offer.privileges[0].portal,
                "is_open": offer.resource == prefilled.named
                or any(privilege["ticked"] for privilege in privileges),
                "privileges": privileges,
            }
        )
    return offers


@require_safe
def ask(request: PersonRequest) -> HttpResponse:
    """Lead a person whom a portal refused to the request form of the company concerned.

    Who belongs to several such companies chooses. The page reveals nothing about other companies.
    """
    named = PortalLink.from_query(request.GET.dict())
    places = memberships_to_ask_in(request.user, named) if named else []
    query = portal_link_query(request)
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
    """Request access to a portal, from its tile on the home page."""
    membership = _member(request, customer)
    root = get_object_or_404(
        active_roots(),
        subscription__customer=membership.customer,
        subscription__portal__slug=portal,
    )
    privilege = open_privilege_on(root)
    run_action(
        request,
        lambda: request_access(
            actor=request.user, customer=membership.customer, privileges=[(root, privilege)]
        ),
        _("We asked your Super User to give you access to %(portal)s.")
        % {"portal": privilege.portal.label},
    )
    return redirect("accounts:requests", customer)
