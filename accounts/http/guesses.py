"""Limits on guesses and on emails that anybody can ask for: none lets a stranger lock a person out.

Guesses of strangers are counted for the account and the network address together, so a stranger
spends only their own. All of them are counted for the account too: guessing from many addresses is
bounded, and then only devices that are known to the person go on. A known device is counted alone.
ACCOUNT_RATE_LIMITS has the rates; a limit that can't be counted refuses.
"""

from allauth.core.internal.ratelimit import RateLimitUsage, clear, consume, get_ip
from django.http import HttpRequest

from accounts.http.devices import has_device_cookie, known_device
from accounts.models import User

APP = "allauth.account"  # whose rates are in ACCOUNT_RATE_LIMITS


def count_guess(
    request: HttpRequest, account: str, person: User | None = None
) -> RateLimitUsage | None:
    """Count a guess at an account's secret. Return None once there are too many.

    Roll the usage back after a right guess: it does not count. `account` says whose secret, and
    which. Without `person`, the address is looked up only for a device that is known to somebody:
    a stranger's request takes as long for any address.
    """
    if person is None and has_device_cookie(request):
        person = User.objects.filter(email=account).first()
    device = known_device(request, person) if person else None
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
    clear(request, app=APP, action="stranger_guesses", key=_here(request, account))
    clear(request, app=APP, action="strangers_guesses", key=account)


def count_email(request: HttpRequest, kind: str, address: str) -> bool:
    """Count an email that anybody can have sent to an address. Return whether it may be sent.

    `kind` says for what. Whoever asks from one place leaves some for the others; above the
    limit of the address, earlier emails are there and their links work.
    """
    limits = [
        ("emails_from_here", _here(request, f"{kind} {address}")),
        ("emails", f"{kind} {address}"),
    ]
    return _count(request, limits, rolled_back=[]) is not None


def forget_emails(request: HttpRequest, kind: str, address: str) -> None:
    """Forget the emails sent to an address: their links have just ended."""
    clear(request, app=APP, action="emails", key=f"{kind} {address}")


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
