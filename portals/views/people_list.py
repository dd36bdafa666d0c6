"""The people list of a customer: searched, filtered, sorted, exported."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Customer, Membership
from accounts.selectors import Page, invitations_of
from accounts.selectors.people_export import people_heading, people_rows
from accounts.selectors.people_list import people_page, with_second_factor
from accounts.services.exports import record_people_export
from accounts.spreadsheets import csv_response
from accounts.views.access import managed_customer
from portals.forms.people import PeopleForm

MAX_INVITED = 3  # shown with a search's people


@require_safe
def people(request: PersonRequest, customer: str) -> HttpResponse:
    """List the people of the company; the query string holds search, filters and order."""
    company = managed_customer(request, customer)
    form = PeopleForm(request.GET, customer=company)
    page: Page[Membership] = Page([], next_cursor="", is_first=True)
    if form.is_valid():
        page = people_page(company, form.people_filter(), after=request.GET.get("after", ""))
    search = form.text
    context = {
        "customer": company,
        "form": form,
        "page": page,
        "search": search,
        "invited": invitations_of(company, search=search)[:MAX_INVITED] if search else [],
        "secured": with_second_factor(page.rows),
        "chips": form.chips(),
        "kept": form.kept(),
        "filter_query": form.query(),
        "after": request.GET.get("after", ""),
        "ticked": set(request.GET.getlist("person")),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    if request.htmx:
        response = render(request, "portals/people.html#people", context)
        response["HX-Push-Url"] = people_url(company, form)
        return response
    return render(request, "portals/people.html", context)


@require_POST
def people_export(request: PersonRequest, customer: str) -> HttpResponseBase:
    """Export all pages of the list as a file for a spreadsheet program."""
    company = managed_customer(request, customer)
    form = PeopleForm(request.GET, customer=company)
    if not form.is_valid():
        return redirect(f"{reverse('portals:people', args=[customer])}?{request.GET.urlencode()}")
    people_filter = form.people_filter()
    record_people_export(
        actor=request.user,
        customer=company,
        people_filter=people_filter,
        filters=form.query("sort"),
    )
    name = f"{company.slug}-people-{timezone.localdate().isoformat()}"
    return csv_response(name, people_heading(), people_rows(company, people_filter))


def people_url(customer: Customer, form: PeopleForm, *extra: tuple[str, Any]) -> str:
    """Return the URL of the list with this form's filters; `extra` adds page and ticked people."""
    query = urlencode([*form.kept(), *extra])
    return reverse("portals:people", args=[customer.slug]) + (f"?{query}" if query else "")
