"""The private folder in which everything runs: addresses, certificates, settings."""

import os
import re
import secrets
import shutil
import socket
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

SETTINGS = Path(__file__).resolve().parent / "settings"
FIRST_PORT = 9440
# Each address has a port of its own, and each portal a name of its own: cookies don't know ports.
# Browsers know that *.localhost is this machine; programs know `localhost` alone.
HOSTS = {
    "hub": "localhost",
    "webmail": "webmail.localhost",
    "statistics": "statistics.localhost",
    "ticketing": "tickets.localhost",
    "domains": "domains.localhost",
}
BEHIND = ("hub_behind", "imap", "dns", "powerdns")  # ports that no browser asks
_PLACEHOLDER = re.compile(r"@([A-Z][A-Z_]*)@")


class CannotStart(Exception):
    """Something is missing or taken; the text is one line for the reader."""


class Place:
    """A folder below the system's temporary one, with the ports and values of this run."""

    def __init__(self, first_port: int = FIRST_PORT) -> None:
        """Create the folder. Raises CannotStart if one of the ports is taken."""
        names = [*HOSTS, *BEHIND]
        self.ports = {name: first_port + number for number, name in enumerate(names)}
        for port in self.ports.values():
            _require_free(port)
        self.folder = Path(tempfile.mkdtemp(prefix="hub-real-portals-"))
        self.folder.chmod(0o711)  # the portals' programs run as other users
        self.values = {
            "FOLDER": str(self.folder),
            "RANDOM": secrets.token_urlsafe(24),  # PowerDNS's key, the sessions of the module
            **{f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
            **{f"{name.upper()}_URL": self.url(name) for name in HOSTS},
        }
        make_certificates(self.folder, list(HOSTS.values()))

    def url(self, name: str) -> str:
        """Return the address of the hub or a portal for browsers."""
        return f"https://{HOSTS[name]}:{self.ports[name]}"

    def folder_for(self, name: str, user: str | None = None) -> Path:
        """Return a folder inside the place, made for this user alone."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        if user is not None:
            shutil.chown(folder, user, user)
            folder.chmod(0o700)
        return folder

    def write(self, source: str, target: str, group: str | None = None, **values: str) -> Path:
        """Fill in a file of `settings/` and write it; return its path.

        Settings hold secrets: only this group and root may read them.
        """
        file = self.folder / target
        file.parent.mkdir(parents=True, exist_ok=True)
        filled = fill_in((SETTINGS / source).read_text(), self.values | values)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        with os.fdopen(descriptor, "w") as output:
            output.write(filled)
        if group is not None:
            shutil.chown(file, "root", group)
        return file

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def fill_in(text: str, values: dict[str, str]) -> str:
    """Replace each @NAME@ by its value. Raises KeyError for one that nobody gave."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def make_certificates(folder: Path, hosts: list[str]) -> None:
    """Write a private authority (ca.pem), and a certificate of it for these hosts."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Real portals, private CA")])
    usage = {"content_commitment": False, "key_encipherment": False, "data_encipherment": False}
    usage |= {"key_agreement": False, "encipher_only": False, "decipher_only": False}
    root = (
        _certificate(authority, authority, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), False)
        .add_extension(
            x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **usage),
            critical=True,
        )
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName(host) for host in hosts]
    leaf = (
        _certificate(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])]),
            authority,
            key.public_key(),
        )
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), False
        )
        .sign(authority_key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "certificate.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(folder / "key.pem", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(private)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
    )


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} is taken. Choose others: --first-port {port + 20}"
            ) from error
