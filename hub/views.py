"""The home page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portals.selectors.launcher import launcher_of


def home(request: HttpRequest) -> HttpResponse:
    """The launcher: my portals."""
    return render(request, "hub/home.html", {"groups": launcher_of(request.user)})
