"""Known devices: a signed cookie on each device where a person has signed in.

It is the device cookie that OWASP describes. It signs nobody in and names nobody. It says only that
guesses from here are not a stranger's, so `guesses` counts them apart.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse

from accounts.models import User

LIFETIME = timedelta(days=365)  # no cookie of ours lasts longer (R33)
RENEW_AFTER = timedelta(days=30)
MAX_PEOPLE = 5  # who share a device; the one who signed in first is forgotten first
SEPARATOR = "."


def known_device(request: HttpRequest, person: User, *, within: timedelta = LIFETIME) -> str | None:
    """Return the random name of the device, if this person has signed in on it, else None."""
    for token in _tokens(request):
        if name := _name_in(token, person, within):
            return name
    return None


def has_device_cookie(request: HttpRequest) -> bool:
    """Return whether the device may be known to somebody."""
    return bool(request.COOKIES.get(settings.DEVICE_COOKIE_NAME))


def note_owner(request: HttpRequest | None, person: User) -> None:
    """Note that this request proved to be the person's, though it signs nobody in."""
    if request is not None:
        request._device_owner = person  # type: ignore[attr-defined]


def owner_of_device(request: HttpRequest) -> User | None:
    """Return the person who has proved in this request who they are, else None."""
    if request.user.is_authenticated:
        return request.user
    return getattr(request, "_device_owner", None)


def remember_device(request: HttpRequest, response: HttpResponse, person: User) -> None:
    """Make the device known to the person. It stays known to others who signed in on it."""
    if known_device(request, person, within=RENEW_AFTER):
        return
    others = [token for token in _tokens(request) if not _name_in(token, person, LIFETIME)]
    token = _signer(person).sign(secrets.token_urlsafe(12))
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        SEPARATOR.join([token, *others[: MAX_PEOPLE - 1]]),
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _tokens(request: HttpRequest) -> list[str]:
    kept = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    return kept.split(SEPARATOR)[:MAX_PEOPLE] if kept else []


def _name_in(token: str, person: User, within: timedelta) -> str | None:
    try:
        return _signer(person).unsign(token, max_age=within)
    except BadSignature:  # of another person, forged, or too old
        return None


def _signer(person: User) -> TimestampSigner:
    """Return the signer of one person's devices.

    A new password and the end of all sessions make every device unknown: whoever had the account
    could have collected cookies, each good for some more guesses.
    """
    return TimestampSigner(
        salt=f"accounts.device:{person.sub}:{person.session_epoch}:{person.password}"
    )
