"""Sources of delivery reports: standard input, a file, an mbox, a Maildir, or IMAP.

Emails that were read are marked and never deleted. An email that is no report stays unread, so that
people see it; one that made us fail is flagged for them.
"""

import imaplib
import mailbox
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from accounts.domains import to_ascii
from preferences.gate.bounce_parsing import MAX_MAIL_BYTES

TIMEOUT = 30  # seconds
TAKEN = "HubTaken"  # our keyword on emails we have read, whoever else reads the mailbox


class Mark(Enum):
    """A mark left on an email: its IMAP flags, and the same in a Maildir."""

    REPORT = (f"(\\Seen {TAKEN})", "S")
    OTHER = (f"({TAKEN})", "")
    FAILED = (f"(\\Flagged {TAKEN})", "F")


UnreadMails = Iterator[tuple[bytes, Callable[[Mark], None]]]  # each with the function to mark it


class UnreadableMailbox(Exception):
    """The mailbox does not exist or does not open; the text says why."""


def unread_mails(source: str, stdin: BinaryIO) -> UnreadMails:
    """Return the unread emails of a source: `-`, a path, or imap(s)://user:password@host/folder.

    Raises UnreadableMailbox, also while reading and marking.
    """
    if source == "-":
        return iter([(stdin.read(MAX_MAIL_BYTES), _mark_nothing)])
    if source.startswith(("imap://", "imaps://")):
        return _imap(source)
    path = Path(source)
    if (path / "new").is_dir():
        return _maildir(path)
    if not path.is_file():
        raise UnreadableMailbox(f"{source}: no file and no Maildir")
    with path.open("rb") as file:
        start = file.read(5)
        file.seek(0)
        if start != b"From ":
            return iter([(file.read(MAX_MAIL_BYTES), _mark_nothing)])
    box = mailbox.mbox(path)
    return ((box.get_bytes(key)[:MAX_MAIL_BYTES], _mark_nothing) for key in box.keys())  # noqa: SIM118


def _mark_nothing(_mark: Mark) -> None:
    """Mark nothing: a report that is read again is recognised."""


def _maildir(path: Path) -> UnreadMails:
    for file in sorted((path / "new").iterdir()):
        try:
            with file.open("rb") as opened:
                raw = opened.read(MAX_MAIL_BYTES)
        except OSError:  # another program took it, or it is no email
            continue
        yield raw, partial(_move, path / "cur", file)


def _move(cur: Path, file: Path, mark: Mark) -> None:
    cur.mkdir(exist_ok=True)
    file.rename(cur / f"{file.name}:2,{mark.value[1]}")


def _imap(source: str) -> UnreadMails:
    parts = urlsplit(source)
    with _clear_errors(parts.hostname), _signed_in(source) as server:
        folder = unquote(parts.path.strip("/")) or "INBOX"
        quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
        status, [reply] = server.select(f'"{quoted}"')
        if status != "OK":
            raise UnreadableMailbox(f"{parts.hostname}, {folder}: {(reply or b'').decode()}")
        _ok, [numbers] = server.uid("SEARCH", "UNSEEN", "UNKEYWORD", TAKEN)
        for number in (numbers or b"").decode().split():
            _ok, answer = server.uid("FETCH", number, f"(BODY.PEEK[]<0.{MAX_MAIL_BYTES}>)")
            raw: bytes | None = next((part[1] for part in answer if isinstance(part, tuple)), None)
            if raw is not None:  # another program may have deleted it
                yield raw, partial(_flag, parts.hostname, server, number)


@contextmanager
def _signed_in(source: str) -> Iterator[imaplib.IMAP4]:
    """Open a session over TLS with a checked certificate, and close it in any case."""
    parts = urlsplit(source)
    context = ssl.create_default_context()
    server: imaplib.IMAP4
    if parts.scheme == "imaps":
        server = imaplib.IMAP4_SSL(
            to_ascii(parts.hostname or ""), parts.port or 993, ssl_context=context, timeout=TIMEOUT
        )
    else:
        server = imaplib.IMAP4(to_ascii(parts.hostname or ""), parts.port or 143, timeout=TIMEOUT)
    try:
        if parts.scheme == "imap":
            server.starttls(context)
        server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        yield server
    finally:
        with suppress(OSError, imaplib.IMAP4.error):  # the server may have closed it first
            server.logout()


@contextmanager
def _clear_errors(host: str | None) -> Iterator[None]:
    try:
        yield
    except (OSError, imaplib.IMAP4.error) as error:
        raise UnreadableMailbox(f"{host}: {error}") from error


def _flag(host: str | None, server: imaplib.IMAP4, number: str, mark: Mark) -> None:
    with _clear_errors(host):
        server.uid("STORE", number, "+FLAGS.SILENT", mark.value[0])
