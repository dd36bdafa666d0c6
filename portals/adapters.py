"""The hub's settings of allauth's token service."""

import secrets
from typing import Any

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import Client
from django.conf import settings

from portals.choices import Scope


class PortalTokenAdapter(DefaultOIDCAdapter):
    """Fixes the issuer, names people by their `sub`, and makes URL-safe secrets."""

    scope_display = {**DefaultOIDCAdapter.scope_display, **dict(Scope.choices)}

    def get_issuer(self) -> str:
        """Return the configured address, whatever the Host header says."""
        return settings.HUB_BASE_URL

    def get_user_sub(self, client: Client, user: Any) -> str:
        """Return the person's stable public id."""
        return str(user.sub)

    def generate_client_secret(self) -> str:
        """Return 256 random bits as text that needs no escaping in URLs."""
        return secrets.token_urlsafe(32)
