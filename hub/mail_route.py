"""Settings for outgoing email: its transport, its DKIM key and its provider's webhooks."""

from pathlib import Path
from typing import Any

import dkim.crypto
from django.core.exceptions import ImproperlyConfigured

from accounts.domains import to_ascii
from hub.environment import env, optional, parsed


def mail_transport(url: str) -> dict[str, Any]:
    """Return Django's EMAIL_… settings for a URL like smtp+tls://user:password@host:587.

    Without a URL, emails are kept as files. Raises ImproperlyConfigured.
    """
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}
    config: dict[str, Any] = parsed("HUB_EMAIL_URL", url, env.email_url_config)
    if "EMAIL_HOST" in config:
        config["EMAIL_HOST"] = parsed("HUB_EMAIL_URL", config["EMAIL_HOST"] or "", to_ascii)
    return {name: value for name, value in config.items() if name != "EMAIL_FILE_PATH" or value}


def dkim_key(path: str) -> bytes:
    """Return the RSA key in a PEM file; empty without a path. Raises ValueError."""
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
    """Return the secrets of the provider's webhooks: `user:password` and Mailgun's key."""
    secret, key = optional("HUB_MAIL_WEBHOOK_SECRET", ""), optional("HUB_MAIL_WEBHOOK_KEY", "")
    if secret and ":" not in secret:
        raise ImproperlyConfigured("HUB_MAIL_WEBHOOK_SECRET is written user:password.")
    config = {"WEBHOOK_SECRET": secret, "MAILGUN_WEBHOOK_SIGNING_KEY": key}
    if "EMAIL_HOST" in config:
        config["EMAIL_HOST"] = parsed("HUB_EMAIL_URL", config["EMAIL_HOST"] or "", to_ascii)
    return {name: value for name, value in config.items() if value}
