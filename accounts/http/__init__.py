"""The source of a request: the person, network address and device; and limits."""

from accounts.http.company_sign_in import (
    METHOD,
    Asked,
    asked_for_company,
    company_record,
    lead_to_company,
)
from accounts.http.devices import known_device, note_owner, owner_of_device, remember_device
from accounts.http.email_frames import LOOKS, email_frame, shows_emails
from accounts.http.guesses import (
    count_email,
    count_guess,
    forget_emails,
    forget_strangers,
    lift_limits,
)
from accounts.http.requests import (
    PersonApiRequest,
    PersonRequest,
    comes_too_often,
    network_address,
    rate_limited,
)

__all__ = [
    "LOOKS",
    "METHOD",
    "Asked",
    "PersonApiRequest",
    "PersonRequest",
    "asked_for_company",
    "comes_too_often",
    "company_record",
    "count_email",
    "count_guess",
    "email_frame",
    "forget_emails",
    "forget_strangers",
    "known_device",
    "lead_to_company",
    "lift_limits",
    "network_address",
    "note_owner",
    "owner_of_device",
    "rate_limited",
    "remember_device",
    "shows_emails",
]
