"""What a customer has in every portal, and who may do what to one thing."""

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
from portals.selectors.resources import resources_of, subscriptions_of
from portals.views import permission_matrix
from portals.views.drafts import load_draft
from portals.views.grant_changes import pending_context

BELOW = 50  # things shown below one


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
    found = found.visible_to(request.user)
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


@require_safe
def resource(request: PersonRequest, customer: str, pk: int) -> HttpResponse:
    """One thing: who may do what to it, through what, since when and until when; and changing it.

    `on` in the address turns the page to what is in the thing, future ones too.
    """
    company = managed_customer(request, customer)
    resource = get_object_or_404(resources_of(company).visible_to(request.user), pk=pk)
    draft = load_draft(request, company, resource)
    types = types_on(resource)
    about = next(
        (one for one in types if one.code == request.GET.get("on")), resource.resource_type
    )
    search = permission_matrix.searched(request.GET.get("q", ""))
    unfolded = request.GET.get("single", "")
    single = grantees_by_key(company, [unfolded]).get(unfolded)
    standing = access_on_resource(
        resource, about, draft.wants, search=search, after=request.GET.get("after", "")
    )
    people = [row.grantee for row in standing.people]
    closed = portals_without_access(people, portals_containing(company, resource))
    context = {
        "resource": resource,
        "above": resources_of(company)
        .filter(descendants__resource=resource)
        .exclude(pk=resource.pk),
        "below": resources_of(company).filter(parent=resource)[:BELOW],
        "types": types,
        "about_type": about,
        "standing": standing,
        "outside": {grantee_key(one) for one in people if closed[one]},
        "q": search,
        "single": single,
        "single_rows": rows_of_resource(single, resource, draft.wants) if single else [],
        "unfolded": unfolded,
        "parents": {one.parent_id for one in types},
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
        **pending_context(company, resource, draft),
    }
    return render(request, "portals/resource.html", context)
