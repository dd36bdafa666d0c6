"""One person over all portals; inviting one."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Customer, Invitation, Membership
from accounts.selectors import is_super_user, teams_with, teams_without
from accounts.services.invitations import invite_person
from accounts.views.rings import managed_customer, managed_membership
from portals.forms.grants import GrantForm, InviteForm, parse_rights
from portals.models import PersonGrant, Resource
from portals.selectors.privileges import privileges_grantable_on, sensitive_among
from portals.selectors.resources import by_type, resource_by_key, resources_of
from portals.services.offers import offer_privileges
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


@require_http_methods(["GET", "POST"])
def invite(request: PersonRequest, customer: str) -> HttpResponse:
    """Invite one person, with a role and the first rights inside the invitation.

    The button “Add” only adds a thing to the page; the rights are ticked there.
    """
    company = managed_customer(request, customer)
    posted = request.POST if request.method == "POST" else None
    adding = posted is not None and "add" in posted
    resources = _chosen_resources(company, posted.getlist("resource") if posted else [])
    ticked = posted.getlist("rights") if posted else []
    form = InviteForm(posted if posted is not None and not adding else None)
    if adding and posted is not None:
        form = InviteForm(initial=posted.dict())
        added = resource_by_key(company, posted.get("new_resource"))
        if added is not None:
            resources[added.pk] = added
    elif posted is not None and form.is_valid():
        try:
            invitation = _send(request, company, form, parse_rights(ticked, resources))
        except ValidationError as error:
            form.refuse(error)
        else:
            messages.success(
                request, _("%(address)s is invited.") % {"address": invitation.address}
            )
            return redirect("portals:people", customer)
    context = {
        "customer": company,
        "form": form,
        "grouped_choices": by_type(resources_of(company)[: holders.CHOICES]),
        "offers": [_offer(resource, ticked) for resource in resources.values()],
    }
    fragment = "#rights" if request.htmx and adding else ""
    return render(request, f"portals/invite.html{fragment}", context)


def _send(
    request: PersonRequest, company: Customer, form: InviteForm, rights: list[Any]
) -> Invitation:
    def offer(invitation: Invitation) -> None:
        offer_privileges(
            actor=request.user,
            invitation=invitation,
            rights=rights,
            terms=form.terms(),
            signed_in_at=signed_in_at(request),
        )

    return invite_person(
        actor=request.user,
        customer=company,
        address=form.cleaned_data["address"],
        name=form.cleaned_data["name"],
        role=form.cleaned_data["role"],
        offer=offer,
    )


def _chosen_resources(customer: Customer, values: list[str]) -> dict[int, Resource]:
    keys = [int(value) for value in values[:50] if value.isdecimal() and len(value) < 19]
    return {resource.pk: resource for resource in resources_of(customer).filter(pk__in=keys)}


def _offer(resource: Resource, ticked: list[str]) -> dict[str, Any]:
    """One thing on the invite page, with its tickable rights."""
    privileges = list(privileges_grantable_on(resource))
    sensitive = sensitive_among(privileges)
    return {
        "resource": resource,
        "rights": [
            {
                "privilege": privilege,
                "value": f"{resource.pk}:{privilege.pk}",
                "ticked": f"{resource.pk}:{privilege.pk}" in ticked,
                "sensitive": privilege.pk in sensitive,
                "below": privilege.resource_type_id != resource.resource_type_id,
            }
            for privilege in privileges
        ],
    }
