"""Inviting people."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.adapters import signed_in_at
from accounts.http import PersonRequest
from accounts.models import Customer, Invitation
from accounts.services.invitations import invite_person
from accounts.views.rings import managed_customer
from portals.forms.grants import InviteForm, parse_rights
from portals.models import Resource
from portals.selectors.privileges import privileges_grantable_on, sensitive_among
from portals.selectors.resources import by_type, resource_by_key, resources_of
from portals.services.offers import offer_privileges
from portals.views import holders


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
