"""What a customer has in every portal, and who may do what to one thing."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.choices import CustomerStatus
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.selectors import page_of
from accounts.views.rings import managed_customer
from portals.models import Resource
from portals.selectors.doors import closed_to, doors_before
from portals.selectors.plans import holders_by_key
from portals.selectors.resources import resources_of, subscriptions_of
from portals.selectors.sheets import holder_key, rows_of_one
from portals.selectors.standing import standing_on, types_on
from portals.views import holders
from portals.views.changes import pending_context
from portals.views.drafts import load_draft

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
    thing = get_object_or_404(resources_of(company), pk=pk)
    draft = load_draft(request, company, thing)
    types = types_on(thing)
    about = next((one for one in types if one.code == request.GET.get("on")), thing.resource_type)
    search = holders.searched(request.GET.get("q", ""))
    unfolded = request.GET.get("single", "")
    single = holders_by_key(company, [unfolded]).get(unfolded)
    standing = standing_on(
        thing, about, draft.wants, search=search, after=request.GET.get("after", "")
    )
    people = [row.holder for row in standing.people]
    closed = closed_to(people, doors_before(company, thing))
    context = {
        "resource": thing,
        "above": resources_of(company).filter(descendants__resource=thing).exclude(pk=thing.pk),
        "below": resources_of(company).filter(parent=thing)[:BELOW],
        "types": types,
        "about_type": about,
        "standing": standing,
        "outside": {holder_key(one) for one in people if closed[one]},
        "q": search,
        "single": single,
        "single_rows": rows_of_one(single, thing, draft.wants) if single else [],
        "unfolded": unfolded,
        "parents": {one.parent_id for one in types},
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
        **pending_context(company, thing, draft),
    }
    return render(request, "portals/resource.html", context)
