"""The resources of a customer in every portal, and everyone's access to one of them."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.choices import CustomerStatus
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.views.access import managed_customer
from portals.selectors.access_rows import access_to
from portals.selectors.resources import (
    removed_resources_of,
    resource_page,
    resource_with_those_above,
    resources_of,
    subscriptions_of,
)
from portals.selectors.targets import Target
from portals.views.rows import SOME_KEY, add_addresses, addresses, marked_in

MAX_CHILDREN = 50  # shown on the page of their parent
MAX_REMOVED = 50  # removed ones shown below the list; the activity log has all


@require_safe
def resource_list(request: PersonRequest, customer: str) -> HttpResponse:
    """List the customer's resources portal by portal, with a search."""
    company = managed_customer(request, customer)
    subscriptions = {
        subscription.portal.slug: subscription for subscription in subscriptions_of(company)
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
    address = addresses("portals:resource", company, SOME_KEY)
    context = {
        "customer": company,
        "removed": removed_resources_of(shown)[:MAX_REMOVED],
        "subscriptions": list(subscriptions.values()),
        "chosen": chosen,
        "form": form,
        "search": form.text,
        "page": page,
        "rows": [(row, address(row.pk)) for row in page],
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
        "children": resources_of(company).filter(parent=resource)[:MAX_CHILDREN],
        "title": str(Target(resource, resource.resource_type)),
        "q": search,
        "access": access,
        "page": access.page,
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/resource.html", context)
