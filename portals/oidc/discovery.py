"""OpenID Connect Discovery, and the public keys; they say exactly what works."""

from allauth.idp.oidc.adapter import get_adapter
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from portals.choices import Scope, SignInScope
from portals.oidc.clients import METHODS
from portals.oidc.endpoints import GRANTS
from portals.oidc.methods import ACR_VALUES
from portals.oidc.requests import CLAIMS, PROMPTS
from portals.tokens import ALGORITHM, public_keys

ENDPOINTS = {
    "authorization_endpoint": "idp:oidc:authorization",
    "token_endpoint": "idp:oidc:token",
    "userinfo_endpoint": "idp:oidc:userinfo",
    "introspection_endpoint": "idp:oidc:introspect",
    "revocation_endpoint": "idp:oidc:revoke",
    "end_session_endpoint": "idp:oidc:logout",
    "jwks_uri": "idp:oidc:jwks",
}
ID_TOKEN_CLAIMS = {
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "sid",
}
ACCESS_CLAIMS = {
    "company",
    "company_name",
    "role",
    "groups",
    "permissions",
    "permissions_complete",
}


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def openid_configuration(request: HttpRequest) -> JsonResponse:
    """Return the provider's metadata (OIDC Discovery 1.0, RFC 8414, RFC 9207)."""
    issuer = get_adapter().get_issuer()
    return _public(
        {
            "issuer": issuer,
            **{name: issuer + reverse(view) for name, view in ENDPOINTS.items()},
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(GRANTS),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "scopes_supported": [*SignInScope.values, *Scope.values],
            "claims_supported": sorted(ID_TOKEN_CLAIMS | CLAIMS | ACCESS_CLAIMS),
            "claims_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": sorted(PROMPTS),
            "acr_values_supported": ACR_VALUES,
            "ui_locales_supported": ["en", "fr"],
            "token_endpoint_auth_methods_supported": METHODS,
            "introspection_endpoint_auth_methods_supported": METHODS,
            "revocation_endpoint_auth_methods_supported": METHODS,
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "authorization_response_iss_parameter_supported": True,
        }
    )


@login_not_required
@require_safe
def jwks(request: HttpRequest) -> JsonResponse:
    """Return the public keys (RFC 7517); a portal asks again before the next one drops out."""
    response = _public({"keys": public_keys()})
    response["Cache-Control"] = f"public, max-age={get_adapter().get_jwks_cache_control()}"
    return response


def _public(answer: dict[str, object]) -> JsonResponse:
    return JsonResponse(answer, headers={"Access-Control-Allow-Origin": "*"})
