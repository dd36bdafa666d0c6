"""The home page, and the answer to what cannot be read."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.template.loader import render_to_string

from accounts.http import PersonRequest
from portals.selectors.launcher import launcher_of


def home(request: PersonRequest) -> HttpResponse:
    """The launcher: my portals."""
    return render(request, "hub/home.html", {"groups": launcher_of(request.user)})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 400 page. It asks the request nothing: Django's own reads a damaged form again, and
    fails on it.
    """
    return HttpResponseBadRequest(render_to_string("400.html"))
