"""Sensitive acts want a fresh sign-in."""

from datetime import datetime, timedelta

from allauth.core.exceptions import ReauthenticationRequired
from django.utils import timezone

FRESH = timedelta(minutes=5)


class FreshSignInRequired(ReauthenticationRequired):
    """The act wants a sign-in within the last five minutes.

    No view catches it: allauth's middleware leads to the sign-in and back to the act.
    """


def require_fresh_sign_in(signed_in_at: datetime | None) -> None:
    """Raise FreshSignInRequired unless the actor proved who they are within FRESH.

    In: when they last did, as accounts.adapters.signed_in_at says; None for never.
    """
    if signed_in_at is None or timezone.now() - signed_in_at > FRESH:
        raise FreshSignInRequired
