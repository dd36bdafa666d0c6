"""Debian's Apache with mod_auth_openidc, run on a private configuration, before a page of ours.

One host proves its secret by Basic, one in the form (`OIDCProviderTokenEndpointAuth`). `/api/` is
for programs with an access token, which the module lets the hub introspect. It does that by https
only, so the same Apache gives the hub another address, with a certificate of its own.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.clients.processes import running
from tests.demo import ROOT

APACHE = Path("/usr/sbin/apache2")
MODULES = Path("/usr/lib/apache2/modules")
LOADED = [
    *("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc"),
    *("headers", "proxy", "proxy_http", "ssl"),
]
SERVER = """
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile "{folder}/pid"
Mutex posixsem
ErrorLog "{folder}/log"
LogLevel warn auth_openidc:warn
ServerName 127.0.0.1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
StartServers 1
Listen 127.0.0.1:{https}
<VirtualHost 127.0.0.1:{https}>
  SSLEngine on
  SSLCertificateFile "{folder}/certificate"
  ProxyPass "/" "{hub}/"
</VirtualHost>
"""
MORE = """
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
  {documented}
  OIDCProviderTokenEndpointAuth {method}
  OIDCPassRefreshToken On
  OIDCCacheDir {folder}
  OIDCOAuthIntrospectionEndpoint https://localhost:{https}/identity/o/api/introspect
  OIDCOAuthIntrospectionEndpointAuth {method}
  OIDCOAuthClientID {client_id}
  OIDCOAuthClientSecret "{client_secret}"
  OIDCOAuthSSLValidateServer Off
  OIDCOAuthTokenIntrospectionInterval -1
  OIDCOAuthRemoteUserClaim email
  <Location "/birch/">
    AuthType openid-connect
    Require claim groups:birch
  </Location>
  <Location "/api/">
    AuthType oauth20
    Require claim groups:alder
  </Location>
  RequestHeader set Remote-User "expr=%{{REMOTE_USER}}"
  ProxyPass "/sign-in/callback" "!"
  ProxyPass "/" "http://127.0.0.1:{page}/"
</VirtualHost>
"""


def documented(*, hub: str, port: int, client_id: str, client_secret: str) -> str:
    """Return the settings that docs/portals.md gives, with what differs from host to host.

    They ask for no refresh token, which only a program behind Apache would need.
    """
    text = (ROOT / "docs" / "portals.md").read_text()
    settings = text.split("```apache\n")[1].split("```")[0]
    for name, value in {
        "https://hub.example": hub,
        "https://statistics.example": f"http://127.0.0.1:{port}",
        "<client id>": client_id,
        "<client secret>": f'"{client_secret}"',
        "<a random text>": "a-text-of-a-test",
        'groups"': 'groups offline_access"',
    }.items():
        assert name in settings
        settings = settings.replace(name, value)
    return settings


class Page(BaseHTTPRequestHandler):
    """The program behind Apache: it shows the headers that reach it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(self.headers)).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def is_installed() -> bool:
    """Return whether this machine has Apache and the module."""
    return APACHE.exists() and (MODULES / "mod_auth_openidc.so").exists()


@contextmanager
def running_apache(hub: str, hosts: dict[int, tuple[str, str]], secret: str) -> Iterator[None]:
    """Run Apache with a host on each port: its client id, and how it proves its secret.

    The next two ports are for what they need. Its folder is not one of pytest's, which nobody but
    root could enter.
    """
    page = max(hosts) + 1
    with tempfile.TemporaryDirectory(prefix="hub-apache-") as name, page_behind(page):
        folder = Path(name)
        common = {"folder": folder, "hub": hub, "page": page, "https": page + 1}
        parts = [SERVER.format(**common)]
        parts += [f'LoadModule {module}_module "{MODULES}/mod_{module}.so"' for module in LOADED]
        if os.geteuid() == 0:
            parts.append("User www-data\nGroup www-data")
            shutil.chown(folder, "www-data", "www-data")
        for port, (client_id, method) in hosts.items():
            known = {"port": port, "client_id": client_id, "client_secret": secret}
            settings = documented(hub=hub, **known)
            parts.append(MORE.format(documented=settings, method=method, **known, **common))
        (folder / "certificate").write_text(new_certificate())
        (folder / "conf").write_text("\n".join(parts))
        command = [str(APACHE), "-f", str(folder / "conf"), "-D", "FOREGROUND"]
        address = f"http://127.0.0.1:{min(hosts)}/signed-out"
        with running(command, address=address, output=folder / "output"):
            yield


@contextmanager
def page_behind(port: int) -> Iterator[None]:
    """Serve the page in a thread."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def new_certificate() -> str:
    """Return a key and a certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    private = key.private_bytes(*form, serialization.NoEncryption())
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()
