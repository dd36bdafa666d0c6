"""DKIM signatures of outgoing email (RFC 6376)."""

from typing import Any

import dkim
from django.conf import settings

from preferences.gate.wire_format import SevenBitMail

# Signed where present. One-click unsubscribing needs both unsubscribe headers (RFC 8058, R2).
SIGNED = (
    b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"mime-version",
    b"content-type", b"content-transfer-encoding", b"auto-submitted", b"list-id",
    b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
# Signed once more than they occur, so that nobody can add a second one (RFC 6376, 8.15).
NO_SECOND = (b"from", b"subject", b"list-unsubscribe", b"list-unsubscribe-post")


def signature(mail: bytes, domain: str) -> str:
    """Return the DKIM-Signature of a complete email with CRLF line ends (RFC 6376)."""
    header: bytes = dkim.sign(
        mail,
        settings.HUB_DKIM_SELECTOR.encode(),
        domain.encode(),
        settings.HUB_DKIM_KEY,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[*SIGNED, *NO_SECOND],
    )
    return header.decode().removeprefix("DKIM-Signature:").replace("\r\n", "").strip()


class SignedMail(SevenBitMail):
    """An email that signs itself when the transport builds it, after every other change."""

    def message(self, **options: Any) -> Any:
        """Return the email as MIME, signed if HUB_DKIM_KEY_FILE names a key."""
        mime: Any = super().message(**options)
        if settings.HUB_DKIM_KEY:
            domain = self.from_email.rpartition("@")[2].rstrip(">")
            mime["DKIM-Signature"] = signature(mime.as_bytes(linesep="\r\n"), domain)
        return mime
