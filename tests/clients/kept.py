"""A signed-in portal with Authlib that lives on: it keeps its tokens and the keys it has read."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oidc.core import CodeIDToken

from tests.clients.browser import Browser
from tests.clients.conftest import SECRET, Clients
from tests.clients.with_authlib import WithAuthlib


class Kept:
    """Alice's session in the portal `kept`, which no back channel tells of its end."""

    def __init__(self, clients: Clients, visitor: Browser) -> None:
        home = clients.homes["authlib"]
        self.portal = WithAuthlib(clients.hub, home, clients.ids["kept"], SECRET)
        self.sign_in(visitor)

    def sign_in(self, visitor: Browser) -> None:
        """Sign in; the portal that listens at the address knows nothing of it, and refuses."""
        client = self.portal.client
        address = self.portal.start("client_secret_basic")
        if client is not None:  # go on with the keys that were read before
            self.portal.client = client
            address = client.authorize_redirect(
                self.portal.request, f"{self.portal.home}/callback"
            ).url
        page = visitor.open(address)
        self.portal.request.GET = dict(parse_qsl(urlsplit(page.url).query))
        self.token = self.portal.client.authorize_access_token(self.portal.request)

    def read(self, id_token: str) -> dict[str, Any]:
        """Verify an ID token with the keys that the library has, or asks for. Raises JoseError."""
        return self.portal.client.parse_id_token(
            {"id_token": id_token},
            None,
            {"aud": {"value": self.portal.credentials[0]}},
            CodeIDToken,
        )

    def refresh(self, value: str) -> dict[str, Any]:
        """Refresh, and return the tokens."""
        return self.portal.client.fetch_access_token(
            grant_type="refresh_token", refresh_token=value
        )

    def userinfo(self, token: dict[str, Any]) -> Any:
        """Return the answer of userinfo to an access token."""
        endpoint = self.portal.client.load_server_metadata()["userinfo_endpoint"]
        bearer = {"access_token": token["access_token"], "token_type": "Bearer"}
        return self.portal.client.get(endpoint, token=bearer)

    def introspect(self, value: str) -> dict[str, Any]:
        """Return what the hub says of a token."""
        metadata = self.portal.client.load_server_metadata()
        with self.portal.client._get_oauth_client(**metadata) as session:
            answer = session.introspect_token(
                metadata["introspection_endpoint"], token=value, token_type_hint="access_token"
            )
        return answer.json()
