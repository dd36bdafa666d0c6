"""The token endpoint for portals, and its OpenID configuration.

allauth's token service does the work. Only the client credentials grant is available; the other
endpoints of allauth's provider are not mounted.
"""

from urllib.parse import unquote_plus

from allauth.core.internal.httpkit import extract_basic_auth
from allauth.idp.oidc import views as oidc
from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.http import comes_too_often
from portals.choices import Scope

GUESSING_PAUSE = "60"  # seconds; the rate in ACCOUNT_RATE_LIMITS is per minute


@csrf_exempt
@login_not_required
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """Give an access token for client credentials (RFC 6749, 4.4); errors as its section 5.2."""
    grant_type = request.POST.get("grant_type", "")
    if not grant_type:
        return _refusal("invalid_request", "Send grant_type=client_credentials as a form.")
    if grant_type != Client.GrantType.CLIENT_CREDENTIALS:
        return _refusal("unsupported_grant_type", "Only client_credentials is open.")
    if problem := _credentials_problem(request):
        return _refusal("invalid_request", problem)
    try:
        response: HttpResponse = oidc.token(request)
    except ValidationError:  # allauth raises it for bad resource indicators (RFC 8707)
        return _refusal("invalid_target", "A resource is an absolute URI without a fragment.")
    except (DataError, ValueError):  # PostgreSQL refuses a NUL character
        return _refusal("invalid_request", "A value holds characters it cannot hold.")
    if response.status_code == 401:
        return _refuse_wrong_secret(request, response)
    return response


def _refuse_wrong_secret(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Count a wrong secret, by source and by client, and answer 429 once there are too many.

    Only wrong secrets are counted and refused: nobody locks a portal out by guessing its secret
    (frappe/frappe#41542, keycloak/keycloak#30077).
    """
    basic_id, _secret = extract_basic_auth(dict(request.headers))
    client_id = basic_id or request.POST.get("client_id", "")
    if not comes_too_often(request, "wrong_secret", client_id):
        return response
    refusal = _refusal("invalid_client", "Too many wrong secrets. Wait before you try again.", 429)
    refusal["Retry-After"] = GUESSING_PAUSE
    return refusal


def _credentials_problem(request: HttpRequest) -> str:
    """Return what is wrong with the way the client names itself, "" if nothing.

    A client names itself once (RFC 6749, 2.3 and 5.2). With HTTP Basic it may send its id in the
    form too, but only the same id: otherwise it is unclear whose token it asks for. An empty value
    counts as none (3.2).
    """
    for name in ("grant_type", "client_id", "client_secret", "scope"):
        if len(request.POST.getlist(name)) > 1:
            return f"Send {name} once."
    basic_id, _secret = extract_basic_auth(dict(request.headers))
    if basic_id is None:
        return ""
    if (request.POST.get("client_id") or basic_id) not in (basic_id, unquote_plus(basic_id)):
        return "The client_id of the form differs from the one in the Authorization header."
    if request.POST.get("client_secret"):
        return "Send the client's secret once: in the Authorization header or in the form."
    return ""


def _refusal(error: str, description: str, status: int = 400) -> JsonResponse:
    return JsonResponse({"error": error, "error_description": description}, status=status)


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def openid_configuration(request: HttpRequest) -> JsonResponse:
    """Return what this OpenID provider supports."""
    issuer = get_adapter().get_issuer()
    return JsonResponse(
        {
            "issuer": issuer,
            "token_endpoint": issuer + reverse("idp:oidc:token"),
            "jwks_uri": issuer + reverse("idp:oidc:jwks"),
            "grant_types_supported": [Client.GrantType.CLIENT_CREDENTIALS],
            "response_types_supported": [],
            "scopes_supported": Scope.values,
            "token_endpoint_auth_methods_supported": [
                Client.AuthenticationMethod.CLIENT_SECRET_BASIC,
                Client.AuthenticationMethod.CLIENT_SECRET_POST,
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )
