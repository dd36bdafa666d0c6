"""A portal with Authlib: its client for Django, as in the reference portal.

Authlib verifies no logout tokens; joserfc, which it builds on, does.
"""

from types import SimpleNamespace
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.django_client import OAuth
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.clients.portal import SCOPES

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class WithAuthlib:
    """The library's acts; one person signs in at a time."""

    def __init__(self, hub: str, home: str, client_id: str, client_secret: str) -> None:
        self.hub, self.home = hub, home
        self.credentials = (client_id, client_secret)
        self.request = SimpleNamespace(method="GET", GET={}, session={})
        self.client: Any = None
        self.id_token = ""

    def _client(self, method: str, client_id: str, client_secret: str) -> Any:
        return OAuth().register(
            "hub",
            server_metadata_url=f"{self.hub}/.well-known/openid-configuration",
            client_id=client_id,
            client_secret=client_secret,
            client_kwargs={
                "scope": " ".join(SCOPES),
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": method,
                "revocation_endpoint_auth_method": method,
            },
        )

    def start(self, method: str) -> str:
        self.client = self._client(method, *self.credentials)
        return self.client.authorize_redirect(self.request, f"{self.home}/callback").url

    def finish(self, query: dict[str, str]) -> dict[str, Any]:
        self.request.GET = query
        token = self.client.authorize_access_token(self.request)
        self.id_token = token["id_token"]
        userinfo = self.client.userinfo(token=token)
        refreshed = self.client.fetch_access_token(
            grant_type="refresh_token", refresh_token=token["refresh_token"]
        )
        again = self.client.userinfo(token=refreshed)
        metadata = self.client.load_server_metadata()
        about = {"token": refreshed["access_token"], "token_type_hint": "access_token"}
        with self.client._get_oauth_client(**metadata) as session:
            introspection = session.introspect_token(metadata["introspection_endpoint"], **about)
            session.revoke_token(metadata["revocation_endpoint"], **about)
            revoked = session.introspect_token(metadata["introspection_endpoint"], **about)
        return {
            "id_token": token["userinfo"],
            "userinfo": userinfo,
            "refreshed": again,
            "introspection": introspection.json(),
            "revoked": revoked.json(),
        }

    def sign_out(self) -> str:
        answer = self.client.logout_redirect(
            self.request, f"{self.home}/signed-out", id_token_hint=self.id_token
        )
        return answer.url

    def signed_out(self, query: dict[str, str]) -> None:
        self.request.GET = query
        self.client.validate_logout_response(self.request)

    def ended_session(self, logout_token: str) -> str:
        metadata = self.client.load_server_metadata()
        keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=5).json())
        token = jwt.decode(logout_token, keys, algorithms=["RS256"])
        assert token.header["typ"] == "logout+jwt"
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": metadata["issuer"]},
            aud={"essential": True, "value": self.credentials[0]},
            iat={"essential": True},
            exp={"essential": True},
            jti={"essential": True},
            events={"essential": True, "value": {EVENT: {}}},
        ).validate(token.claims)
        assert "nonce" not in token.claims
        return token.claims["sid"]

    def own_token(self, method: str, client_id: str, client_secret: str) -> dict[str, Any]:
        client = self._client(method, client_id, client_secret)
        client.client_kwargs["scope"] = "access:check"
        try:
            return client.fetch_access_token(grant_type="client_credentials")
        except (OAuthError, UnicodeEncodeError) as error:
            return {"error": getattr(error, "error", str(error))}
