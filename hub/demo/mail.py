"""Reading the mail which the demo's transport keeps as files instead of sending it."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.utils import timezone

_BETWEEN = b"\n" + b"-" * 79 + b"\n"  # how Django's file transport ends a message


@dataclass(frozen=True)
class KeptMail:
    """One mail that would have been sent."""

    key: str
    kept_at: datetime
    message: EmailMessage

    @property
    def subject(self) -> str:
        """What it is about."""
        return str(self.message["Subject"] or "")

    @property
    def to(self) -> str:
        """Whom it would have reached."""
        return str(self.message["To"] or "")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Every header, as it would have left."""
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def body(self) -> str:
        """The plain text; a mail of ours always has one."""
        part = self.message.get_body(("plain",))
        return str(part.get_content()) if part is not None else ""


def kept_mails() -> list[KeptMail]:
    """All of them, newest first."""
    files = sorted(
        Path(settings.EMAIL_FILE_PATH).glob("*.log"), key=lambda file: file.stat().st_mtime_ns
    )
    return [mail for file in reversed(files) for mail in reversed(_mails_in(file))]


def find_mail(key: str) -> KeptMail | None:
    """The mail of this key, if it is there."""
    return next((mail for mail in kept_mails() if mail.key == key), None)


def _mails_in(file: Path) -> list[KeptMail]:
    kept_at = datetime.fromtimestamp(file.stat().st_mtime, tz=timezone.get_default_timezone())
    return [
        KeptMail(f"{file.stem}-{number}", kept_at, _parse(content))
        for number, content in enumerate(file.read_bytes().split(_BETWEEN))
        if content.strip()
    ]


def _parse(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 -- policy.default makes no other kind
    return message
