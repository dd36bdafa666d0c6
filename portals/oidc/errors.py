"""Errors of the OAuth and OpenID Connect endpoints, under the names of their standards."""

from django.http import JsonResponse

OAUTH_ENDPOINTS = "/identity/o/api/"  # programs call what is below


class OAuthError(Exception):
    """A refusal, with its standard code and a description for developers (in English)."""

    def __init__(self, code: str, description: str = "", status: int = 400) -> None:
        """Keep the `code` (RFC 6749 5.2, OIDC Core 3.1.2.6), the description and the status."""
        super().__init__(description or code)
        self.code = code
        self.description = description
        self.status = status
        self.headers: dict[str, str] = {}

    def parameters(self) -> dict[str, str]:
        """Return the error as the parameters of a response."""
        named = {"error": self.code}
        return named | {"error_description": self.description} if self.description else named

    def response(self) -> JsonResponse:
        """Return the error as the answer to a program; it is never cached."""
        headers = {"Cache-Control": "no-store", **self.headers}
        return JsonResponse(self.parameters(), status=self.status, headers=headers)


class BadToken(OAuthError):
    """A bearer token that opens nothing here (RFC 6750, 3.1)."""

    def __init__(self, code: str = "invalid_token", description: str = "") -> None:
        """Name the error in the challenge too; without a token the challenge names none."""
        super().__init__(code or "invalid_token", description, 403 if "scope" in code else 401)
        challenge = f'Bearer realm="hub", error="{code}"' if code else 'Bearer realm="hub"'
        self.headers["WWW-Authenticate"] = challenge


def early_refusal(status: int, description: str) -> dict[str, str]:
    """Return the content of a refusal that came before the endpoint, as the endpoint puts it."""
    if status == 503:
        code = "temporarily_unavailable"
    else:
        code = "server_error" if status >= 500 else "invalid_request"
    return OAuthError(code, description).parameters()


class UntrustedRequest(Exception):
    """An authorization request whose client or address can't be trusted; people see a page."""
