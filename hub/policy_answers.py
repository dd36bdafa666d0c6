"""Middleware: whoever has not answered a policy in force is led to it, except on the pages below.

A check of a portal, a token, a sign-in to a portal, a job and the pages of staff never ask (L11):
nobody's email stops for a click. Whoever may not be blocked is in FREE_PAGES; every other page of a
signed-in person asks, so a new one does too.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils.translation import gettext as _

from accounts.emails import absolute
from accounts.unsent_forms import keep_unsent_form, page_of_form
from compliance.selectors import Unanswered, unanswered_of
from hub.middleware import FOR_PROGRAMS
from hub.waiting import waiting_for

POLICIES = {
    "compliance:agree",
    "compliance:agree-answer",
    "compliance:agreements",
    "compliance:agreement-receipt",
}
OWN_DATA = {  # what a person may see and take along of their own
    "accounts:history",
    "accounts:history-export",
    "accounts:unsent-form-discard",
    "compliance:close-account",
    "compliance:keep-account",
    "compliance:own-data",
    "compliance:own-notices",
    "compliance:own-notice",
    "compliance:own-data-ask",
    "compliance:own-data-download",
}
EMAIL_PREFERENCES = {
    "preferences:centre",
    "preferences:bounced-mail",
    "preferences:choose",
    "preferences:stop-all",
    "preferences:undo",
    "preferences:resume",
    "preferences:pause",
    "preferences:digest",
    "preferences:language",
    "preferences:history",
    "preferences:receipt",
    "preferences:receipt-verify",
    "preferences-api:choice-list",
    "preferences-api:choice-detail",
    "preferences-api:choice-stop-all",
    "preferences-api:choice-resume",
    "preferences-api:consent-list",
}
SECURITY = {
    "accounts:profile",
    "accounts:time-zone-options",
    "accounts:support-code",
    "accounts:case-confirmation",
    "accounts:delayed-act-cancel",
    "accounts:recovery",
    "accounts:recovery-stop",
    "accounts:company-sign-in-again",
    "accounts:company-sign-in-go",
    "accounts:company-sign-in-callback",
    "portals:devices",
    "account_set_password",
    "account_reauthenticate",
    "account_request_reauthentication_code",
    "account_confirm_reauthentication_code",
    "account_email",
    "account_email_verification_sent",
    "account_change_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
}
SIGN_OUT = {"account_logout", "set_language", "style"}
REQUESTS = {  # asking, and refusing; not granting, and not new services
    "accounts:requests",
    "accounts:request-withdraw",
    "accounts:request-pass",
    "portals:ask",
    "portals:request",
    "portals:request-new",
    "portals:request-portal",
    "portals:request-refuse",
}
TAKING_AWAY = {  # a Super User may suspend, remove and revoke (L12), on the pages that do it
    "portals:people",
    "portals:person",
    "portals:person-teams",
    "portals:person-details",
    "portals:person-activity",
    "portals:access-remove",
    "portals:team",
    "portals:team-delete",
    "portals:teams-delete",
    "portals:offboarding",
    "portals:invitations",
    "portals:invitations-revoke",
    "accounts:team-member-remove",
    "accounts:person-team-remove",
    "accounts:person-suspend",
    "accounts:person-remove",
    "compliance:representative-end",
    "compliance:authorisation-end",
}
# They lead to taking away, and to what was paid; the same pages give and ask.
FREE_TO_READ = {
    "accounts:teams",
    "compliance:representatives",
    "compliance:authorisations",
    "compliance:log-requests",
    "compliance:log-request",
}
PORTAL_SIGN_IN = {
    "idp:oidc:authorization",
    "idp:oidc:go-on",
    "idp:oidc:logout",
    "idp:oidc:forward-check",
    "idp:oidc:forward-start",
    "idp:oidc:forward-callback",
    "idp:oidc:forward-sign-out",
}
PORTAL_APIS = {  # which take a portal's token, and no session; and what describes them
    "portals-api:resource-list",
    "portals-api:resource-sync",
    "portals-api:resource",
    "preferences-api:delivery",
    "preferences-api:evaluation",
    "preferences-api:evaluations",
    "compliance-api:log-request-list",
    "compliance-api:kept-logs",
    "compliance-api:log-request-claim",
    "compliance-api:log-request-part",
    "compliance-api:log-request-result",
    "compliance-api:log-request-failure",
    "compliance-api:charge-payments",
    "compliance-api:authorisation-list",
    "api-schema",
    "api-docs",
}
FREE_PAGES = (
    POLICIES | OWN_DATA | EMAIL_PREFERENCES | SECURITY | SIGN_OUT | REQUESTS | TAKING_AWAY
    | PORTAL_SIGN_IN | PORTAL_APIS
)  # fmt: skip
API = "api/"
BULK_PAGE = "portals:people-bulk-action"
FREE_BULK_ACTIONS = {"suspend", "remove"}


class RequirePolicyAnswers:
    """Lead a person to the policies that wait for them; refuse programs with their session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as the view does."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_args: Any
    ) -> HttpResponse | None:
        """Stop whoever has not answered, unless the page is free."""
        match = request.resolver_match
        user = request.user
        if match is None or not user.is_authenticated or user.is_staff or is_free(match, view):
            return None
        if match.view_name in FREE_TO_READ and request.method in ("GET", "HEAD"):
            return None
        waiting = [item for item in _unanswered(request) if item.binds and concerns(item, match)]
        return _answer(request, waiting[0]) if waiting else None


def is_free(match: ResolverMatch, view: Callable[..., Any]) -> bool:
    """Return whether a page never asks: it is for everybody, or in FREE_PAGES.

    An API finds out by itself who calls, so to Django each looks as if it were for everybody.
    """
    is_everybodys = not getattr(view, "login_required", True) and not match.route.startswith(API)
    if is_everybodys or match.view_name in FREE_PAGES:
        return True
    return match.view_name == BULK_PAGE and match.kwargs.get("act") in FREE_BULK_ACTIONS


def concerns(item: Unanswered, match: ResolverMatch) -> bool:
    """Return whether a page waits for this answer; a company's, only for pages of that company."""
    return not item.customer or item.customer == match.kwargs.get("customer")


def _unanswered(request: HttpRequest) -> list[Unanswered]:
    """Return what the person has not answered, by one statement; pages ask it in their frame's."""
    if request.method != "GET" or getattr(request, "htmx", False):
        return unanswered_of(request.user)  # type: ignore[arg-type]
    request.waiting = waiting_for(request.user)  # type: ignore[attr-defined, arg-type]
    return request.waiting.policies  # type: ignore[attr-defined]


def _answer(request: HttpRequest, item: Unanswered) -> HttpResponse:
    if request.path.startswith(FOR_PROGRAMS):
        page = absolute(reverse("compliance:agree"))
        text = _("%(policy)s has changed. Answer it first, on this page: %(page)s")
        error = {
            "code": "policy_unanswered",
            "message": text % {"policy": item.title, "page": page},
            "policy": item.policy,
            "url": page,
        }
        return JsonResponse({"error": error}, status=403)
    is_post, htmx = request.method == "POST", getattr(request, "htmx", False)
    if is_post:
        keep_unsent_form(request)
    wanted = page_of_form(request) if is_post or htmx else request.get_full_path()
    address = f"{reverse('compliance:agree')}?next={quote(wanted)}"
    if htmx:
        return HttpResponse(status=403, headers={"HX-Redirect": address})
    return redirect(address)
