"""The home page and the 400 page."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.template.loader import render_to_string

from accounts.http import PersonRequest
from portals.selectors.launcher import launcher_of


def home(request: PersonRequest) -> HttpResponse:
    """Show the launcher with the person's portals."""
    return render(request, "hub/home.html", {"groups": launcher_of(request.user)})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 400 page without reading the request, as its form may be what is damaged."""
    return HttpResponseBadRequest(render_to_string("400.html"))
