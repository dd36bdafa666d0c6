"""Sign-out that a portal asks for (OpenID Connect RP-Initiated Logout 1.0)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.idp.oidc.models import Client
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portals.choices import HUB_SESSION_KEY, SessionEnd
from portals.models import PortalSession
from portals.oidc.errors import OAuthError, UntrustedRequest
from portals.oidc.id_tokens import read_id_token_hint
from portals.oidc.parameters import read_parameters
from portals.oidc.requests import redirect_to_portal
from portals.oidc.steps import let_forms_end_at
from portals.services.portal_sessions import end_portal_sessions

NAMES = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")
LONGEST = 8000  # an ID token


@dataclass(frozen=True)
class LogoutRequest:
    """A checked request: from which portal, of which session, and where the person goes then."""

    hint: dict[str, Any] | None
    redirect_uri: str
    state: str
    fields: dict[str, str]


@csrf_exempt  # portals may send people here by POST, which begins anew by GET
@login_not_required
@require_http_methods(["GET", "POST"])
def logout(request: HttpRequest) -> HttpResponse:
    """Sign the person out everywhere, at once where the portal proves which session it means.

    Otherwise the person is asked, so that no link signs anybody out (E10).
    """
    given = request.POST if request.method == "POST" else request.GET
    try:
        asked = _read(given)
    except UntrustedRequest as refusal:
        return render(request, "portals/oidc/refused.html", {"reason": str(refusal)}, status=400)
    if request.method == "POST" and not _comes_from_page(request):
        # No cookie comes with a POST from another site: begin anew, to know who is signed in.
        return HttpResponseRedirect(f"{request.path}?{urlencode(asked.fields)}", status=303)
    if request.user.is_authenticated and not _means_this_session(request, asked):
        if "action" not in request.POST:
            if asked.redirect_uri:
                let_forms_end_at(request, asked.redirect_uri)
            context = {"fields": asked.fields}
            return render(request, "portals/oidc/logout.html", context)
        if given["action"] != "sign_out":
            return redirect("home")
    _sign_out(request, asked)
    if asked.redirect_uri:
        return redirect_to_portal(asked.redirect_uri, asked.state, {})
    return redirect(get_account_adapter().get_logout_redirect_url(request))


def _read(given: QueryDict) -> LogoutRequest:
    """Return the request. Raises UntrustedRequest where it contradicts itself or a manifest."""
    try:
        values = read_parameters(given, names=NAMES, most=LONGEST)
    except OAuthError as error:
        raise UntrustedRequest(error.description) from error
    hint = None
    if "id_token_hint" in values:
        hint = read_id_token_hint(values["id_token_hint"])
        if hint is None:
            raise UntrustedRequest("id_token_hint is no ID token of the hub.")
    client_id = values.get("client_id") or (str(hint["aud"]) if hint else "")
    if hint and client_id != hint["aud"]:
        raise UntrustedRequest("client_id is not the portal of the id_token_hint.")
    clients = Client.objects.filter(pk=client_id, portal__isnull=False).select_related("portal")
    client = clients.first() if client_id else None
    if client is None and hint:
        return LogoutRequest(hint, "", "", values)  # the portal had other credentials meanwhile
    if client_id and client is None:
        raise UntrustedRequest("client_id names no portal.")
    address = values.get("post_logout_redirect_uri", "")
    if address and (client is None or address not in client.portal.post_logout_redirect_uris):
        raise UntrustedRequest("post_logout_redirect_uri is not one of the portal's manifest.")
    return LogoutRequest(hint, address, values.get("state", ""), values)


def _means_this_session(request: HttpRequest, asked: LogoutRequest) -> bool:
    """Return whether the hint is an ID token of a portal opened from this very session."""
    return (
        asked.hint is not None
        and PortalSession.objects.filter(
            pk=asked.hint["sid"],
            user=request.user.pk,
            hub_session=request.session.get(HUB_SESSION_KEY, ""),
        ).exists()
    )


def _comes_from_page(request: HttpRequest) -> bool:
    """Return whether our own page sent this form, for which the view is not exempt."""
    check = CsrfViewMiddleware(lambda _request: HttpResponse())
    check.process_request(request)
    return check.process_view(request, lambda _request: HttpResponse(), (), {}) is None


def _sign_out(request: HttpRequest, asked: LogoutRequest) -> None:
    """End the hub session with all it opened; where it is over, the portal's own session."""
    if request.user.is_authenticated:
        get_account_adapter().logout(request)
    elif asked.hint is not None:
        end_portal_sessions(reason=SessionEnd.PORTAL, pk=asked.hint["sid"])
