"""The hasher of portals' client secrets."""

import hashlib
import hmac
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import BasePasswordHasher, mask_hash


class KeyedHasher(BasePasswordHasher):
    """HMAC-SHA-256 under the hub's key, for long random secrets only.

    A password hasher is slow because people choose guessable passwords. A portal's secret has 256
    random bits, so the slowness (0.4 s for each token) would protect nothing.
    """

    algorithm = "keyed_sha256"

    def salt(self) -> str:
        """Return a new salt."""
        return secrets.token_hex(8)

    def encode(self, password: str, salt: str) -> str:
        """Return the stored form, algorithm$salt$hex."""
        return self._encode(password, salt, settings.SECRET_KEY)

    def _encode(self, password: str, salt: str, key: str) -> str:
        digest = hmac.new(key.encode(), f"{salt}${password}".encode(), hashlib.sha256).hexdigest()
        return f"{self.algorithm}${salt}${digest}"

    def decode(self, encoded: str) -> dict[str, Any]:
        """Return the parts of the stored form."""
        algorithm, salt, digest = encoded.split("$", 2)
        return {"algorithm": algorithm, "salt": salt, "hash": digest}

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether the secret matches, under the present key or a former one."""
        salt = self.decode(encoded)["salt"]
        return any(
            hmac.compare_digest(self._encode(password, salt, key), encoded)
            for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        )

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """Return what an admin page can show."""
        parts = self.decode(encoded)
        return {"algorithm": parts["algorithm"], "hash": mask_hash(parts["hash"])}

    def must_update(self, encoded: str) -> bool:
        """Return False: a secret is not renewed at sign-in."""
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: the comparison takes constant time."""
