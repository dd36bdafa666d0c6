"""The request as a view behind the sign-in gets it."""

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
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
