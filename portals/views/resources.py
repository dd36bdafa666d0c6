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
from portals.selectors.grant_changes import grantees_by_key
from portals.selectors.permission_matrix import grantee_key, rows_of_resource
from portals.selectors.portal_access import portals_containing, portals_without_access
from portals.selectors.resource_access import access_on_resource, types_on
from portals.selectors.resources import removed_resources_of, resources_of, subscriptions_of
from portals.views import permission_matrix
from portals.views.drafts import load_draft
from portals.views.grant_changes import pending_context

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
    """Show a resource: everyone's access to it with its source and dates, and changing it.

    `on` in the query string names a type inside the resource: access to all resources of it.
    """
    company = managed_customer(request, customer)
    visible = resources_of(company).visible_to(request.user)
    resource = get_object_or_404(visible.select_related("owner__user"), pk=pk)
    draft = load_draft(request, company, resource)
    types = types_on(resource)
    shown_type = next(
        (resource_type for resource_type in types if resource_type.code == request.GET.get("on")),
        resource.resource_type,
    )
    search = permission_matrix.clean_search(request.GET.get("q", ""))
    unfolded = request.GET.get("single", "")
    single = grantees_by_key(company, [unfolded]).get(unfolded)
    access = access_on_resource(
        resource, shown_type, draft.wants, search=search, after=request.GET.get("after", "")
    )
    people = [row.grantee for row in access.people]
    closed = portals_without_access(people, portals_containing(company, resource))
    context = {
        "resource": resource,
        "ancestors": resources_of(company)
        .filter(descendants__resource=resource)
        .exclude(pk=resource.pk),
        "children": resources_of(company).filter(parent=resource)[:MAX_CHILDREN],
        "types": types,
        "shown_type": shown_type,
        "access": access,
        "without_access": {grantee_key(person) for person in people if closed[person]},
        "q": search,
        "single": single,
        "single_rows": rows_of_resource(single, resource, draft.wants) if single else [],
        "unfolded": unfolded,
        "parents": {resource_type.parent_id for resource_type in types},
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
        **pending_context(company, resource, draft),
    }
    return render(request, "portals/resource.html", context)
