"""Encryption of stored email: its links can open accounts."""

import json
from typing import Any

from accounts.encryption import cipher

CONTENT = "preferences.gate.content"


def seal(content: dict[str, Any]) -> bytes:
    """Return the content of an email, encrypted."""
    return cipher(CONTENT).encrypt(json.dumps(content).encode())


def unseal(sealed: bytes) -> dict[str, Any]:
    """Return the decrypted content of an email. Raises InvalidToken when no key of ours fits."""
    content: dict[str, Any] = json.loads(cipher(CONTENT).decrypt(bytes(sealed)))
    return content
