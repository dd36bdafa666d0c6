"""Middleware for every request: health checks on any host, private caching, a readable 405 page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers

from accounts.http import owner_of_device, remember_device
from hub.health import healthz, readyz

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


def use_time_zone(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Show times in the reader's time zone; a company's pages then choose the company's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        zone = request.user.zone if request.user.is_authenticated else None
        with timezone.override(zone):
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


def remember_devices(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Make a device known to whoever signs in on it or resets their password there.

    Strangers who guess then can't lock the person out of it. A page about a fault asks nothing.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code < 500 and (person := owner_of_device(request)):
            remember_device(request, response, person)
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
