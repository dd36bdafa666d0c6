"""The form in which an email leaves: 7-bit text, and headers folded as every server reads them."""

import re
from email.header import Header, decode_header, make_header
from email.policy import Compat32
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import utf8_charset_qp

LINE_LENGTH = 78  # characters that a header line should have at most (RFC 5322, 2.1.1)


class _Folding(Compat32):
    """Folds headers at spaces. Never right after the name: some servers lose such a header."""

    def fold(self, name: str, value: str) -> str:
        """Return a header with its line ends."""
        text = _unfolded(str(value))
        if name.lower() == "subject" and len(name) + len(text.split(" ")[0]) + 2 > LINE_LENGTH:
            words = str(make_header(decode_header(text)))
            text = _unfolded(Header(words, "utf-8", header_name=name).encode())
        lines = [f"{name}:"]
        for word in re.findall(r"[ \t]*[^ \t]+", f" {text}"):
            if len(lines[-1]) + len(word) > LINE_LENGTH and lines[-1] != f"{name}:":
                lines.append(word)
            else:
                lines[-1] += word
        return self.linesep.join(lines) + self.linesep

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return a header with its line ends, as bytes."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


_FOLDING = _Folding()


def _unfolded(value: str) -> str:
    return re.sub(r"\r?\n(?=[ \t])", "", value).strip()


class SevenBitMail(EmailMultiAlternatives):
    """An email whose text is quoted-printable wherever it is not ASCII.

    Not every server on the way takes 8-bit text, and one that converts it breaks the signature
    (RFC 6376, 5.3). So nothing depends on whether the first one offers 8BITMIME.
    """

    return_token = ""  # names the message in its return path (return_path.py)

    def message(self, **options: Any) -> Any:
        """Return the email as MIME."""
        if not self._is_ascii():
            self.encoding = utf8_charset_qp
        mime: Any = super().message(**options)
        mime.policy = _FOLDING
        return mime

    def _is_ascii(self) -> bool:
        texts = [self.body, *(content for content, _type in self.alternatives)]
        texts += [part[1] for part in self.attachments if isinstance(part, tuple)]
        return all(text.isascii() for text in texts if isinstance(text, str))
