"""What a customer has in every portal, and who may do what to one thing."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.http import PersonRequest
from accounts.selectors import people_of
from accounts.views.rings import managed_customer
from portals.selectors.resources import (
    resource_by_key,
    resources_after,
    resources_of,
    subscriptions_of,
)
from portals.selectors.rights import holders_on

PAGE = 50
PEOPLE = 500  # people a plain select still serves


def resource_list(request: PersonRequest, customer: str) -> HttpResponse:
    """Everything the customer has, portal by portal, searched by the beginning of a name."""
    company = managed_customer(request, customer)
    subscriptions = list(subscriptions_of(company))
    search = request.GET.get("q", "").strip()[:100]
    chosen = next(
        (s for s in subscriptions if s.portal.slug == request.GET.get("portal")),
        None,
    )
    found = resources_of(company, search=search)
    if chosen is not None:
        found = found.filter(subscription=chosen)
    last = resource_by_key(company, request.GET.get("after"))
    if last is not None:
        found = resources_after(found, last)
    rows = list(found[: PAGE + 1])
    context = {
        "customer": company,
        "subscriptions": subscriptions,
        "chosen": chosen,
        "search": search,
        "rows": rows[:PAGE],
        "next": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "is_first_page": last is None,
    }
    fragment = "#resources" if request.htmx else ""
    return render(request, f"portals/resource_list.html{fragment}", context)


def _uuids(text: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(text)]
    except ValueError:
        return []


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
        "below": resources_of(company).filter(parent=thing)[: PAGE + 1],
        "holders": holders_on(thing),
        "people": people[:PEOPLE],
    }
    return render(request, "portals/resource.html", context)
