"""The people of a customer."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.choices import CustomerStatus
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.models import Membership
from accounts.selectors import page_of, people_of
from accounts.views.rings import managed_customer


@require_safe
def people(request: PersonRequest, customer: str) -> HttpResponse:
    """Everyone in the company, searched by the beginning of a name or address."""
    company = managed_customer(request, customer)
    form = SearchForm(request.GET)
    search = form.cleaned_data["q"] if form.is_valid() else ""
    found = people_of(company, search=search) if form.is_valid() else Membership.objects.none()
    context = {
        "customer": company,
        "form": form,
        "search": search,
        "page": page_of(
            found,
            among=company.memberships.all(),
            order=("search_name", "pk"),
            after=request.GET.get("after", ""),
        ),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    if request.htmx:
        return render(request, "accounts/people.html#people", context)
    return render(request, "accounts/people.html", context)
