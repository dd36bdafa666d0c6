"""Middleware for every request: health checks, private caching, bodies without end, errors."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _

from accounts.http import owner_of_device, remember_device
from accounts.unsent_forms import (
    forget_unsent_form,
    keep_unsent_form,
    page_of_form,
    remember_typist,
    unsent_form_of,
)
from hub.health import healthz, readyz
from portals.oidc.errors import OAUTH_ENDPOINTS, early_refusal
from portals.oidc.steps import RETURN_TO

FOR_PROGRAMS = ("/access/", "/api/", OAUTH_ENDPOINTS)
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
    """Give every error for programs their shape, whoever answered it: the APIs' or OAuth's.

    It comes first: Django's own pages for 400, 404, 405 and 500 pass it as well.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_json = response.get("Content-Type", "").startswith("application/json")
        if response.status_code < 400 or is_json or not request.path.startswith(FOR_PROGRAMS):
            return response
        status = HTTPStatus(response.status_code)
        if request.path.startswith(OAUTH_ENDPOINTS):
            response.content = json.dumps(early_refusal(status, f"{status.phrase}."))
        else:
            code = "too_large" if status == 413 else status.name.lower()
            error = {"code": code, "message": f"{status.phrase}."}
            response.content = json.dumps({"error": error})
        response["Content-Type"] = "application/json"
        response["Content-Length"] = str(len(response.content))
        return response

    return middleware


class ReadersTimeZone:
    """Show times in the reader's time zone; a company's pages then choose the company's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and forget the time zone."""
        with timezone.override(None):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Choose it once it is known that people read the answer: programs keep the provider's."""
        if not is_for_programs(request) and request.user.is_authenticated:
            timezone.activate(request.user.zone)


class SignInRequired(LoginRequiredMiddleware):
    """Lead signed-out people to the sign-in, and keep what they typed (accounts.unsent_forms)."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Forget what was kept once the form is sent again; lead the signed-out to the sign-in."""
        if super().process_view(request, view, args, kwargs) is not None:
            return self._lead_to_sign_in(request, self.get_login_url(view))
        if request.method == "POST" and request.user.is_authenticated:
            unsent = unsent_form_of(request)
            if unsent and unsent.path == request.path:
                forget_unsent_form(request)
        return None

    def _lead_to_sign_in(self, request: HttpRequest, sign_in: str) -> HttpResponse:
        """Lead to the sign-in and then to the page of the form; for htmx, as a whole page."""
        is_post, htmx = request.method == "POST", getattr(request, "htmx", False)
        if is_post and not is_for_programs(request):
            self._keep(request)
        page = page_of_form(request) if is_post or htmx else request.get_full_path()
        answer = redirect_to_login(page, sign_in)
        if not htmx:
            return answer
        return HttpResponse(status=401, headers={"HX-Redirect": answer.url})

    def _keep(self, request: HttpRequest) -> None:
        kept = keep_unsent_form(request)
        if kept:
            messages.info(
                request,
                _(
                    "You were signed out before you sent this form. Sign in to get back what you"
                    " typed."
                ),
            )
        elif kept is False:
            messages.warning(
                request,
                _(
                    "You were signed out before you sent this form, and the hub could not keep"
                    " it. Go back in your browser to copy what you typed."
                ),
            )

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Let the browser know whose forms it shows."""
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and response.status_code < 500 and request.user.is_authenticated:
            remember_typist(request, response)
        return response


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


def allow_return_to_portals(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Let forms on the way to a portal end there: browsers hold form-action to redirections too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        origins = request.session.get(RETURN_TO) if request.session.accessed else None
        if origins and response.headers.get("Content-Type", "").startswith("text/html"):
            more = getattr(response, "_csp_update", {})
            origins = [*more.get("form-action", []), *origins]
            response._csp_update = {**more, "form-action": origins}  # type: ignore[attr-defined]
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
