"""How mail leaves, the key it is signed with, and how its provider tells what became of it."""

from pathlib import Path
from typing import Any

import dkim.crypto
from django.core.exceptions import ImproperlyConfigured

from hub.environment import env, optional, understood


def mail_transport(address: str) -> dict[str, Any]:
    """Django's EMAIL_… settings of a mail address like smtp+tls://user:password@host:587.

    Without one, mail is kept as files. Raises ImproperlyConfigured.
    """
    if not address:
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}
    found: dict[str, Any] = understood("HUB_EMAIL_URL", address, env.email_url_config)
    return {name: value for name, value in found.items() if name != "EMAIL_FILE_PATH" or value}


def dkim_key(path: str) -> bytes:
    """The RSA key in a PEM file, to sign mail with; no path, no key. Raises ValueError."""
    if not path:
        return b""
    try:
        pem = Path(path).read_bytes()
        dkim.crypto.parse_pem_private_key(pem)
    except OSError as error:
        raise ValueError(f"cannot read “{path}”: {error.strerror}") from error
    except dkim.crypto.UnparsableKeyError as error:
        raise ValueError(f"“{path}” holds no RSA key in PEM form") from error
    return pem


def mail_events() -> dict[str, str]:
    """What a provider proves itself by: the `user:password` it posts with, and Mailgun's key."""
    secret, key = optional("HUB_MAIL_WEBHOOK_SECRET", ""), optional("HUB_MAIL_WEBHOOK_KEY", "")
    if secret and ":" not in secret:
        raise ImproperlyConfigured("HUB_MAIL_WEBHOOK_SECRET is written user:password.")
    found = {"WEBHOOK_SECRET": secret, "MAILGUN_WEBHOOK_SIGNING_KEY": key}
    return {name: value for name, value in found.items() if value}
