"""A company's OpenID provider in a process of its own, reached by https on this machine."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import Client
from django.utils import timezone

from accounts.openid.outgoing import GuardedSession
from hub.example import PASSWORD

CALLBACK = "http://localhost:8000/accounts/company/alder/callback/"


def certify(folder: Path) -> tuple[Path, Path]:
    """Write a key and its own certificate for localhost; return the files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = timezone.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "key.pem", folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[0].write_bytes(key.private_bytes(pem, form, plain))
    files[1].write_bytes(certificate.public_bytes(pem))
    return files


@contextmanager
def tls(port: int, to: int, key: Path, certificate: Path) -> Iterator[None]:
    """Take TLS from a port of this machine and pass on what is in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def pipe(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        while True:
            try:
                raw, _address = server.accept()
            except OSError:
                return
            with suppress(OSError):
                taken = context.wrap_socket(raw, server_side=True)
                passed = socket.create_connection(("127.0.0.1", to))
                for ends in ((taken, passed), (passed, taken)):
                    threading.Thread(target=pipe, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", port)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield


class RealProvider:
    """A provider, and the browsers that sign in there with the example's password."""

    address_field = "login"

    def __init__(self, issuer: str, certificate: Path) -> None:
        self.issuer, self.certificate = issuer, certificate

    def browser(self) -> requests.Session:
        browser = requests.Session()
        browser.trust_env, browser.verify = False, str(self.certificate)
        return browser

    def follow(self, browser: requests.Session, way: str, address: str) -> str:
        """Go the way, give the password where it is asked; return the address back to the hub."""
        for _step in range(10):
            answer = browser.get(way, allow_redirects=False, timeout=20)
            if answer.status_code == 200:
                answer = self._give_password(browser, answer, address)
            assert answer.status_code in (302, 303), (answer.url, answer.text[:2000])
            way = urljoin(answer.url, answer.headers["Location"])
            if way.startswith(CALLBACK):
                return way
        raise AssertionError(way)

    def _give_password(
        self, browser: requests.Session, page: requests.Response, address: str
    ) -> requests.Response:
        form = next(
            form
            for form in re.findall(r"<form.*?</form>", page.text, re.DOTALL)
            if 'type="password"' in form
        )
        fields = {
            name: unescape(value)
            for name, value in re.findall(
                r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form
            )
        }
        parts = urlsplit(page.url)
        target = urljoin(page.url, unescape(re.search(r'action="([^"]*)"', form)[1]))
        return browser.post(
            target,
            {**fields, self.address_field: address, "password": PASSWORD},
            headers={"Referer": page.url, "Origin": f"{parts.scheme}://{parts.netloc}"},
            allow_redirects=False,
            timeout=20,
        )

    def let_hub_ask(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Open the guard against addresses of this machine, and that alone."""
        begin = GuardedSession.__init__

        def with_our_certificate(session: GuardedSession) -> None:
            begin(session)
            session.verify = str(self.certificate)
            session.adapters["https://"]._allow_loopback = True

        monkeypatch.setattr(GuardedSession, "__init__", with_our_certificate)


def come_back(client: Client, address: str):
    """Open the address to which the provider sent a browser back."""
    return client.get(f"{urlsplit(address).path}?{urlsplit(address).query}")
