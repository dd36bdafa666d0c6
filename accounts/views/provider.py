"""The provider's list of customers."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.permissions import require_staff
from accounts.selectors import Page, customers_for_staff


@require_safe
def provider(request: PersonRequest) -> HttpResponse:
    """List the customers, with a search."""
    require_staff(request.user, "accounts.view_customer")
    form = SearchForm(request.GET)
    search = form.text
    page: Page[Customer] = Page([], next_cursor="", is_first=True)
    if form.is_valid():
        page = customers_for_staff(search=search, after=request.GET.get("after", ""))
    context = {"form": form, "search": search, "page": page}
    fragment = "#customers" if request.htmx else ""
    return render(request, f"accounts/provider.html{fragment}", context)
