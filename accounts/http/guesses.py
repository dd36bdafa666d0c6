"""Limits on guesses and on emails that anybody can ask for: none lets a stranger lock a person out.

Guesses of strangers are counted for the account and the network address together, so a stranger
spends only their own. All of them are counted for the account too: guessing from many addresses is
bounded, and then only devices that are known to the person go on. A known device is counted alone.
ACCOUNT_RATE_LIMITS has the rates; a limit that can't be counted refuses.
"""

import hashlib
import secrets
from collections.abc import Iterable

from allauth.core.internal.ratelimit import RateLimitUsage, clear, consume, get_ip
from django.core.cache import cache
from django.http import HttpRequest

from accounts.http.devices import has_device_cookie, known_device
from accounts.models import User

LIFTED_FOR = 24 * 60 * 60  # seconds; every limit's own time is shorter
APP = "allauth.account"  # whose rates are in ACCOUNT_RATE_LIMITS


def count_guess(
    request: HttpRequest, account: str, person: User | None = None
) -> RateLimitUsage | None:
    """Count a guess at an account's secret. Return None once there are too many.

    Roll the usage back after a right guess: it does not count. `account` says whose secret, and
    which. Without `person`, the address is looked up only for a device that is known to somebody:
    a stranger's request takes as long for any address.
    """
    device = known_device(request, person) if person else _device_of(request, account)
    account = _since_lifted(account)
    if device:
        limits = [("device_tries", device), ("device_guesses", device)]
    else:
        limits = [
            ("stranger_tries", account),
            ("stranger_failures", account),
            ("stranger_guesses", _here(request, account)),
            ("strangers_guesses", account),
        ]
    return _count(request, limits, rolled_back=[action for action, _key in limits[1:]])


def forget_strangers(request: HttpRequest, account: str) -> None:
    """Forget the guesses of strangers at an account: its person has just proved who they are."""
    account = _since_lifted(account)
    clear(request, app=APP, action="stranger_guesses", key=_here(request, account))
    clear(request, app=APP, action="strangers_guesses", key=account)


def count_email(request: HttpRequest, kind: str, address: str) -> bool:
    """Count an email that anybody can have sent to an address. Return whether it may be sent.

    `kind` says for what. A device that is known to the person is counted alone. Whoever else asks
    from one place leaves some for the others; above the limit of the address, earlier emails are
    there and their links work.
    """
    if device := _device_of(request, address):
        return _count(request, [("device_emails", f"{kind} {device}")], rolled_back=[]) is not None
    account = _since_lifted(f"{kind} {address}")
    limits = [("emails_from_here", _here(request, account)), ("emails", account)]
    return _count(request, limits, rolled_back=[]) is not None


def forget_emails(request: HttpRequest, kind: str, address: str) -> None:
    """Forget the emails sent to an address: their links have just ended."""
    clear(request, app=APP, action="emails", key=_since_lifted(f"{kind} {address}"))


def lift_limits(accounts: Iterable[str]) -> None:
    """Count guesses and emails of these accounts anew, from whatever place they come.

    `accounts` are as they were counted: an address, a kind of email with an address, or a code of a
    person. Limits of known devices end within minutes by themselves.
    """
    for account in accounts:
        cache.set(_lifted(account), secrets.token_hex(8), LIFTED_FOR)


def _since_lifted(account: str) -> str:
    """Return the account's name in keys, which is another one once its limits were lifted."""
    return f"{account}{cache.get(_lifted(account), '')}"


def _lifted(account: str) -> str:
    return f"limits-lifted-{hashlib.sha256(account.encode()).hexdigest()}"


def _device_of(request: HttpRequest, address: str) -> str | None:
    """Return the name of the device, if it is known to whoever has this address, else None."""
    if not has_device_cookie(request):
        return None
    person = User.objects.filter(email=address).first()
    return known_device(request, person) if person else None


def _here(request: HttpRequest, account: str) -> str:
    """Return a key for an account as seen from this network address (a /64 of IPv6)."""
    return f"{get_ip(request)} {account}"


def _count(
    request: HttpRequest, limits: list[tuple[str, str]], rolled_back: list[str]
) -> RateLimitUsage | None:
    """Count by each limit until one refuses; the last is the one that others share.

    Return what a rollback takes back: the usage of these actions.
    """
    counted = RateLimitUsage(usage=[])
    for action, key in limits:
        usage = consume(request, app=APP, action=action, key=key)
        if usage is None:
            return None
        if action in rolled_back:
            counted.usage += usage.usage
    return counted
