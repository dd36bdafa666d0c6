"""How portals' client secrets are kept."""

import hashlib
import hmac
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import BasePasswordHasher, mask_hash


class KeyedHasher(BasePasswordHasher):
    """HMAC-SHA-256 under the hub's key, for long random secrets only.

    A password hasher is slow because people choose guessable words. A portal's secret has 256
    random bits, so the slowness (0.4 s a token call) buys nothing (security.md section 0).
    """

    algorithm = "keyed_sha256"

    def salt(self) -> str:
        """A fresh salt for each secret."""
        return secrets.token_hex(8)

    def encode(self, password: str, salt: str) -> str:
        """The stored form: algorithm$salt$hex."""
        return self._encode(password, salt, settings.SECRET_KEY)

    def _encode(self, password: str, salt: str, key: str) -> str:
        digest = hmac.new(key.encode(), f"{salt}${password}".encode(), hashlib.sha256).hexdigest()
        return f"{self.algorithm}${salt}${digest}"

    def decode(self, encoded: str) -> dict[str, Any]:
        """The parts of the stored form."""
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        """Whether this secret made this stored form, under the present key or a former one."""
        salt = self.decode(encoded)["salt"]
        return any(
            hmac.compare_digest(self._encode(password, salt, key), encoded)
            for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        )

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """What an admin page may show."""
        parts = self.decode(encoded)
        return {"algorithm": parts["algorithm"], "hash": mask_hash(parts["hash"])}

    def must_update(self, encoded: str) -> bool:
        """Never: the secret is not a person's to renew."""
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to level out; the comparison is constant-time."""
