"""What happens to every response."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers


def keep_private(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """No cache keeps what a signed-in person saw, nor shows it after they left (H6, F6)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        if request.user.is_authenticated:
            patch_cache_control(response, private=True, no_store=True)
        return response

    return middleware


def explain_405(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Opening an address that only takes a form gets words and a way on, not a blank page.

    A refused form leaves such an address in the browser.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 405 or request.method != "GET" or _is_for_programs(request):
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page

    return middleware


def _is_for_programs(request: HttpRequest) -> bool:
    """Whether no form of ours posts here: programs cannot have the token each of these carries."""
    match = request.resolver_match
    return match is None or getattr(match.func, "csrf_exempt", False)
