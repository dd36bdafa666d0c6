"""Encryption under keys of the hub, one for each purpose."""

import base64
import binascii
import hashlib
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes


def cipher(purpose: str) -> MultiFernet:
    """Return the encryption for one purpose; tokens under former secret keys can still be read."""
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(_derived(secret, purpose, 32)))
            for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        ]
    )


class LinkCipher:
    """Short tokens for links, by AES-256-SIV (RFC 5297): nobody can read or forge one.

    Unlike Fernet's they hold no time and no random number, so the same words make the same token.
    """

    def __init__(self, purpose: str) -> None:
        """Derive the keys of a purpose; tokens under former secret keys can still be read."""
        secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        self._keys = [AESSIV(_derived(secret, f"{purpose}.link", 64)) for secret in secrets]

    def encrypt(self, words: str) -> str:
        """Return the token for some words."""
        sealed = self._keys[0].encrypt(words.encode(), None)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def decrypt(self, token: str) -> str:
        """Return the words of a token. Raises InvalidToken, also for another spelling of it."""
        try:
            sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError) as error:
            raise InvalidToken from error
        if base64.urlsafe_b64encode(sealed).decode().rstrip("=") != token:
            raise InvalidToken
        for key in self._keys:
            try:
                return key.decrypt(sealed, None).decode()
            except (InvalidTag, ValueError):
                continue
        raise InvalidToken


class WordCipher:
    """Words under a random key of their own, by AES-256-GCM: whoever deletes the key erases them.

    No key of the hub takes part, so the sealed words stay as they are when the hub's key changes.
    """

    NONCE = 12  # bytes

    def __init__(self, key: bytes) -> None:
        """Take a key that `make_key` returned."""
        self._cipher = AESGCM(key)

    @staticmethod
    def make_key() -> bytes:
        """Return a new random key."""
        return AESGCM.generate_key(256)

    def seal(self, words: list[str]) -> tuple[str, str]:
        """Return the words and a random one as one sealed text, and the SHA-256 of them all.

        Whoever is given the words can check them by it. Nobody can guess them by it, because of
        the random one.
        """
        plain = _plain([*words, os.urandom(16).hex()])
        nonce = os.urandom(self.NONCE)
        sealed = base64.b64encode(nonce + self._cipher.encrypt(nonce, plain, None)).decode()
        return sealed, hashlib.sha256(plain).hexdigest()

    def open(self, sealed: str) -> list[str]:
        """Return the words of a sealed text, the random one last. Raises InvalidTag."""
        parts = base64.b64decode(sealed)
        plain = self._cipher.decrypt(parts[: self.NONCE], parts[self.NONCE :], None)
        words: list[str] = json.loads(plain)
        return words


def _plain(words: list[str]) -> bytes:
    return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()


def key_name(purpose: str) -> str:
    """Return the name of the present key for a purpose: what was made with a former one differs.

    It tells nothing about the key.
    """
    return _derived(settings.SECRET_KEY, f"{purpose}.name", 6).hex()


def _derived(secret: str, info: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=info.encode()).derive(force_bytes(secret))
