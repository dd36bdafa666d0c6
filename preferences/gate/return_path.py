"""The return path of each email: bounces+<token>@…, so that a report needs no standard form (VERP).

A token names one message and is signed, so nobody can make one up. It survives servers that write
addresses in small or capital letters.
"""

import base64
import hmac
import re

from django.conf import settings
from django.utils.crypto import constant_time_compare

from accounts.addresses import number_in
from preferences.models import Message

SIGNATURE_BYTES = 10  # 80 bits; 16 letters
_PURPOSE = b"preferences.gate.return_path"
_TOKEN = r"([0-9]{1,19}-[a-z2-7]{16})"  # noqa: S105 -- the form of one


def token_of(message: Message) -> str:
    """Return the token of a message; empty while it is not saved (a preview)."""
    return (
        "" if message.pk is None else f"{message.pk}-{_signature(message.pk, settings.SECRET_KEY)}"
    )


def message_of(token: str) -> int | None:
    """Return the key of the message that a token names, or None for a token that is not ours."""
    text, _dash, signature = token.lower().partition("-")
    number = number_in(text)
    if number is None:
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    signed = any(constant_time_compare(signature, _signature(number, key)) for key in keys)
    return number if signed else None


def return_path(token: str) -> str:
    """Return the envelope sender for a token."""
    local, _at, domain = settings.HUB_MAIL_BOUNCES.rpartition("@")
    return f"{local}+{token}@{domain}"


def messages_named_in(text: str) -> list[int]:
    """Return the keys of the messages whose return path or envelope ID is anywhere in a text."""
    local, _at, domain = settings.HUB_MAIL_BOUNCES.rpartition("@")
    # Some servers write an address inside another one: bounces+token=domain@forwarder.
    path = rf"{re.escape(local)}(?:\+|=2B){_TOKEN}(?:@|=40|=){re.escape(domain)}"
    envelope = rf"\b(?:Original-Envelope-Id|ENVID)\b[\s:=]{{1,5}}{_TOKEN}"
    found = re.findall(f"{path}|{envelope}", text, re.IGNORECASE)
    keys = (message_of(path_token or envelope_id) for path_token, envelope_id in found[:50])
    return list(dict.fromkeys(key for key in keys if key is not None))


def _signature(key: int, secret: str) -> str:
    digest = hmac.digest(secret.encode(), _PURPOSE + b":" + str(key).encode(), "sha256")
    return base64.b32encode(digest[:SIGNATURE_BYTES]).decode().lower()
