"""The home page, the search, and the pages of a bad request and of a fault."""

import sys

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.models import Customer, Membership
from accounts.selectors.support import questions_for
from hub.database import is_database_away
from hub.home import home_of
from hub.middleware import FOR_PROGRAMS, is_for_programs
from hub.search import find
from preferences.views.charts import email_chart

RETRY_AFTER = "5"  # seconds; a database restarts in a few
MAX_SUGGESTED, MAX_RESULTS = 4, 25  # of each kind


@require_safe
def home(request: PersonRequest) -> HttpResponse:
    """Show the person's portals and what waits for them, company by company; staff, their work."""
    context = home_of(request.user)
    # No viewer of the page sees these: they are about calls to the desk.
    managed = [group.membership for group, work, _own in context["groups"] if work]
    is_asked = any(membership.has_question for membership in managed)
    context["questions"] = questions_for(request.user)[:MAX_SUGGESTED] if is_asked else []
    days = context["staff"] and context["staff"].email_days
    context["email_chart"] = email_chart(days, _("Emails by day")) if days else ""
    return render(request, "hub/home.html", context)


@require_safe
def search(request: PersonRequest) -> HttpResponse:
    """Show what a text finds; for htmx the first of each kind, as the options of the search box."""
    form = SearchForm(request.GET)
    size = MAX_SUGGESTED if request.htmx else MAX_RESULTS
    context = {"form": form, "text": form.text, "groups": find(request.user, form.text, size=size)}
    template = "hub/_search_options.html" if request.htmx else "hub/search.html"
    return render(request, template, context)


@require_safe
def my_access(request: PersonRequest) -> HttpResponse:
    """Lead to the person's own page in their company; with several or none, to Home."""
    memberships = Membership.objects.live().filter(
        user=request.user, customer__in=Customer.objects.visible_to(request.user)
    )
    slugs = list(memberships.values_list("customer__slug", flat=True)[:2])
    if len(slugs) == 1:
        return redirect("portals:person", slugs[0], request.user.sub)
    return redirect("home")


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
        message = _("The hub can't reach its database. Try again in a moment.")
        response = JsonResponse({"error": {"code": "unavailable", "message": message}}, status=503)
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    add_never_cache_headers(response)
    response["Retry-After"] = RETRY_AFTER
    return response
