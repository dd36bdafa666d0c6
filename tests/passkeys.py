"""A software passkey: it answers like a device that has checked its owner (WebAuthn level 2)."""

import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestedCredentialData

ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED, HAS_KEY = 1, 4, 64  # flags of the authenticator's data


class SoftPasskey:
    """One passkey; each answer is the JSON that a browser posts."""

    def __init__(self, *, origin: str = ORIGIN, site: str = "localhost", verified: bool = True):
        self.origin, self.site, self.verified = origin, site, verified
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.counter = 0
        self.user = b""

    def create(self, options: dict[str, Any]) -> str:
        """Answer the options of a registration."""
        public = options["publicKey"]
        self.user = str(public["user"]["id"]).encode()
        key = AttestedCredentialData.create(
            b"\0" * 16, self.id, ES256.from_cryptography_key(self.key.public_key())
        )
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(HAS_KEY) + bytes(key)}
        return self._json(
            clientDataJSON=self._client("webauthn.create", public["challenge"]),
            attestationObject=cbor.encode(attestation),
        )

    def answer(self, options: dict[str, Any], **changed: Any) -> str:
        """Answer the options of a sign-in; `changed` replaces what the passkey would say."""
        client = self._client("webauthn.get", options["publicKey"]["challenge"])
        self.counter = changed.pop("counter", self.counter)
        data = self._data()
        signed = data + hashlib.sha256(client).digest()
        answer = {
            "clientDataJSON": client,
            "authenticatorData": data,
            "signature": self.key.sign(signed, ec.ECDSA(hashes.SHA256())),
            **changed,
        }
        return self._json(userHandle=self.user.decode(), **answer)

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verified else 0)
        site = hashlib.sha256(self.site.encode()).digest()
        return site + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _json(self, **response: Any) -> str:
        said = {
            name: websafe_encode(value) if isinstance(value, bytes) else value
            for name, value in response.items()
        }
        return json.dumps(
            {
                "type": "public-key",
                "id": websafe_encode(self.id),
                "rawId": websafe_encode(self.id),
                "response": said,
                "clientExtensionResults": {"credProps": {"rk": True}},
            }
        )
