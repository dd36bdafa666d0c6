"""The request as a view behind the sign-in gets it."""

from allauth.account.adapter import get_adapter
from allauth.core.ratelimit import consume_or_429
from django.http import HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails
from rest_framework.request import Request

from accounts.models import User


class PersonRequest(HttpRequest):
    """A request of someone signed in (LoginRequiredMiddleware saw to it), with htmx's details."""

    user: User
    htmx: HtmxDetails


class PersonApiRequest(Request):
    """The same behind an API that wants a signed-in person."""

    user: User


def network_address(request: HttpRequest) -> str:
    """Where a request came from, as the trusted proxies tell it (HUB_TRUSTED_PROXIES)."""
    return str(get_adapter().get_client_ip(request))


def too_many(request: HttpRequest, act: str, key: str) -> HttpResponse | None:
    """The answer to somebody who does this too often, by network address or by `key`; else None.

    The rates are those of signing in's neighbours: ACCOUNT_RATE_LIMITS in the settings.
    """
    refusal: HttpResponse | None = consume_or_429(request, action=act, key=key)
    return refusal
