"""Sensitive acts want a fresh sign-in."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

FRESH = timedelta(minutes=5)


class FreshSignInRequired(ValidationError):
    """The act wants a sign-in within the last five minutes; pages lead there and back."""


def require_fresh_sign_in(signed_in_at: datetime | None) -> None:
    """Raise FreshSignInRequired unless the actor proved who they are within FRESH.

    In: when they last did, as accounts.adapters.signed_in_at says; None for never.
    """
    if signed_in_at is None or timezone.now() - signed_in_at > FRESH:
        raise FreshSignInRequired(_("This right is sensitive. Please sign in again first."))
