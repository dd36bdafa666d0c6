"""Downloads of a company's lists: teams, requests, invitations, resources."""

from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.permissions import require_super_user
from accounts.services.exports import record_list_export
from accounts.spreadsheets import csv_response
from accounts.views.access import managed_customer
from accounts.views.actions import previous_page
from portals.selectors.list_export import LIST_EXPORTS


@require_POST
def list_export(request: PersonRequest, customer: str, listed: str) -> HttpResponseBase:
    """Export all pages of a list, found by the search in the query string, as a spreadsheet."""
    company = managed_customer(request, customer)
    export = LIST_EXPORTS.get(listed)
    if export is None:
        raise Http404
    form = SearchForm(request.GET)
    if not form.is_valid():
        return redirect(previous_page(request, "/"))
    reader = require_super_user(request.user, company, to_read=True)
    record_list_export(
        actor=request.user,
        customer=company,
        kind=export.event,
        count=export.rows(reader, form.text).count(),
        search=form.text,
    )
    file_name = f"{company.slug}-{listed}-{timezone.localdate().isoformat()}"
    return csv_response(file_name, export.heading(), export.table(reader, form.text))
