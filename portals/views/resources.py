"""What a customer has in every portal, and who may do what to one thing."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.selectors import page_of, people_of
from accounts.views.rings import managed_customer
from portals.models import Resource
from portals.selectors.resources import (
    resources_of,
    subscriptions_of,
)
from portals.selectors.rights import holders_on

BELOW = 50  # things shown below one
PEOPLE = 500  # people a plain select still serves


@require_safe
def resource_list(request: PersonRequest, customer: str) -> HttpResponse:
    """Everything the customer has, portal by portal, searched by the beginning of a name."""
    company = managed_customer(request, customer)
    subscriptions = list(subscriptions_of(company))
    wanted = request.GET.get("portal")
    chosen = next((one for one in subscriptions if one.portal.slug == wanted), None)
    form = SearchForm(request.GET)
    search = form.cleaned_data["q"] if form.is_valid() else ""
    found = resources_of(company, search=search) if form.is_valid() else Resource.objects.none()
    if chosen is not None:
        found = found.filter(subscription=chosen)
    context = {
        "customer": company,
        "subscriptions": subscriptions,
        "chosen": chosen,
        "form": form,
        "search": search,
        "page": page_of(
            found,
            among=resources_of(company),
            order=("resource_type_id", "name", "pk"),
            after=request.GET.get("after", ""),
        ),
    }
    fragment = "#resources" if request.htmx else ""
    return render(request, f"portals/resource_list.html{fragment}", context)


def _uuids(text: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(text)]
    except ValueError:
        return []


@require_safe
def resource(request: PersonRequest, customer: str, resource: int) -> HttpResponse:
    """One thing: who may do what to it, through what, since when and until when."""
    company = managed_customer(request, customer)
    thing = get_object_or_404(resources_of(company), pk=resource)
    people = people_of(company)
    if chosen := request.GET.get("person", ""):
        person = people.filter(user__sub__in=_uuids(chosen)).first()
        if person is not None:
            path = reverse("portals:person", args=[customer, person.user.sub])
            return redirect(f"{path}?resource={thing.pk}")
    context = {
        "customer": company,
        "resource": thing,
        "above": resources_of(company).filter(descendants__resource=thing).exclude(pk=thing.pk),
        "below": resources_of(company).filter(parent=thing)[:BELOW],
        "holders": holders_on(thing),
        "people": people[:PEOPLE],
    }
    return render(request, "portals/resource.html", context)
