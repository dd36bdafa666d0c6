"""The hub's settings of allauth's token service."""

import secrets
from typing import Any, Literal

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import Client, PrivateKey
from django.conf import settings

from portals.choices import Scope
from portals.selectors.signing_keys import kept_keys


class PortalTokenAdapter(DefaultOIDCAdapter):
    """Fixes the issuer, names people by their `sub`, and makes URL-safe secrets."""

    scope_display = {**DefaultOIDCAdapter.scope_display, **dict(Scope.choices)}

    def get_issuer(self) -> str:
        """Return the configured address, whatever the Host header says."""
        return settings.HUB_BASE_URL

    def list_private_keys(
        self,
        *,
        did_activate: Literal[True] | None = None,
        is_active: Literal[True] | None = None,
    ) -> list[PrivateKey]:
        """Return the configured key, if any, and the rotated ones; the newest active one signs."""
        keys = super().list_private_keys(did_activate=did_activate, is_active=is_active)
        return keys + kept_keys(did_activate=bool(did_activate), is_active=bool(is_active))

    def get_user_sub(self, client: Client, user: Any) -> str:
        """Return the person's stable public id."""
        return str(user.sub)

    def generate_client_secret(self) -> str:
        """Return 256 random bits in hex: safe in URLs and, without "-", on a command line."""
        return secrets.token_hex(32)
