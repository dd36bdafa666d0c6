"""Where delivery reports wait: standard input, a file, a mbox, a Maildir, or a mailbox by IMAP.

What was read is marked where it lies and never deleted. Mail that is no report stays unread, for
people; one that we could not digest is flagged for them.
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

from preferences.gate.bounce_parsing import LARGEST

TIMEOUT = 30
TAKEN = "HubTaken"  # our keyword in a mailbox: looked at, whoever reads it besides


class Mark(Enum):
    """What is left on a mail: its IMAP flags, and what they are in a Maildir."""

    REPORT = (f"(\\Seen {TAKEN})", "S")
    OTHER = (f"({TAKEN})", "")
    UNDIGESTED = (f"(\\Flagged {TAKEN})", "F")


Mails = Iterator[tuple[bytes, Callable[[Mark], None]]]  # each with what marks it


class UnreadableMailbox(Exception):
    """There is no mailbox there, or it does not open; the text says why."""


def mails_in(source: str, stdin: BinaryIO) -> Mails:
    """The mails of a source not taken yet: `-`, a path, or imap(s)://user:password@host/folder.

    Raises UnreadableMailbox, also while reading and marking.
    """
    if source == "-":
        return iter([(stdin.read(LARGEST), _nothing)])
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
            return iter([(file.read(LARGEST), _nothing)])
    box = mailbox.mbox(path)
    return ((box.get_bytes(key)[:LARGEST], _nothing) for key in box.keys())  # noqa: SIM118


def _nothing(_mark: Mark) -> None:
    """Nothing to mark: what comes again is known."""


def _maildir(path: Path) -> Mails:
    for file in sorted((path / "new").iterdir()):
        try:
            with file.open("rb") as opened:
                raw = opened.read(LARGEST)
        except OSError:  # another reader of the mailbox took it, or it is no mail
            continue
        yield raw, partial(_move, path / "cur", file)


def _move(cur: Path, file: Path, mark: Mark) -> None:
    cur.mkdir(exist_ok=True)
    file.rename(cur / f"{file.name}:2,{mark.value[1]}")


def _imap(source: str) -> Mails:
    parts = urlsplit(source)
    with _trouble(parts.hostname), _signed_in(source) as server:
        folder = unquote(parts.path.strip("/")) or "INBOX"
        quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
        chosen, [said] = server.select(f'"{quoted}"')
        if chosen != "OK":
            raise UnreadableMailbox(f"{parts.hostname}, {folder}: {(said or b'').decode()}")
        _ok, [found] = server.uid("SEARCH", "UNSEEN", "UNKEYWORD", TAKEN)
        for number in (found or b"").decode().split():
            _ok, answer = server.uid("FETCH", number, f"(BODY.PEEK[]<0.{LARGEST}>)")
            raw: bytes | None = next((part[1] for part in answer if isinstance(part, tuple)), None)
            if raw is not None:  # another reader of the mailbox may have deleted it
                yield raw, partial(_flag, parts.hostname, server, number)


@contextmanager
def _signed_in(source: str) -> Iterator[imaplib.IMAP4]:
    """A session over TLS, the server's certificate checked, ended in any case."""
    parts = urlsplit(source)
    checked = ssl.create_default_context()
    server: imaplib.IMAP4
    if parts.scheme == "imaps":
        server = imaplib.IMAP4_SSL(
            parts.hostname or "", parts.port or 993, ssl_context=checked, timeout=TIMEOUT
        )
    else:
        server = imaplib.IMAP4(parts.hostname or "", parts.port or 143, timeout=TIMEOUT)
    try:
        if parts.scheme == "imap":
            server.starttls(checked)
        server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        yield server
    finally:
        with suppress(OSError, imaplib.IMAP4.error):  # it may have hung up first
            server.logout()


@contextmanager
def _trouble(host: str | None) -> Iterator[None]:
    try:
        yield
    except (OSError, imaplib.IMAP4.error) as error:
        raise UnreadableMailbox(f"{host}: {error}") from error


def _flag(host: str | None, server: imaplib.IMAP4, number: str, mark: Mark) -> None:
    with _trouble(host):
        server.uid("STORE", number, "+FLAGS.SILENT", mark.value[0])
