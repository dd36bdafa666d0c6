"""The home page, and the pages of a bad request and of a fault."""

import sys

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from accounts.http import PersonRequest
from hub.database import is_database_away
from hub.middleware import FOR_PROGRAMS, is_for_programs
from portals.selectors.launcher import launcher_of

RETRY_AFTER = "5"  # seconds; a database restarts in a few


def home(request: PersonRequest) -> HttpResponse:
    """Show the launcher with the person's portals."""
    return render(request, "hub/home.html", {"groups": launcher_of(request.user)})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the 400 page without reading the request, as its form may be what is damaged."""
    return HttpResponseBadRequest(render_to_string("400.html"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 while the database is away, else the 500 page; neither asks the database.

    Django calls this while it handles the exception, wherever in the request it was raised.
    """
    if not is_database_away(sys.exc_info()[1]):
        return HttpResponse(render_to_string("500.html"), status=500)
    response: HttpResponse
    matched = request.resolver_match is not None
    if request.path.startswith(FOR_PROGRAMS) or (matched and is_for_programs(request)):
        message = _("The hub can't reach its database. Ask again in a moment.")
        response = JsonResponse({"error": {"code": "unavailable", "message": message}}, status=503)
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    add_never_cache_headers(response)
    response["Retry-After"] = RETRY_AFTER
    return response
