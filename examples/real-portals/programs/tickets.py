"""Request Tracker 5: its database, queues and groups."""

import secrets
import shutil

from place import Place
from processes import run
from provider import Provider

SET_UP = "/usr/sbin/rt-setup-database-5"
CALLBACKS = {
    "rt/permissions": "autohandler/ExternalAuthSuccessfulLogin",
    "rt/sign_out": "Elements/Tabs/SelfService",
}


def prepare(place: Place, provider: Provider) -> None:
    """Create the database with the example's queues; Apache runs RT itself."""
    for name in ("none", "data", "data/mason", "data/sessions"):
        place.folder_for(f"rt/{name}", "www-data")
    settings = place.write("rt/RT_SiteConfig.pm", "rt/RT_SiteConfig.pm", "www-data")
    for source, target in CALLBACKS.items():
        place.write(source, f"rt/html/Callbacks/Hub/{target}", "www-data")
    content = place.write("rt/initialdata", "rt/initialdata", "www-data")
    environment = {
        "RT_SITE_CONFIG": str(settings),
        "RT_SITE_CONFIG_DIR": str(place.folder / "rt/none"),
        "TMPDIR": str(place.folder / "rt/data"),
    }
    password = place.folder / "rt/root-password"  # not RT's own, which everybody knows
    password.write_text(secrets.token_urlsafe(24))
    shutil.chown(password, "www-data", "www-data")
    password.chmod(0o600)
    for action in (
        ["init", "--skip-create", "--root-password-file", str(password)],
        ["insert", "--datafile", str(content)],
    ):
        run([SET_UP, "--action", *action], user="www-data", env=environment)
    place.folder_for("run/fcgid", "www-data")
    place.write("apache/tickets.conf", "apache/tickets.conf", **provider.client("ticketing"))
