"""Export of access as a file: of the company, of one person, on one resource."""

from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.http import PersonRequest
from accounts.models import Customer, Membership
from accounts.selectors.activity import ExportLocale
from accounts.spreadsheets import csv_response
from accounts.views.access import managed_customer, managed_membership
from portals.models import Resource
from portals.selectors.access_export import access_heading, access_rows
from portals.selectors.resources import resources_of
from portals.services.exports import record_access_export


@require_POST
def access_export(request: PersonRequest, customer: str) -> HttpResponseBase:
    """Export everyone's access to every resource of the company."""
    return _export(request, managed_customer(request, customer))


@require_POST
def person_access_export(request: PersonRequest, customer: str, person: UUID) -> HttpResponseBase:
    """Export one person's access to every resource of the company."""
    membership = managed_membership(request, customer, person)
    return _export(request, membership.customer, membership=membership)


@require_POST
def resource_access_export(request: PersonRequest, customer: str, pk: int) -> HttpResponseBase:
    """Export everyone's access to one resource."""
    company = managed_customer(request, customer)
    resource = get_object_or_404(resources_of(company), pk=pk)
    return _export(request, company, resource=resource)


def _export(
    request: PersonRequest,
    company: Customer,
    membership: Membership | None = None,
    resource: Resource | None = None,
) -> HttpResponseBase:
    record_access_export(
        actor=request.user, customer=company, membership=membership, resource=resource
    )
    rows = access_rows(company, ExportLocale(), membership=membership, resource=resource)
    name = f"{company.slug}-access-{timezone.localdate().isoformat()}"
    return csv_response(name, access_heading(), rows)
