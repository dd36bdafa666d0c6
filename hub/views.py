"""The home page."""

from django.http import HttpResponse
from django.shortcuts import render

from accounts.http import PersonRequest
from portals.selectors.launcher import launcher_of


def home(request: PersonRequest) -> HttpResponse:
    """The launcher: my portals."""
    return render(request, "hub/home.html", {"groups": launcher_of(request.user)})
