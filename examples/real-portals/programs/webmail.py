"""Roundcube with Dovecot: mailboxes with a delivered email each."""

import secrets
import shutil
import sqlite3
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from place import Place
from processes import Processes, run
from provider import Provider

SCHEMA = Path("/usr/share/roundcube/SQL/sqlite.initial.sql")
DEFAULTS = Path("/etc/roundcube")
PLUGINS = Path("/usr/share/roundcube/plugins")
DELIVERY = "/usr/lib/dovecot/dovecot-lda"
EMAILS = {  # address: (from, subject)
    "alice@alder.example": ("Harbour <no-reply@harbour.example>", "Your November invoice"),
    "bob@alder.example": (
        "Alice Martin <alice@alder.example>",
        "New opening hours for the website",
    ),
    "emma@alder.example": ("Bob Tremblay <bob@alder.example>", "Figures of October"),
    "charlie@birch.example": ("Dispatch <dispatch@birch.example>", "Trucks of next week"),
}


def start(place: Place, provider: Provider, processes: Processes) -> None:
    """Start Dovecot and prepare Roundcube, which Apache runs."""
    place.folder_for("mail", "mail")
    for name in ("run", "state"):
        place.folder_for(f"dovecot/{name}").chmod(0o755)
    client = provider.client("webmail")
    settings = place.write("dovecot/dovecot.conf", "dovecot/dovecot.conf")
    place.write("dovecot/dovecot-oauth2.conf.ext", "dovecot/dovecot-oauth2.conf.ext", **client)
    command = ["/usr/sbin/dovecot", "-F", "-c", str(settings)]
    processes.start("dovecot", command, port=place.ports["imap"])
    for address in EMAILS:
        deliver(settings, address)
    for name in ("config", "data", "temp", "logs", "sessions"):
        place.folder_for(f"roundcube/{name}", "www-data")
    for name in ("defaults.inc.php", "mimetypes.php"):
        copy = place.folder / "roundcube/config" / name
        shutil.copy(DEFAULTS / name, copy)
        shutil.chown(copy, "www-data", "www-data")
    place.write(
        "roundcube/config.inc.php",
        "roundcube/config/config.inc.php",
        "www-data",
        DES_KEY=secrets.token_urlsafe(18),  # 24 characters
        **client,
    )
    for name in ("filesystem_attachments", "jqueryui"):  # without which Roundcube doesn't start
        (place.folder_for("roundcube/plugins") / name).symlink_to(PLUGINS / name)
    for source, target in {
        "hub_access": "plugins/hub_access/hub_access",
        "prepend": "prepend",
    }.items():
        place.write(f"roundcube/{source}.php", f"roundcube/{target}.php", "www-data")
    database = place.folder / "roundcube/data/roundcube.db"
    with sqlite3.connect(database) as connection:
        connection.executescript(SCHEMA.read_text())
    connection.close()
    shutil.chown(database, "www-data", "www-data")
    place.write("apache/webmail.conf", "apache/webmail.conf")


def deliver(settings: Path, address: str) -> None:
    """Deliver the example's email to a mailbox, as a mail server does."""
    email = EmailMessage()
    email["From"], email["Subject"] = EMAILS[address]
    email["To"] = address
    email["Date"] = formatdate()
    email["Message-ID"] = make_msgid(domain="harbour.example")
    email.set_content(f"Hello,\n\nthis is in the mailbox of {address} alone.\n")
    run([DELIVERY, "-c", str(settings), "-d", address], input=email.as_string())
