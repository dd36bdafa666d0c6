"""How often something may be asked for, in the form that allauth reads.

A rate is "times/span/per": `ip` counts the network address, `key` what the caller names.
"""

from typing import Any

ACCOUNT_RATE_LIMITS: Any = {  # beside allauth's own
    # Guesses at a password or a code, counted by accounts/http/guesses.py: a stranger's, from one
    # place and from all places together; and a known device's.
    "stranger_tries": "30/m/ip",
    "stranger_failures": "10/m/ip",
    "stranger_guesses": "5/5m/key,10/h/key",
    "strangers_guesses": "60/h/key",
    "device_tries": "30/m/key",
    "device_guesses": "5/5m/key",
    "sign_in_code": "20/m/ip",  # codes asked for and tried; a code takes five tries itself
    # Emails with a link or a code that anybody can have sent to an address, and a known device's.
    "reset_password": "20/m/ip",
    "device_emails": "5/h/key",
    "emails_from_here": "5/h/key",
    "emails": "10/h/key",
    # Ways to a company's provider and back, each of which asks it; an office shares one address.
    "company_sign_in": "300/m/ip",
    "subscribe": "20/m/ip,5/h/key",
    "privacy": "20/m/ip,5/h/key",
    "keep_form": "30/h/key",
    "wrong_secret": "10/m/ip,30/m/key",  # a right secret is never limited
    # allauth counts these for the account alone, so strangers could lock its person out.
    "login": "",
    "login_failed": "",
    "confirm_email": "",
}
