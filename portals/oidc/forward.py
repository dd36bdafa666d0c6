"""Forward authentication, for portals that speak no OpenID Connect.

A proxy (nginx auth_request, Caddy forward_auth) asks `check` about each request.
It passes everything under /.hub/ on the portal's own host to these views. There the hub is a client
of its own sign-in: `start` leads to it, `callback` comes back and sets a cookie on that host.
"""

import secrets
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from allauth.idp.oidc.models import Token
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.emails import absolute
from accounts.models import User
from portals.choices import Reason, SignInScope
from portals.decision import decide
from portals.models import Portal, Resource
from portals.selectors.live_tokens import LiveToken, SignedIn, access_claims, live_token
from portals.selectors.sign_in import identity_claims
from portals.services.portal_sessions import GrantNotValid, challenge_of, redeem_code

CALLBACK = "/.hub/callback"
PERMISSION = "X-Hub-Permission"  # type/id/privilege, set by the proxy for a location
STATE_LIFETIME = 600  # seconds between start and callback
SCOPES = [
    SignInScope.OPENID,
    SignInScope.PROFILE,
    SignInScope.EMAIL,
    SignInScope.COMPANY,
    SignInScope.GROUPS,
]


@login_not_required
@require_safe
def check(request: HttpRequest, portal: str) -> HttpResponse:
    """Answer a proxy: 200 with who it is, 401 for nobody, 403 for somebody who may not.

    The location's configuration may ask for a permission, as `type/id/privilege` in
    X-Hub-Permission. Nothing is remembered: access that was removed is refused at the next request.
    """
    row = _portal(portal)
    token = live_token(request.COOKIES.get(_cookie(row), ""))
    if token is None or token.session is None or not _is_of(row, token):
        return _answer(401)
    wanted = request.headers.get(PERMISSION, "")
    if wanted and not _may(row, token.session, wanted):
        return _answer(403)
    return _answer(200, _identity(token.session))


