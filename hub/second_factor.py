"""Middleware: whoever needs a second factor sets one up before anything else."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.adapters import second_factor_taken_over
from accounts.permissions import SecondFactorRequired, require_second_factor
from accounts.views.factors import WANTED
from hub.middleware import FOR_PROGRAMS

# The pages on which a second factor is set up, and the ways out.
OPEN_PAGES = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_view_recovery_codes",
    "account_reauthenticate",
    "accounts:company-sign-in-again",
    "accounts:company-sign-in-go",
    "accounts:company-sign-in-callback",
    "account_logout",
    "idp:oidc:authorization",  # which leads there itself: a silent request gets an error
    "idp:oidc:logout",
    "set_language",
    "style",
}


class RequireSecondFactor:
    """Lead a person to the set-up of their second factor; refuse programs with their session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as the view does."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_args: Any) -> HttpResponse | None:
        """Stop whoever needs a second factor and has none, unless the page is for setting it up."""
        match = request.resolver_match
        if not request.user.is_authenticated or (match and match.view_name in OPEN_PAGES):
            return None
        try:
            require_second_factor(request.user)
        except SecondFactorRequired as refusal:
            if second_factor_taken_over(request):
                return None
            return _answer(request, refusal)
        return None


def _answer(request: HttpRequest, refusal: SecondFactorRequired) -> HttpResponse:
    if request.path.startswith(FOR_PROGRAMS):
        text = _("%(company)s asks for a second factor. Set one up in your profile first.")
        error = {"code": "second_factor_required", "message": text % {"company": refusal.by}}
        return JsonResponse({"error": error}, status=403)
    if getattr(request, "htmx", False):
        return HttpResponse(status=403, headers={"HX-Redirect": reverse("mfa_index")})
    if request.method == "GET":
        request.session[WANTED] = request.get_full_path()
    return redirect("mfa_index")
