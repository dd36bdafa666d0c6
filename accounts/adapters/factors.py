"""The rules of the hub for second factors, inside allauth."""

from typing import Any
from urllib.parse import urlsplit

import qrcode
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathImage

from accounts.services.factors import seal_seed, unseal_seed


class FactorAdapter(DefaultMFAAdapter):
    """Passkeys, authenticator apps and recovery codes."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is wrong or was used before. Try again."),
    }

    def encrypt(self, text: str) -> str:
        """Return a seed as the database holds it."""
        return seal_seed(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return a seed that the database holds."""
        return unseal_seed(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return the host that passkeys belong to: the configured one, never the request's."""
        host = urlsplit(settings.HUB_BASE_URL).hostname or ""
        return {"id": host, "name": settings.HUB_BRAND_NAME}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """Return the name of a passkey that nobody named."""
        return gettext("Passkey of %(date)s") % {"date": date_format(timezone.localdate())}

    def build_totp_svg(self, url: str) -> str:
        """Return a QR code as an element for a page: one path, without the words of the person."""
        image = qrcode.make(url, image_factory=SvgPathImage, border=2)
        return mark_safe(image.to_string(encoding="unicode"))  # noqa: S308 -- numbers only