@login_not_required
@require_safe
def start(request: HttpRequest, portal: str) -> HttpResponse:
    """Lead to the sign-in, and remember where the person wanted to go (`?to=`, a path)."""
    row = _portal(portal)
    address = _callback_address(row)
    if address not in row.redirect_uris:
        reason = f"{address} is not one of the portal's redirect_uris."
        return render(request, "portals/oidc/refused.html", {"reason": reason}, status=400)
    state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    query = {
        "response_type": "code",
        "client_id": row.client_id,
        "redirect_uri": address,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    answer = _redirect(absolute(f"{reverse('idp:oidc:authorization')}?{urlencode(query)}"))
    kept = {"state": state, "verifier": verifier, "to": _path(request.META.get("QUERY_STRING", ""))}
    _set_cookie(
        answer, row, _state_cookie(row), signing.dumps(kept, salt=_salt(row)), STATE_LIFETIME
    )
    return answer


@login_not_required
@require_safe
def callback(request: HttpRequest, portal: str) -> HttpResponse:
    """Take the code, set the cookie of the portal's host, and go where the person wanted to go."""
    row = _portal(portal)
    kept = _kept(request, row)
    if kept is None or not secrets.compare_digest(kept["state"], request.GET.get("state", "")):
        return _redirect("/.hub/start")  # too late, or another browser's: begin anew
    if "error" in request.GET:
        reason = request.GET["error"][:100]
        return render(request, "portals/oidc/refused.html", {"reason": reason}, status=403)
    try:
        tokens = redeem_code(
            client=row.client,
            value=request.GET.get("code", ""),
            redirect_uri=_callback_address(row),
            code_verifier=kept["verifier"],
        )
    except GrantNotValid:
        return _redirect("/.hub/start")
    answer = _redirect(kept["to"])
    lifetime = settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN
    _set_cookie(answer, row, _cookie(row), tokens.access_token, lifetime)
    answer.delete_cookie(_state_cookie(row))
    return answer


@login_not_required
@require_safe
def sign_out(request: HttpRequest, portal: str) -> HttpResponse:
    """Forget the cookie of the portal's host, and lead to the hub's sign-out."""
    row = _portal(portal)
    query = urlencode({"client_id": row.client_id})
    answer = _redirect(absolute(f"{reverse('idp:oidc:logout')}?{query}"))
    answer.delete_cookie(_cookie(row))
    return answer


def _portal(slug: str) -> Portal:
    portal = Portal.objects.filter(slug=slug, client__isnull=False).select_related("client").first()
    if portal is None:
        raise Http404
    return portal


def _is_of(portal: Portal, token: LiveToken) -> bool:
    """Return whether this is an access token for the portal."""
    return token.client_id == portal.client_id and token.type == Token.Type.ACCESS_TOKEN


def _may(portal: Portal, session: SignedIn, wanted: str) -> bool:
    """Return whether the person may do this to a resource of the company they came for."""
    kind, _slash, rest = wanted.partition("/")
    external_id, _slash, privilege = rest.rpartition("/")
    resource = Resource.objects.filter(
        subscription__portal=portal,
        subscription__customer__slug=session.company,
        resource_type__code=kind,
        external_id=external_id,
    ).first()
    person = User.objects.filter(sub=session.person.sub).first()
    if person is None or resource is None:
        return False
    return decide(person, f"{kind}.{privilege}", resource) != Reason.NOT_ALLOWED


def _identity(session: SignedIn) -> dict[str, str]:
    """Return who it is, as headers: what is not ASCII is percent-encoded (UTF-8)."""
    claims: dict[str, Any] = identity_claims(session.person, list(SCOPES))
    claims |= access_claims(session, list(SCOPES))
    values = {
        "Remote-User": claims["preferred_username"],
        "X-Hub-Sub": claims["sub"],
        "X-Hub-Email": claims["email"],
        "X-Hub-Name": claims["name"],
        "X-Hub-Company": claims["company"],
        "X-Hub-Role": claims["role"],
        "X-Hub-Groups": ",".join(claims["groups"]),
    }
    return {name: quote(str(value), safe=" @,/:+'()") for name, value in values.items()}


def _answer(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status=status, headers={"Cache-Control": "no-store", **(headers or {})})


def _redirect(address: str) -> HttpResponse:
    return HttpResponse(status=302, headers={"Location": address, "Cache-Control": "no-store"})


def _callback_address(portal: Portal) -> str:
    parts = urlsplit(portal.home_url)
    return f"{parts.scheme}://{parts.netloc}{CALLBACK}"


def _path(query: str) -> str:
    """Return the path after `to=`, on the portal's host and never another.

    nginx can't encode it, so that it goes on to the end of the query, with its own `&`.
    """
    wanted = query.partition("to=")[2]
    wanted = wanted if wanted.startswith("/") else unquote(wanted)
    parts = urlsplit(wanted)
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc
    return wanted if local and len(wanted) <= 2000 and wanted.isprintable() else "/"


def _is_secure(portal: Portal) -> bool:
    return portal.home_url.startswith("https://")


def _cookie(portal: Portal) -> str:
    return f"{'__Host-' if _is_secure(portal) else ''}hub-{portal.slug}"


def _state_cookie(portal: Portal) -> str:
    return f"{_cookie(portal)}-state"


def _salt(portal: Portal) -> str:
    return f"portals.oidc.forward:{portal.slug}"


def _set_cookie(answer: HttpResponse, portal: Portal, name: str, value: str, age: int) -> None:
    answer.set_cookie(
        name, value, max_age=age, secure=_is_secure(portal), httponly=True, samesite="Lax"
    )


def _kept(request: HttpRequest, portal: Portal) -> dict[str, str] | None:
    text = request.COOKIES.get(_state_cookie(portal), "")
    try:
        kept: dict[str, str] = signing.loads(text, salt=_salt(portal), max_age=STATE_LIFETIME)
    except signing.BadSignature:
        return None
    return kept
