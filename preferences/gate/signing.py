"""DKIM: a mail signed as it goes out, over the headers that a mailbox must be able to trust."""

from typing import Any

import dkim
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

# Those a mail has; both unsubscribe headers among them, or one-click does not count (RFC 8058, R2).
SIGNED = (
    b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"mime-version",
    b"content-type", b"content-transfer-encoding", b"auto-submitted", b"list-id",
    b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
# Named once more than they stand there, so that nobody can add a second one (RFC 6376, 8.15).
NO_SECOND = (b"from", b"subject", b"list-unsubscribe", b"list-unsubscribe-post")


def signature(mail: bytes, domain: str) -> str:
    """The value of DKIM-Signature for a whole mail with CRLF line ends (RFC 6376)."""
    header: bytes = dkim.sign(
        mail,
        settings.HUB_DKIM_SELECTOR.encode(),
        domain.encode(),
        settings.HUB_DKIM_KEY,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[*SIGNED, *NO_SECOND],
    )
    return header.decode().removeprefix("DKIM-Signature:").replace("\r\n", "").strip()


class SignedMail(EmailMultiAlternatives):
    """A mail that signs itself when the transport builds it: after every other edit."""

    def message(self, **options: Any) -> Any:
        """The mail in MIME; signed where HUB_DKIM_KEY_FILE names a key."""
        mime: Any = super().message(**options)
        if settings.HUB_DKIM_KEY:
            domain = self.from_email.rpartition("@")[2].rstrip(">")
            mime["DKIM-Signature"] = signature(mime.as_bytes(linesep="\r\n"), domain)
        return mime
