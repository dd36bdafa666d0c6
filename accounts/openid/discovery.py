"""Read a provider's own description (OpenID Connect Discovery 1.0)."""

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from accounts.openid.outgoing import ProviderUnreachable, fetch, is_https

WELL_KNOWN = "/.well-known/openid-configuration"
KEPT_FOR = 600  # seconds, so that a provider that moves is followed soon
ISSUER_LENGTH = 500


class UnfitProvider(Exception):
    """The document is not of this issuer, or says that the hub can't sign in there."""


@dataclass(frozen=True)
class Provider:
    """A provider's addresses and abilities, checked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    by_basic: bool  # whether the client secret goes into the Authorization header
    says_issuer: bool  # in the response, against mix-up (RFC 9207)
    takes_claims: bool


def find_provider(address: str) -> Provider:
    """Ask the provider at an address, the issuer's or that of its document.

    Raises as discover. The slash that some issuers end in is not in a document's address.
    """
    issuer = address.strip().removesuffix(WELL_KNOWN)
    document = _document(issuer)
    return _checked(f"{issuer}/" if document.get("issuer") == f"{issuer}/" else issuer, document)


def discover(issuer: str) -> Provider:
    """Ask a provider for its document. Raises ProviderUnreachable; UnfitProvider.

    The issuer must be the very one that was asked: a document of many tenants, or of another host,
    is refused.
    """
    return _checked(issuer, _document(issuer))


def _document(issuer: str) -> dict[str, Any]:
    if not is_https(issuer) or len(issuer) > ISSUER_LENGTH or "?" in issuer or "#" in issuer:
        raise UnfitProvider("the address is not one of https")
    return fetch(issuer.rstrip("/") + WELL_KNOWN)


def known_provider(issuer: str) -> Provider:
    """Return the same, asked within the last minutes. Raises as discover."""
    key = f"company_provider:{issuer}"
    provider: Provider | None = cache.get(key)
    if provider is None:
        provider = discover(issuer)
        cache.set(key, provider, KEPT_FOR)
    return provider


def _checked(issuer: str, document: dict[str, Any]) -> Provider:
    said = document.get("issuer")
    if said != issuer:
        raise UnfitProvider(f"the document is of the issuer {str(said)[:200]}")
    addresses = {
        name: document.get(name)
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    }
    for name, address in addresses.items():
        if not is_https(address):
            raise UnfitProvider(f"{name} is not an address of https")
    userinfo = document.get("userinfo_endpoint") or ""
    if userinfo and not is_https(userinfo):
        raise UnfitProvider("userinfo_endpoint is not an address of https")
    if "code" not in _listed(document, "response_types_supported", ["code"]):
        raise UnfitProvider("it doesn't give codes")
    if "S256" not in _listed(document, "code_challenge_methods_supported", ["S256"]):
        raise UnfitProvider("it can't check a code challenge (PKCE, S256)")
    methods = _listed(document, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if not {"client_secret_basic", "client_secret_post"} & set(methods):
        raise UnfitProvider("it takes no client secret")
    return Provider(
        issuer=issuer,
        userinfo_endpoint=userinfo,
        by_basic="client_secret_basic" in methods,
        says_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        takes_claims=document.get("claims_parameter_supported") is True
        or issuer == "https://accounts.google.com",  # which does, and doesn't say so
        **addresses,  # type: ignore[arg-type]
    )


def _listed(document: dict[str, Any], name: str, default: list[str]) -> list[Any]:
    """Return a list of the document; `default` where it has none, as the specification says."""
    values = document.get(name, default)
    return values if isinstance(values, list) else []


__all__ = [
    "Provider",
    "ProviderUnreachable",
    "UnfitProvider",
    "discover",
    "find_provider",
    "known_provider",
]
