"""Read from a provider's claims the verified address, and the proof of a second factor."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

from accounts.validators import normalise_address

# Microsoft's hosts: any tenant writes any address into `email` there ("nOAuth").
ENTRA_HOSTS = {
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "sts.windows.net",
}
# Methods (RFC 8176) that stand for a second factor beside a password.
SECOND_METHODS = {"otp", "hwk", "swk", "sc", "sms", "tel", "fpt", "face", "iris", "retina", "vbm"}
KNOWN_METHODS = SECOND_METHODS | {"pwd", "pin", "kba", "geo", "rba", "user", "wia"}
STRONG_ACR = "https://refeds.org/profile/mfa"


def is_entra(issuer: str) -> bool:
    """Return whether the issuer is a tenant of Microsoft Entra."""
    return urlsplit(issuer).hostname in ENTRA_HOSTS


def verified_address(claims: dict[str, Any], issuer: str) -> str:
    """Return the address, as the hub stores it, that the provider says it has verified; else "".

    Entra has no `email_verified`. There `xms_edov` says that the address's domain was verified.
    """
    if is_entra(issuer):
        is_verified = claims.get("xms_edov") in (True, "1", "true")
    else:
        is_verified = claims.get("email_verified") is True or claims.get("email_verified") == "true"
    address = claims.get("email")
    if not is_verified or not isinstance(address, str):
        return ""
    try:
        return normalise_address(address)
    except ValidationError:
        return ""


def methods_of(claims: dict[str, Any]) -> list[str]:
    """Return the methods (amr) that the provider names, those in RFC 8176 without `mfa`."""
    return [method for method in dict.fromkeys(_named(claims)) if method in KNOWN_METHODS]


def proves_second_factor(claims: dict[str, Any], strong_acr: Iterable[str]) -> bool:
    """Return whether the provider says that more than a password was proven.

    `strong_acr` are the values of `acr` that mean it at this provider.
    """
    methods = _named(claims)
    if "mfa" in methods or ("pwd" in methods and SECOND_METHODS.intersection(methods)):
        return True
    return claims.get("acr") in [STRONG_ACR, *strong_acr]


def _named(claims: dict[str, Any]) -> list[str]:
    named = claims.get("amr")
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
