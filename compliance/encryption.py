"""Sealing a file piece by piece under a key of its own, so that none is ever held whole."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accounts.encryption import cipher

CHUNK = 256 * 1024  # bytes of a piece
PURPOSE = "compliance.sealed_file"
Stored = bytes | memoryview  # what a BinaryField gives


class SealBroken(Exception):
    """A piece is not what was sealed: changed, moved, or of another file."""


def new_key() -> tuple[bytes, bytes]:
    """Return a random key for one file, and the same sealed under the hub's, to store."""
    key = secrets.token_bytes(32)
    return key, cipher(PURPOSE).encrypt(key)


def open_key(sealed: Stored) -> bytes:
    """Return the key that `new_key` sealed; former secret keys still open it."""
    return cipher(PURPOSE).decrypt(bytes(sealed))


def seal_chunk(key: bytes, number: int, content: bytes, *, is_last: bool) -> bytes:
    """Seal the piece with this number. A key seals one file, so no number comes twice."""
    return AESGCM(key).encrypt(number.to_bytes(12), content, _place(is_last))


def open_chunk(key: bytes, number: int, sealed: Stored, *, is_last: bool) -> bytes:
    """Return a piece. Raises SealBroken where it, its number or the end of the file is wrong."""
    try:
        return AESGCM(key).decrypt(number.to_bytes(12), bytes(sealed), _place(is_last))
    except InvalidTag as error:
        raise SealBroken from error


def _place(is_last: bool) -> bytes:
    return b"last" if is_last else b"more"
