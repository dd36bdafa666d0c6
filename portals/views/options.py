"""Suggestions for type-ahead fields: resources of a company, and who and what access is about."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.http import PersonRequest
from accounts.views.access import managed_customer
from accounts.views.options import narrowing, suggest
from portals.selectors.grant_options import GranteeOptions, TargetOptions
from portals.selectors.options import ResourceOptions


@require_safe
def resource_options(request: PersonRequest, customer: str) -> HttpResponse:
    """Suggest resources of a company to one of its Super Users."""
    company = managed_customer(request, customer)
    chosen = narrowing(request, ResourceOptions.narrowing)
    return suggest(request, ResourceOptions(company, **chosen))


@require_safe
def grantee_options(request: PersonRequest, customer: str) -> HttpResponse:
    """Suggest people and teams of a company to one of its Super Users."""
    return suggest(request, GranteeOptions(managed_customer(request, customer)))


@require_safe
def target_options(request: PersonRequest, customer: str) -> HttpResponse:
    """Suggest resources, one or all of a type, to a Super User of the company."""
    return suggest(request, TargetOptions(managed_customer(request, customer)))
