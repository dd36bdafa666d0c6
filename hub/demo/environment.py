"""Write the demo's `.env` file: `python -m hub.demo.environment .env`."""

import os
import secrets
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_TEXT = """\
# Written for the demo by `make demo`; these keys are random and for this machine only.
# README lists every variable. The environment wins over this file.
HUB_ENV=demo
HUB_SECRET_KEY={secret_key}
HUB_OIDC_PRIVATE_KEY='{private_key}'
"""


def new_private_key() -> str:
    """Return a new RSA key for signing ID tokens, as PEM on one line (line ends as `\\n`)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode().strip().replace("\n", "\\n")


def demo_environment() -> str:
    """Return the text of a demo's `.env`, with new keys."""
    return _TEXT.format(secret_key=secrets.token_urlsafe(48), private_key=new_private_key())


def write_demo_environment(path: Path) -> None:
    """Create the file, readable by its owner only. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(demo_environment())


if __name__ == "__main__":
    write_demo_environment(Path(sys.argv[1]))
