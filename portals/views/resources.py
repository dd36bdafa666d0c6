"""The resources of a customer in every portal, and everyone's access to one of them."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.choices import CustomerStatus
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.selectors import page_of
from accounts.views.access import managed_customer
from portals.models import Resource
from portals.selectors.access_rows import access_to
from portals.selectors.resources import removed_resources_of, resources_of, subscriptions_of
from portals.selectors.targets import Target
from portals.views.rows import marked_in

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
    form = SearchForm(request.GET)
    search = form.text
    matches = resources_of(company, search=search) if form.is_valid() else Resource.objects.none()
    if chosen is not None:
        matches = matches.filter(subscription=chosen)
    removed = removed_resources_of(company)
    if chosen is not None:
        removed = removed.filter(subscription=chosen)
    context = {
        "customer": company,
        "removed": removed[:MAX_REMOVED],
        "subscriptions": list(subscriptions.values()),
        "chosen": chosen,
        "form": form,
        "search": search,
        "page": page_of(
            matches,
            among=resources_of(company),
            order=("resource_type_id", "name", "pk"),
            after=request.GET.get("after", ""),
        ),
    }
    fragment = "#resources" if request.htmx else ""
    return render(request, f"portals/resource_list.html{fragment}", context)


@require_safe
def resource(request: PersonRequest, customer: str, pk: int) -> HttpResponse:
    """Show who can do what to a resource, through what and until when."""
    company = managed_customer(request, customer)
    visible = resources_of(company).visible_to(request.user)
    resource = get_object_or_404(visible.select_related("owner__user"), pk=pk)
    search = SearchForm({"q": request.GET.get("q", "")}).text
    access = access_to(
        resource, search=search, after=request.GET.get("after", ""), marked=marked_in(request)
    )
    context = {
        "customer": company,
        "resource": resource,
        "ancestors": resources_of(company)
        .filter(descendants__resource=resource)
        .exclude(pk=resource.pk),
        "children": resources_of(company).filter(parent=resource)[:MAX_CHILDREN],
        "title": str(Target(resource, resource.resource_type)),
        "q": search,
        "access": access,
        "page": access.page,
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/resource.html", context)
