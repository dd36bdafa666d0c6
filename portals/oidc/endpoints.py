"""The endpoints that portals' programs call: token, userinfo, introspection and revocation."""

from collections.abc import Callable
from functools import wraps

from allauth.idp.oidc.internal.resources import validate_resources
from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from portals.choices import SignInScope, scopes_for
from portals.decision.prepared import at_once
from portals.oidc.clients import CREDENTIALS, authenticate_client, refuse_client
from portals.oidc.errors import BadToken, OAuthError
from portals.oidc.id_tokens import claims_about, id_token_for
from portals.oidc.introspection import answer_question, read_question
from portals.oidc.parameters import is_printable, read_parameters, split_list
from portals.selectors.live_tokens import access_claims, find_at_once, live_token
from portals.services.credentials import issue_portal_token
from portals.services.portal_sessions import (
    GrantNotValid,
    IssuedTokens,
    ScopeNotGranted,
    redeem_code,
    refresh_tokens,
    revoke_token,
)

TOKEN_PARAMETERS = (
    "grant_type",
    *CREDENTIALS,
    "scope",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
)


def _for_programs(
    view: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Make a view open to programs, and answer its refusals in the shape of RFC 6749, 5.2."""

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except OAuthError as error:
            return error.response()

    return answer


@_for_programs
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Give tokens for a code, a refresh token or client credentials (RFC 6749, 4.1, 4.4 and 6)."""
    parameters = read_parameters(request.POST, names=TOKEN_PARAMETERS)
    grant = parameters.get("grant_type", "")
    if not grant:
        raise OAuthError("invalid_request", "Send grant_type as a form.")
    if grant not in GRANTS:
        raise OAuthError("unsupported_grant_type", f"grant_type is {', '.join(GRANTS)}.")
    client = authenticate_client(request, parameters)
    try:
        return GRANTS[grant](request, client, parameters)
    except GrantNotValid as refusal:
        raise OAuthError("invalid_grant", str(refusal)) from refusal
    except ScopeNotGranted as refusal:
        raise OAuthError("invalid_scope", "The scope goes beyond what was granted.") from refusal


def _by_code(request: HttpRequest, client: Client, parameters: dict[str, str]) -> HttpResponse:
    if "code" not in parameters:
        raise OAuthError("invalid_request", "code is missing.")
    tokens = redeem_code(
        client=client,
        value=parameters["code"],
        redirect_uri=parameters.get("redirect_uri", ""),
        code_verifier=parameters.get("code_verifier", ""),
    )
    return _tokens_response(tokens)


def _by_refresh_token(
    request: HttpRequest, client: Client, parameters: dict[str, str]
) -> HttpResponse:
    if "refresh_token" not in parameters:
        raise OAuthError("invalid_request", "refresh_token is missing.")
    tokens = refresh_tokens(
        client=client,
        value=parameters["refresh_token"],
        scopes=split_list(parameters.get("scope", "")),
    )
    return _tokens_response(tokens)


def _by_credentials(
    request: HttpRequest, client: Client, parameters: dict[str, str]
) -> HttpResponse:
    """Give a token for the access API (Scope); it is nobody's."""
    possible = scopes_for(client.portal.kind)
    scopes = split_list(parameters.get("scope", "")) or possible
    if not set(scopes) <= set(possible):
        raise OAuthError("invalid_scope", f"scope holds some of {', '.join(possible)}.")
    resources = request.POST.getlist("resource")
    try:
        if not all(is_printable(resource) for resource in resources):
            raise ValidationError("no database could keep it")
        validate_resources(resources)
    except (ValidationError, ValueError) as error:
        reason = "A resource is an absolute URI without a fragment."
        raise OAuthError("invalid_target", reason) from error
    value = issue_portal_token(client=client, scopes=scopes, resources=resources)
    return _response({"access_token": value, "scope": " ".join(scopes)})


GRANTS = {
    "authorization_code": _by_code,
    "refresh_token": _by_refresh_token,
    "client_credentials": _by_credentials,
}


def _tokens_response(tokens: IssuedTokens) -> HttpResponse:
    answer = {"access_token": tokens.access_token, "scope": " ".join(tokens.scopes)}
    if tokens.refresh_token:
        answer["refresh_token"] = tokens.refresh_token
    if SignInScope.OPENID in tokens.scopes:
        answer["id_token"] = id_token_for(tokens)
    return _response(answer)


def _response(answer: dict[str, str]) -> JsonResponse:
    lifetime = settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN
    return JsonResponse(
        {"token_type": "Bearer", "expires_in": lifetime, **answer},
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )


@_for_programs
@require_http_methods(["GET", "HEAD", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """Return the claims of a person to a portal that holds their access token (OIDC Core 5.3)."""
    token = live_token(_bearer_token(request))
    if token is None or token.session is None or token.type != Token.Type.ACCESS_TOKEN:
        raise BadToken
    if SignInScope.OPENID not in token.scopes:
        raise BadToken("insufficient_scope", "The token lacks the scope openid.")
    asked = token.session.claims.get("userinfo", [])
    claims = claims_about(token.session.person, token.scopes, asked)
    claims |= access_claims(token.session, token.scopes)
    return JsonResponse(claims, headers={"Cache-Control": "no-store"})


def _bearer_token(request: HttpRequest) -> str:
    """Return the token of the header or the form, never of the address (RFC 6750, 2)."""
    scheme, _space, header = request.headers.get("Authorization", "").partition(" ")
    form = request.POST.get("access_token", "")
    if header and form:
        raise OAuthError("invalid_request", "Send the access token once.")
    if scheme and scheme.lower() != "bearer":
        raise BadToken("")
    value = header.strip() or form
    if not value:
        raise BadToken("")
    return value


@_for_programs
@require_POST
def introspect(request: HttpRequest) -> HttpResponse:
    """Tell a portal about a token of its own (RFC 7662); hub/front/ answers most calls ahead."""
    question = read_question(request.POST, request.headers.get("Authorization", ""))
    told = at_once(answer_question(question, find_at_once))
    if told is None:
        refuse_client(request, question.client_id)
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


@_for_programs
@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Revoke a token of the calling portal (RFC 7009); the answer to any other is the same."""
    parameters = read_parameters(request.POST, names=("token", *CREDENTIALS))
    client = authenticate_client(request, parameters)
    if "token" not in parameters:
        raise OAuthError("invalid_request", "token is missing.")
    revoke_token(client=client, value=parameters["token"])
    return HttpResponse(headers={"Cache-Control": "no-store"})
