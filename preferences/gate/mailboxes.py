"""Where delivery reports wait: standard input, a file, a mbox, a Maildir, or a mailbox by IMAP."""

import imaplib
import mailbox
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from preferences.gate.incoming import LARGEST

Mails = Iterator[tuple[bytes, Callable[[], None]]]  # each with what marks it as read
TIMEOUT = 30


class UnreadableMailbox(Exception):
    """There is no mailbox there, or it does not open; the text says why."""


def mails_in(source: str, stdin: BinaryIO) -> Mails:
    """The unread mails of a source: `-`, a path, or imap(s)://user:password@host/folder.

    Raises UnreadableMailbox.
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
    return ((bytes(mail.as_bytes())[:LARGEST], _nothing) for mail in mailbox.mbox(path))


def _nothing() -> None:
    """Nothing to mark: what comes again is known."""


def _maildir(path: Path) -> Mails:
    for file in sorted((path / "new").iterdir()):
        with file.open("rb") as opened:
            raw = opened.read(LARGEST)
        (path / "cur").mkdir(exist_ok=True)
        seen = path / "cur" / f"{file.name}:2,S"
        yield raw, partial(_move, file, seen)


def _move(file: Path, seen: Path) -> None:
    file.rename(seen)


def _imap(source: str) -> Mails:
    parts = urlsplit(source)
    secure = parts.scheme == "imaps"
    opened = imaplib.IMAP4_SSL if secure else imaplib.IMAP4
    try:
        server = opened(
            parts.hostname or "", parts.port or (993 if secure else 143), timeout=TIMEOUT
        )
        if not secure:
            server.starttls()
        server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        server.select(parts.path.strip("/") or "INBOX")
        _ok, [found] = server.uid("SEARCH", "UNSEEN")
        for number in found.split():
            _ok, answer = server.uid("FETCH", number, f"(BODY.PEEK[]<0.{LARGEST}>)")
            for part in answer:
                if isinstance(part, tuple):
                    yield part[1], partial(_mark_seen, server, number)
        server.logout()
    except (OSError, imaplib.IMAP4.error) as error:
        raise UnreadableMailbox(f"{parts.hostname}: {error}") from error


def _mark_seen(server: imaplib.IMAP4, number: bytes) -> None:
    server.uid("STORE", number.decode(), "+FLAGS", "(\\Seen)")
