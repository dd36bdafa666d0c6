"""The provider's list of customers, and the email domains that they have proven."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import ReleaseForm, SearchForm
from accounts.http import PersonRequest
from accounts.models import CompanyDomain, Customer
from accounts.permissions import require_staff
from accounts.selectors import Page, customers_for_staff
from accounts.services.company_sign_in import release_domain
from accounts.views.actions import submit_button


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


@require_POST
def provider_domain_release(request: PersonRequest, slug: str, domain: UUID) -> HttpResponse:
    """Take a proven domain from a customer."""
    require_staff(request.user, "accounts.change_customer")
    rows = CompanyDomain.objects.select_related("customer")
    row = get_object_or_404(rows, customer__slug=slug, uuid=domain)
    form = ReleaseForm(request.POST)
    if submit_button(
        request,
        form,
        lambda: release_domain(actor=request.user, domain=row, **form.cleaned_data),
    ):
        text = _(
            "%(domain)s is no longer a domain of %(company)s. We told its Super Users by email."
        )
        messages.success(request, text % {"domain": row.domain, "company": row.customer})
    return redirect("portals:provider-customer", slug)
