"""The rules of the hub for second factors, inside allauth."""

from collections.abc import Iterable
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

from accounts.selectors.factors import factors_of
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

    def is_mfa_enabled(self, user: Any, types: Iterable[str] | None = None) -> bool:
        """Return whether a person has set up a factor, of these types or any.

        A page of allauth asks seven times; one that changes nothing reads the types once.
        """
        is_read = self.request is not None and self.request.method in ("GET", "HEAD")
        if not is_read or user.is_anonymous:
            return bool(super().is_mfa_enabled(user, types))
        if not hasattr(user, "_factor_types"):
            user._factor_types = {factor.type for factor in factors_of(user)}
        known = user._factor_types
        return bool(known if types is None else known.intersection(types))

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
