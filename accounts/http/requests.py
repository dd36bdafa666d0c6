"""Requests of signed-in people, their network address, and one rate limit."""

from allauth.account.adapter import get_adapter
from allauth.core.ratelimit import consume, consume_or_429
from django.http import HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails
from rest_framework.request import Request

from accounts.models import User


class PersonRequest(HttpRequest):
    """A request of a signed-in person (see SignInRequired), with htmx's details."""

    user: User
    htmx: HtmxDetails


class PersonApiRequest(Request):
    """An API request of a signed-in person."""

    user: User


def network_address(request: HttpRequest) -> str:
    """Return the client's address as the trusted proxies report it (HUB_TRUSTED_PROXIES)."""
    return str(get_adapter().get_client_ip(request))


def rate_limited(
    request: HttpRequest, action: str, key: str, *, is_get: bool = False
) -> HttpResponse | None:
    """Count this action. Return the 429 page once it comes too often, else None.

    It is counted by network address and by `key`; ACCOUNT_RATE_LIMITS has the rates. allauth counts
    no GET unless it is told to.
    """
    refusal: HttpResponse | None = consume_or_429(request, action=action, key=key, limit_get=is_get)
    return refusal


def comes_too_often(request: HttpRequest, action: str, key: str) -> bool:
    """Count this action as `rate_limited` does; return whether it comes too often."""
    return not consume(request, action=action, key=key)
