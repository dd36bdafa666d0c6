"""Suggestions for type-ahead fields: people and teams of a company, time zones."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.selectors.options import Options, PeopleOptions, TeamOptions
from accounts.selectors.time_zones import ZoneOptions
from accounts.views.access import managed_customer


@require_safe
def people_options(request: PersonRequest, customer: str) -> HttpResponse:
    """Suggest members of a company to one of its Super Users."""
    company = managed_customer(request, customer)
    return suggest(request, PeopleOptions(company, **narrowing(request, PeopleOptions.narrowing)))


@require_safe
def team_options(request: PersonRequest, customer: str) -> HttpResponse:
    """Suggest teams of a company to one of its Super Users."""
    company = managed_customer(request, customer)
    return suggest(request, TeamOptions(company, **narrowing(request, TeamOptions.narrowing)))


@require_safe
def time_zone_options(request: PersonRequest) -> HttpResponse:
    """Suggest time zones."""
    return suggest(request, ZoneOptions())


def narrowing(request: PersonRequest, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the parameters of the address that narrow the options."""
    values = {name: request.GET[name] for name in names if name in request.GET}
    return {name: value for name, value in values.items() if value.isprintable()}


def suggest(request: PersonRequest, options: Options) -> HttpResponse:
    """Show the first options found by the words of `q`."""
    form = SearchForm(request.GET)
    found = options.search(form.text) if form.is_valid() else []
    context = {"options": found, "text": request.GET.get("q", "").strip()[:60]}
    return render(request, "accounts/_options.html", context)
