"""What is in a mail, unreadable at rest: links in it open accounts."""

import json
from typing import Any

from preferences.tokens import cipher

CONTENT = "preferences.gate.content"


def seal(content: dict[str, Any]) -> bytes:
    """The content of a mail, encrypted."""
    return cipher(CONTENT).encrypt(json.dumps(content).encode())


def unseal(sealed: bytes) -> dict[str, Any]:
    """The content of a mail again. Raises InvalidToken when no key of ours opens it."""
    content: dict[str, Any] = json.loads(cipher(CONTENT).decrypt(bytes(sealed)))
    return content
