"""One person over all portals: what they may do, and where each right comes from."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Customer, Membership
from accounts.selectors import is_super_user, teams_with, teams_without
from accounts.views.rings import managed_membership
from portals.forms.grants import GrantForm
from portals.models import PersonGrant, Resource
from portals.selectors.resources import resource_by_key
from portals.views import holders

TEAMS = 200  # teams a plain select still serves


@require_safe
def person(request: PersonRequest, customer: str, person: str) -> HttpResponse:
    """Everything a person may do, in every portal, and where each right comes from.

    A Super User sees everyone of the company; everyone sees themselves.
    """
    company = get_object_or_404(Customer.objects.visible_to(request.user), slug=customer)
    manages = is_super_user(request.user, company)
    if not manages and str(person) != str(request.user.sub):
        raise PermissionDenied  # before looking: nobody learns here who is a colleague
    membership = get_object_or_404(
        Membership.objects.present().select_related("user", "customer"),
        customer=company,
        user__sub=person,
    )
    resource = resource_by_key(company, request.GET.get("resource")) if manages else None
    form = GrantForm(resource=resource) if resource else None
    return _render_person(request, company, membership, manages, resource, form)


def _render_person(
    request: PersonRequest,
    company: Customer,
    membership: Membership,
    manages: bool,
    resource: Resource | None,
    form: GrantForm | None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "customer": company,
        "membership": membership,
        "holder": membership,
        "person": membership.user,
        "manages": manages,
    }
    if manages:
        context |= holders.grant_form(request, company, membership, resource, form)
        if request.htmx and request.method == "GET":
            return render(request, "portals/_give_right.html", context)
        context["other_teams"] = teams_without(membership)[:TEAMS]
    context |= {
        "is_main": company.main_super_user_id == membership.pk,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "teams": teams_with(membership),
        "sections": holders.rights_by_portal(membership, company, request.GET.get("all")),
    }
    return render(request, "portals/person.html", context)


@require_POST
def grant_give(request: PersonRequest, customer: str, person: str) -> HttpResponse:
    """Give one privilege on one resource."""
    membership = managed_membership(request, customer, person)
    company = membership.customer
    resource = resource_by_key(company, request.POST.get("resource"))
    if resource is None:
        messages.error(request, _("Choose what the right is about."))
        return redirect("portals:person", customer, person)
    form = GrantForm(request.POST, resource=resource)
    if holders.give(request, membership, resource, form):
        return redirect("portals:person", customer, person)
    return _render_person(request, company, membership, True, resource, form)


@require_POST
def grant_revoke(request: PersonRequest, customer: str, person: str, grant: int) -> HttpResponse:
    """Take one grant away."""
    membership = managed_membership(request, customer, person)
    found = get_object_or_404(
        PersonGrant.objects.select_related("content_object__subscription__customer"),
        pk=grant,
        user=membership.user,
        content_object__subscription__customer=membership.customer,
    )
    holders.take(request, membership, found)
    return redirect("portals:person", customer, person)
