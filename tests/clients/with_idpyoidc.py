"""A portal with idpyoidc, of which each act has a service; it verifies logout tokens too."""

from contextlib import suppress
from typing import Any

from cryptojwt import KeyJar
from idpyoidc.client.exception import ResponseError
from idpyoidc.client.oauth2.stand_alone_client import backchannel_logout
from idpyoidc.client.rp_handler import RPHandler

from tests.clients.portal import SCOPES

OIDC, OAUTH = "idpyoidc.client.oidc", "idpyoidc.client.oauth2"
SERVICES = {
    "discovery": f"{OIDC}.provider_info_discovery.ProviderInfoDiscovery",
    "registration": f"{OIDC}.registration.Registration",
    "authorization": f"{OIDC}.authorization.Authorization",
    "accesstoken": f"{OIDC}.access_token.AccessToken",
    "refresh_token": f"{OIDC}.refresh_access_token.RefreshAccessToken",
    "userinfo": f"{OIDC}.userinfo.UserInfo",
    "end_session": f"{OIDC}.end_session.EndSession",
    "introspection": f"{OAUTH}.introspection.Introspection",
    "token_revocation": f"{OAUTH}.token_revocation.TokenRevocation",
    "client_credentials": f"{OAUTH}.client_credentials.CCAccessTokenRequest",
}


class WithIdpyoidc:
    """The library's acts; one person signs in at a time."""

    def __init__(self, hub: str, home: str, client_id: str, client_secret: str) -> None:
        self.hub, self.home = hub, home
        self.credentials = (client_id, client_secret)
        self.method = self.state = ""
        self.client: Any = None

    def _client(self, method: str, client_id: str, client_secret: str) -> Any:
        handler = RPHandler(
            self.home,
            keyjar=KeyJar(),  # it would make keys of its own, which take a while
            client_configs={
                self.hub: {
                    "issuer": self.hub,
                    "provider_info": {"issuer": self.hub},
                    "client_id": client_id,
                    "client_secret": client_secret,
                    "client_type": "oidc",
                    "redirect_uris": [f"{self.home}/callback"],
                    "post_logout_redirect_uris": [f"{self.home}/signed-out"],
                    "response_types": ["code"],
                    "scopes_supported": SCOPES,
                    "token_endpoint_auth_methods_supported": [method],
                    "client_authn_methods": [method, "bearer_header"],
                    "add_ons": {
                        "pkce": {
                            "function": f"{OAUTH}.add_on.pkce.add_support",
                            "kwargs": {
                                "code_challenge_length": 64,
                                "code_challenge_method": "S256",
                            },
                        }
                    },
                    "services": {name: {"class": path} for name, path in SERVICES.items()},
                }
            },
        )
        return handler.client_setup(self.hub)

    def start(self, method: str) -> str:
        self.method = method
        self.client = self._client(method, *self.credentials)
        return self.client.init_authorization()

    def finish(self, query: dict[str, str]) -> dict[str, Any]:
        done = self.client.finalize(query)
        self.state = done["state"]
        refreshed = self.client.refresh_access_token(self.state)
        again = self.client.get_user_info(self.state, refreshed["access_token"])
        about = {"token": refreshed["access_token"], "token_type_hint": "access_token"}
        introspection = self._ask("introspection", about)
        with suppress(ResponseError):  # it expects a text where RFC 7009 expects none
            self._ask("token_revocation", about)
        return {
            "id_token": done["id_token"].to_dict(),
            "userinfo": done["userinfo"].to_dict(),
            "refreshed": again.to_dict(),
            "introspection": introspection.to_dict(),
            "revoked": self._ask("introspection", about).to_dict(),
        }

    def _ask(self, service: str, about: dict[str, str]) -> Any:
        return self.client.do_request(service, request_args=dict(about), authn_method=self.method)

    def sign_out(self) -> str:
        return self.client.logout(self.state, f"{self.home}/signed-out")["url"]

    def signed_out(self, query: dict[str, str]) -> None:
        assert self.client.get_context().cstate.get_base_key(query["state"]) == self.state

    def ended_session(self, logout_token: str) -> str:
        state = backchannel_logout(self.client, request_args={"logout_token": logout_token})
        session = self.client.get_session_information(state)
        return session["__verified_id_token"]["sid"]

    def own_token(self, method: str, client_id: str, client_secret: str) -> dict[str, Any]:
        client = self._client(method, client_id, client_secret)
        client.get_context().cstate.set("own", {})
        answer = client.do_request(
            "client_credentials",
            request_args={"scope": ["access:check"]},
            authn_method=method,
            state="own",
        )
        return answer.to_dict()
