"""The resources of a customer in every portal, and everyone's access to one of them."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.addresses import address_of
from accounts.choices import CustomerStatus
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.views.access import managed_customer
from portals.selectors.access_rows import access_to
from portals.selectors.resources import (
    current_subscriptions,
    first_resources_in,
    removed_resources_of,
    resource_page,
    resource_with_those_above,
)
from portals.selectors.targets import Target
from portals.views.rows import add_addresses, marked_in


@require_safe
def resource_list(request: PersonRequest, customer: str) -> HttpResponse:
    """List the customer's resources portal by portal, with a search."""
    company = managed_customer(request, customer)
    subscriptions = {
        subscription.portal.slug: subscription for subscription in current_subscriptions(company)
    }
    chosen = subscriptions.get(request.GET.get("portal", ""))
    shown = [chosen] if chosen else list(subscriptions.values())
    form = SearchForm(request.GET)
    page = resource_page(
        company,
        shown if form.is_valid() else [],
        search=form.text,
        after=request.GET.get("after", ""),
    )
    context = {
        "customer": company,
        "removed": removed_resources_of(shown),
        "subscriptions": list(subscriptions.values()),
        "chosen": chosen,
        "form": form,
        "search": form.text,
        "page": page,
        "rows": [(row, address_of("portals:resource", company.slug, row.pk)) for row in page],
    }
    fragment = "#resources" if request.htmx else ""
    return render(request, f"portals/resource_list.html{fragment}", context)


@require_safe
def resource(request: PersonRequest, customer: str, pk: int) -> HttpResponse:
    """Show who can do what to a resource, through what and until when."""
    company = managed_customer(request, customer)
    resource, above = resource_with_those_above(company, request.user, pk)
    if resource is None:
        raise Http404
    search = SearchForm({"q": request.GET.get("q", "")}).text
    access = access_to(
        resource,
        above,
        search=search,
        after=request.GET.get("after", ""),
        marked=marked_in(request),
    )
    add_addresses(company, [*access.teams, *access.people])
    context = {
        "customer": company,
        "resource": resource,
        "ancestors": above,
        "children": first_resources_in(company, resource),
        "title": str(Target(resource, resource.resource_type)),
        "q": search,
        "access": access,
        "page": access.page,
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/resource.html", context)
