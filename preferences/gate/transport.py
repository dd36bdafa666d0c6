"""The way out: one SMTP connection a thread, kept open between mails."""

import smtplib
import threading
import time

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend

PER_CONNECTION = 100  # mails; servers tire of one that never ends
IDLE = 10  # seconds; they hang up on a silent one


class _Line(threading.local):
    connection: EmailBackend | None = None
    sent = 0
    last_used = 0.0


_line = _Line()


def send(mail: EmailMessage) -> int:
    """Give one mail to the transport; out: how many it took. Raises what the transport raises."""
    connection = get_connection(settings.HUB_MAIL_TRANSPORT)
    if not isinstance(connection, EmailBackend):
        return connection.send_messages([mail]) or 0
    kept = _open(connection)
    try:
        accepted = kept.send_messages([mail]) or 0
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError):
        raise  # the server said no and waits for the next mail
    except BaseException:
        hang_up()
        raise
    _line.sent += 1
    _line.last_used = time.monotonic()
    return accepted


def _open(fresh: EmailBackend) -> EmailBackend:
    """This thread's connection, if it is to the same server and still young; else the fresh one."""
    kept = _line.connection
    idle = time.monotonic() - _line.last_used
    if kept is not None and (
        _line.sent >= PER_CONNECTION or idle > IDLE or _server(kept) != _server(fresh)
    ):
        hang_up()
        kept = None
    if kept is None:
        fresh.open()
        _line.connection, _line.sent, _line.last_used = fresh, 0, time.monotonic()
        kept = fresh
    return kept


def _server(backend: EmailBackend) -> tuple[object, ...]:
    return type(backend), backend.host, backend.port, backend.username


def hang_up() -> None:
    """Close this thread's connection, whatever state it is in."""
    kept, _line.connection = _line.connection, None
    if kept is not None:
        try:
            kept.close()
        except (OSError, smtplib.SMTPException):
            kept.connection = None
