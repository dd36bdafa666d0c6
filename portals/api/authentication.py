"""Authentication of portals by access token (RFC 6750); sessions are never accepted."""

from dataclasses import dataclass
from typing import Any

from allauth.idp.oidc.internal.resources import is_resources_subset
from allauth.idp.oidc.models import Token
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portals.choices import Scope
from portals.models import Portal

CHALLENGE = 'Bearer realm="hub"'
TOKEN_LENGTH = 4096


@dataclass(frozen=True)
class Caller:
    """The portal that calls, and the scopes of its token."""

    portal: Portal
    scopes: frozenset[str]


class InvalidToken(AuthenticationFailed):
    """The token is unknown, expired or not a portal's; the answer doesn't say which."""

    default_code = "invalid_token"
    default_detail = _("The access token is unknown, expired or does not belong to a portal.")


class InsufficientScope(PermissionDenied):
    """The token is valid but lacks the scope."""

    default_code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        """Name the missing scope in the message and the header."""
        super().__init__(_("The access token does not have the scope %s.") % scope)
        self.auth_header = f'{CHALLENGE}, error="insufficient_scope", scope="{scope}"'


def live_portal_token(value: str) -> Token | None:
    """Return a portal's own access token that is valid now, with its portal; else None."""
    token: Token | None = (
        Token.objects.valid()
        .by_value(value)
        .filter(type=Token.Type.ACCESS_TOKEN, user=None, client__portal__isnull=False)
        .select_related("client__portal")
        .first()
    )
    return token


class PortalAuthentication(BaseAuthentication):
    """Bearer token authentication; `request.auth` becomes a Caller."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller] | None:
        """Return the caller, or None without an Authorization header. Raises InvalidToken."""
        header = request.headers.get("Authorization")
        if not header:
            return None
        scheme, _space, value = header.partition(" ")
        value = value.strip()
        if scheme.lower() != "bearer" or not value.isascii() or not 0 < len(value) <= TOKEN_LENGTH:
            raise InvalidToken
        token = live_portal_token(value)
        if token is None or token.client is None:
            raise InvalidToken
        audience = token.get_resources()
        url = f"{settings.HUB_BASE_URL}{request.path}"
        if audience and not is_resources_subset([url], audience):
            raise InvalidToken
        return AnonymousUser(), Caller(token.client.portal, frozenset(token.get_scopes()))

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401; without credentials it names no error (RFC 6750, 3.1)."""
        if not request.headers.get("Authorization"):
            return CHALLENGE
        return f'{CHALLENGE}, error="invalid_token"'


class HasScope(BasePermission):
    """Require the scope that the view names in `scope`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Return False without a caller, which is a 401. Raises InsufficientScope."""
        if not isinstance(request.auth, Caller):
            return False
        if view.scope not in request.auth.scopes:
            raise InsufficientScope(view.scope)
        return True


class PortalAuthenticationScheme(OpenApiAuthenticationExtension):
    """The OpenAPI description of this authentication."""

    target_class = "portals.api.authentication.PortalAuthentication"
    name = "portal"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Describe OAuth 2.0 client credentials."""
        return {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "/identity/o/api/token",
                    "scopes": {scope.value: str(scope.label) for scope in Scope},
                }
            },
        }
