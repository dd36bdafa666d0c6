"""Who and where a request comes from: the person, network address and device; and limits."""

from accounts.http.devices import known_device, note_owner, owner_of_device, remember_device
from accounts.http.guesses import count_email, count_guess, forget_emails, forget_strangers
from accounts.http.requests import (
    PersonApiRequest,
    PersonRequest,
    comes_too_often,
    network_address,
    rate_limited,
)

__all__ = [
    "PersonApiRequest",
    "PersonRequest",
    "comes_too_often",
    "count_email",
    "count_guess",
    "forget_emails",
    "forget_strangers",
    "known_device",
    "network_address",
    "note_owner",
    "owner_of_device",
    "rate_limited",
    "remember_device",
]
