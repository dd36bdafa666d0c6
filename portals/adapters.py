"""Our rules inside allauth's token service."""

import secrets
from typing import Any

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import Client
from django.conf import settings

from portals.choices import Scope


class PortalTokenAdapter(DefaultOIDCAdapter):
    """Pins the issuer, names people by their `sub`, makes URL-safe secrets."""

    scope_display = {**DefaultOIDCAdapter.scope_display, **dict(Scope.choices)}

    def get_issuer(self) -> str:
        """The configured address, whatever Host header came (real-portals.md section 3, 17)."""
        return settings.HUB_BASE_URL

    def get_user_sub(self, client: Client, user: Any) -> str:
        """The person's stable public id."""
        return str(user.sub)

    def generate_client_secret(self) -> str:
        """256 random bits without characters that need escaping (real-portals.md section 3, 10)."""
        return secrets.token_urlsafe(32)
