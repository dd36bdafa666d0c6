"""Read the emails that the demo keeps as files instead of sending them."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.utils import timezone

_SEPARATOR = b"\n" + b"-" * 79 + b"\n"  # how Django's file transport ends a message


@dataclass(frozen=True)
class KeptMail:
    """An email that the demo kept instead of sending it."""

    key: str
    kept_at: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Return the subject."""
        return str(self.message["Subject"] or "")

    @property
    def to(self) -> str:
        """Return the recipient's address."""
        return str(self.message["To"] or "")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Return every header as (name, value)."""
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def body(self) -> str:
        """Return the text part; every email of the hub has one."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """Return the HTML part; every email of the hub has one."""
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""


def kept_mails() -> list[KeptMail]:
    """Return every kept email, newest first."""
    files = sorted(
        Path(settings.EMAIL_FILE_PATH).glob("*.log"), key=lambda file: file.stat().st_mtime_ns
    )
    return [mail for file in reversed(files) for mail in reversed(_mails_in(file))]


def find_mail(key: str) -> KeptMail | None:
    """Return the email with this key, or None."""
    return next((mail for mail in kept_mails() if mail.key == key), None)


def _mails_in(file: Path) -> list[KeptMail]:
    kept_at = datetime.fromtimestamp(file.stat().st_mtime, tz=timezone.get_default_timezone())
    return [
        KeptMail(f"{file.stem}-{number}", kept_at, _parse(content))
        for number, content in enumerate(file.read_bytes().split(_SEPARATOR))
        if content.strip()
    ]


def _parse(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 -- policy.default creates no other class
    return message
