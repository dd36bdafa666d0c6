"""The transport: one SMTP connection per thread, kept open between emails.

Each email has its own return path. Where the server offers DSN (RFC 3461), it is also asked to
report failures and delays, by the same token.
"""

import smtplib
import threading
import time

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.smtp import EmailBackend

from preferences.gate.return_path import return_path
from preferences.gate.signing import SignedMail

MAX_PER_CONNECTION = 100  # emails; many servers limit them
MAX_IDLE = 10  # seconds; servers close a connection that is idle for long


class _Current(threading.local):
    connection: EmailBackend | None = None
    sent = 0
    last_used = 0.0


_current = _Current()


def send(mail: SignedMail) -> int:
    """Give one email to the transport. Return how many it accepted. Raises its errors."""
    connection = get_connection(settings.HUB_MAIL_TRANSPORT)
    if not isinstance(connection, EmailBackend):
        return connection.send_messages([mail]) or 0
    kept = _open(connection)
    try:
        _transmit(kept, mail)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError):
        raise  # the server refused this email and can take the next
    except BaseException:
        close_connection()
        raise
    _current.sent += 1
    _current.last_used = time.monotonic()
    return 1


def _transmit(backend: EmailBackend, mail: SignedMail) -> None:
    """Send one email over an open connection. Raises what the server refuses."""
    server = backend.connection
    assert server is not None  # noqa: S101 -- _open opened it
    [address] = mail.to
    server.ehlo_or_helo_if_needed()
    mail_options: list[str] = []
    rcpt_options: list[str] = []
    if server.has_extn("dsn"):
        mail_options = ["RET=HDRS", f"ENVID={mail.return_token}"]
        rcpt_options = ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{_xtext(address)}"]
    raw = mail.message().as_bytes(linesep="\r\n")
    sender = return_path(mail.return_token)
    server.sendmail(sender, [address], raw, mail_options, rcpt_options)


def _xtext(text: str) -> str:
    """Return a text as RFC 3461 writes it: 33 to 126 but + and =, which are encoded as the rest."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text)


def _open(fresh: EmailBackend) -> EmailBackend:
    """Return this thread's connection if it can be used again; else open the fresh one."""
    kept = _current.connection
    idle = time.monotonic() - _current.last_used
    if kept is not None and (
        _current.sent >= MAX_PER_CONNECTION or idle > MAX_IDLE or _server(kept) != _server(fresh)
    ):
        close_connection()
        kept = None
    if kept is None:
        fresh.open()
        _current.connection, _current.sent, _current.last_used = fresh, 0, time.monotonic()
        kept = fresh
    return kept


def _server(backend: EmailBackend) -> tuple[object, ...]:
    return type(backend), backend.host, backend.port, backend.username


def close_connection() -> None:
    """Close this thread's connection, whatever its state."""
    kept, _current.connection = _current.connection, None
    if kept is not None:
        try:
            kept.close()
        except (OSError, smtplib.SMTPException):
            kept.connection = None
