"""A small IMAP4 server with one account and folder (a part of RFC 3501)."""

import datetime
import ipaddress
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "hub@harbour.example", "pass word/1"


@dataclass
class Kept:
    """One mail and its flags."""

    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Account:
    """What is in the folder, what was asked, and where the server breaks off."""

    mails: dict[int, Kept] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    keywords: bool = True  # whether it keeps flags of its readers' own
    break_at: str = ""  # closes the connection instead of doing this, once
    silent_at: str = ""  # never answers this

    def add(self, raw: bytes, *flags: str) -> Kept:
        kept = self.mails[len(self.mails) + 1] = Kept(raw, set(flags))
        return kept


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        if self.server.secure_at_once:
            self.encrypt()
        self.say("* OK ready")
        self.folder = False
        while line := self.rfile.readline().decode().strip():
            tag, _, rest = line.partition(" ")
            verb, _, words = rest.partition(" ")
            if verb.upper() == "UID":
                verb, _, words = words.partition(" ")
            account = self.server.account
            account.asked.append(rest)
            if account.break_at and account.break_at in rest:
                account.break_at = ""
                return
            if account.silent_at and account.silent_at in rest:
                self.server.over.wait(30)
                return
            answer = getattr(self, f"do_{verb.lower()}", self.unknown)(words)
            self.say(f"{tag} {answer} ")
            if verb.upper() == "STARTTLS":
                self.encrypt()
            if verb.upper() == "LOGOUT":
                return

    def encrypt(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.certificate)
        self.request = context.wrap_socket(self.request, server_side=True)
        self.setup()

    def unknown(self, words: str) -> str:
        return "BAD what?"

    def do_capability(self, words: str) -> str:
        self.say("* CAPABILITY IMAP4REV1 STARTTLS")
        return "OK"

    def do_starttls(self, words: str) -> str:
        return "OK"

    def do_login(self, words: str) -> str:
        if not isinstance(self.request, ssl.SSLSocket):
            return "NO not in the clear"
        known = words in (f'{USER} "{PASSWORD}"', f'"{USER}" "{PASSWORD}"')
        return "OK" if known else "NO who are you?"

    def do_select(self, words: str) -> str:
        if words.strip('"') not in ("INBOX", "Came back"):
            return "NO no such folder"
        self.folder = True
        self.say(f"* {len(self.server.account.mails)} EXISTS")
        return "OK [READ-WRITE]"

    def do_search(self, words: str) -> str:
        wanted = words.split()
        found = [
            str(number)
            for number, mail in self.server.account.mails.items()
            if not ("UNSEEN" in wanted and "\\Seen" in mail.flags)
            and not ("UNKEYWORD" in wanted and wanted[-1] in mail.flags)
        ]
        self.say(f"* SEARCH {' '.join(found)}")
        return "OK"

    def do_fetch(self, words: str) -> str:
        number, most = re.fullmatch(r"(\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", words).groups()
        mail = self.server.account.mails.get(int(number))
        if mail is not None:
            raw = mail.raw[: int(most)]
            self.say(f"* {number} FETCH (UID {number} BODY[]<0> {{{len(raw)}}}")
            self.wfile.write(raw + b")\r\n")
        self.say("* 1 FETCH (FLAGS ())")  # about another mail, as servers may say at any time
        return "OK"

    def do_store(self, words: str) -> str:
        number, flags = re.fullmatch(r"(\d+) \+FLAGS\.SILENT \((.*)\)", words).groups()
        for flag in flags.split():
            if flag.startswith("\\") or self.server.account.keywords:
                self.server.account.mails[int(number)].flags.add(flag)
        return "OK"

    def do_expunge(self, words: str) -> str:
        gone = [n for n, mail in self.server.account.mails.items() if "\\Deleted" in mail.flags]
        for number in gone:
            del self.server.account.mails[number]
        return "OK"

    def do_logout(self, words: str) -> str:
        self.say("* BYE")
        return "OK"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, account: Account, certificate: Path, *, secure_at_once: bool) -> None:
        self.account, self.certificate = account, certificate
        self.secure_at_once, self.over = secure_at_once, threading.Event()
        super().__init__(("127.0.0.1", 0), _Session)

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that hangs up is no news."""


def new_certificate(path: Path) -> Path:
    """A key and a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    host = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(pem)
    )
    return path


@contextmanager
def imap_server(certificate: Path, *, secure_at_once: bool = True) -> Iterator[tuple[Account, int]]:
    """A running server: its account and its port."""
    account = Account()
    with _Server(account, certificate, secure_at_once=secure_at_once) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield account, server.server_address[1]
        finally:
            server.over.set()
            server.shutdown()
            thread.join()
