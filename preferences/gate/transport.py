"""The transport: one SMTP connection per thread, kept open between emails."""

import smtplib
import threading
import time

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend

MAX_PER_CONNECTION = 100  # emails; many servers limit them
MAX_IDLE = 10  # seconds; servers close a connection that is idle for long


class _Current(threading.local):
    connection: EmailBackend | None = None
    sent = 0
    last_used = 0.0


_current = _Current()


def send(mail: EmailMessage) -> int:
    """Give one email to the transport. Return how many it accepted. Raises its errors."""
    connection = get_connection(settings.HUB_MAIL_TRANSPORT)
    if not isinstance(connection, EmailBackend):
        return connection.send_messages([mail]) or 0
    kept = _open(connection)
    try:
        accepted = kept.send_messages([mail]) or 0
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError):
        raise  # the server refused this email and can take the next
    except BaseException:
        close_connection()
        raise
    _current.sent += 1
    _current.last_used = time.monotonic()
    return accepted


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
