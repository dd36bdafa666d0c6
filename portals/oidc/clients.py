"""Authentication of portals by their client secret (RFC 6749, 2.3)."""

import base64
from typing import NoReturn
from urllib.parse import unquote_plus

from allauth.idp.oidc.models import Client
from django.http import HttpRequest

from accounts.http import comes_too_often
from portals.hashers import KeyedHasher
from portals.oidc.errors import OAuthError
from portals.oidc.parameters import is_printable

GUESSING_PAUSE = "60"  # seconds; the rate in ACCOUNT_RATE_LIMITS is per minute
CREDENTIALS = ("client_id", "client_secret")  # the parameters of a form
METHODS = ["client_secret_basic", "client_secret_post"]


def authenticate_client(request: HttpRequest, parameters: dict[str, str]) -> Client:
    """Return the client of a portal that named itself once and knew its secret.

    Raises OAuthError: `invalid_request` where it named itself twice, `invalid_client` for a wrong
    secret, with 429 once there are too many. Only wrong secrets are counted and refused: nobody
    locks a portal out by guessing its secret (frappe/frappe#41542, keycloak/keycloak#30077).
    """
    client_id, secrets = named_client(request.headers.get("Authorization", ""), parameters)
    clients = Client.objects.filter(portal__isnull=False).select_related("portal")
    clients = clients.only("secret", "portal__kind")
    try:
        client: Client = clients.get(pk=client_id if secrets else "")
    except Client.DoesNotExist:
        refuse_client(request, client_id)
    if not knows_secret(secrets, client.secret):
        refuse_client(request, client_id)
    return client


def knows_secret(secrets: list[str], kept: str) -> bool:
    """Return whether one of these is the secret that is kept in this form.

    A secret is never kept by a slow hasher, which would hold up everybody on the front.
    """
    hasher = KeyedHasher()
    is_quick = kept.startswith(f"{hasher.algorithm}$")
    return is_quick and any(hasher.verify(secret, kept) for secret in secrets)


def refuse_client(request: HttpRequest, client_id: str) -> NoReturn:
    """Count a wrong secret and raise OAuthError, as authenticate_client does."""
    if comes_too_often(request, "wrong_secret", client_id):
        error = OAuthError(
            "invalid_client", "Too many wrong secrets. Wait before you try again.", 429
        )
        error.headers["Retry-After"] = GUESSING_PAUSE
        raise error
    error = OAuthError("invalid_client", status=401)
    error.headers["WWW-Authenticate"] = 'Basic realm="hub"'
    raise error


def named_client(authorization: str, parameters: dict[str, str]) -> tuple[str, list[str]]:
    """Return the client's id, and the secrets that it may mean.

    HTTP Basic carries both form-encoded (RFC 6749, 2.3.1), but many clients send them as they are.
    With Basic, a client may send its id in the form too, but only the same id: otherwise it is
    unclear whose token it asks for.
    """
    basic_id, basic_secret = _basic_credentials(authorization)
    form_id, form_secret = parameters.get("client_id", ""), parameters.get("client_secret", "")
    if not basic_id:
        return form_id, [form_secret] if form_secret else []
    client_id = unquote_plus(basic_id)
    if not is_printable(basic_id + basic_secret + client_id):
        raise OAuthError("invalid_request", "A value holds characters it cannot hold.")
    if (form_id or basic_id) not in (basic_id, client_id):
        raise OAuthError(
            "invalid_request",
            "The client_id of the form differs from the one in the Authorization header.",
        )
    if form_secret:
        raise OAuthError(
            "invalid_request",
            "Send the client's secret once: in the Authorization header or in the form.",
        )
    return client_id, list(dict.fromkeys([unquote_plus(basic_secret), basic_secret]))


def _basic_credentials(authorization: str) -> tuple[str, str]:
    """Return id and secret as an Authorization header holds them (RFC 7617), or two "".

    They are UTF-8. Where the bytes are not, they are Latin-1, which Authlib sends.
    """
    scheme, _space, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        pair = base64.b64decode(encoded)
    except ValueError:
        return "", ""
    try:
        text = pair.decode()
    except UnicodeDecodeError:
        text = pair.decode("latin-1")
    client_id, _colon, secret = text.partition(":")
    return (client_id, secret) if client_id and secret else ("", "")
