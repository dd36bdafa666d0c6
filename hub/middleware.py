"""Middleware for every request: health checks, private caching, bodies without end, errors."""

import json
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _

from hub.health import healthz, readyz

FOR_PROGRAMS = ("/access/", "/api/")
HEALTH_CHECKS = {"/healthz": healthz, "/readyz": readyz}


def answer_health_checks(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer health checks before anything reads the Host header.

    A load balancer or supervisor asks by the address of a machine, which is no host of the hub.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        check = HEALTH_CHECKS.get(request.path_info)
        return get_response(request) if check is None else check(request)

    return middleware


def answer_programs_in_json(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Give every error under /access/ and /api/ the shape of the APIs, whoever answered it.

    It comes first: Django's own pages for 400, 404, 405 and 500 pass it as well.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_json = response.get("Content-Type", "").startswith("application/json")
        if response.status_code < 400 or is_json or not request.path.startswith(FOR_PROGRAMS):
            return response
        status = HTTPStatus(response.status_code)
        code = "too_large" if response.status_code == 413 else status.name.lower()
        error = {"code": code, "message": f"{status.phrase}."}
        response.content = json.dumps({"error": error}).encode()
        response["Content-Type"] = "application/json"
        response["Content-Length"] = str(len(response.content))
        return response

    return middleware


def refuse_large_bodies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse a body that says it is above the limit, before anything parses or stores it.

    A file in a form would otherwise be written to disk, however large. hub/front/ refuses it
    earlier and also counts a body that doesn't say its length; Django reads none of such a body.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if declared.isdecimal() and int(declared) > settings.BODY_LIMIT:
            return HttpResponse(_("The body is too large."), "text/plain", status=413)
        return get_response(request)

    return middleware


def keep_private(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Keep pages of signed-in people out of every cache, also after they sign out (H6, F6).

    A page about a fault holds nothing of theirs, and to ask who they are may fail again.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        if response.status_code < 500 and request.user.is_authenticated:
            patch_cache_control(response, private=True, no_store=True)
        return response

    return middleware


def explain_405(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Show a page with an explanation where somebody opens a URL that only takes a form.

    A refused form leaves such a URL in the browser's address bar.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 405 or request.method != "GET" or is_for_programs(request):
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page

    return middleware


def is_for_programs(request: HttpRequest) -> bool:
    """Return whether only programs post here: their views are exempt from the CSRF token."""
    match = request.resolver_match
    return match is None or getattr(match.func, "csrf_exempt", False)
