"""Install the portals' programs from Debian, without starting any of them."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from place import CannotStart

PACKAGES = (
    # the web server of all portals, and the module that signs people in
    *("apache2", "libapache2-mod-auth-openidc", "libapache2-mod-fcgid"),
    # PowerDNS
    *("pdns-server", "pdns-backend-sqlite3"),
    # AWStats
    "awstats",
    # Roundcube and Dovecot
    *("roundcube-core", "roundcube-sqlite3", "libapache2-mod-php8.2", "dovecot-imapd"),
    *(f"php8.2-{name}" for name in ("sqlite3", "curl", "intl", "mbstring", "xml", "zip", "gd")),
    # Request Tracker
    *("request-tracker5", "rt5-fcgi", "rt5-db-sqlite"),
    # the browser of the journey
    "chromium",
)
# Each package would otherwise create a database for itself.
ANSWERS = """\
roundcube-core roundcube/dbconfig-install boolean false
request-tracker5 request-tracker5/dbconfig-install boolean false
"""
POLICY = Path("/usr/sbin/policy-rc.d")  # Debian asks it before a package starts a service
DENY = "#!/bin/sh\nexit 101\n"


def install() -> float:
    """Install what is missing; return how many seconds it took. Raises CannotStart."""
    missing = [name for name in PACKAGES if not _is_installed(name)]
    if not missing:
        return 0.0
    if os.geteuid() != 0:
        raise CannotStart("Run it as root: it installs packages, and runs programs as their users.")
    if shutil.which("apt-get") is None:
        raise CannotStart("It needs Debian 12: the portals come from its packages.")
    began = time.monotonic()
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text(DENY)
        POLICY.chmod(0o755)
    try:
        subprocess.run(["debconf-set-selections"], input=ANSWERS, text=True, check=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        options = ["-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=600"]
        for command in (["update"], ["install", *options, *missing]):
            done = subprocess.run(
                ["apt-get", *command],
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            if done.returncode:
                last = "\n".join(done.stdout.splitlines()[-5:])
                raise CannotStart(f"apt-get {command[0]} failed:\n{last}")
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)
    return time.monotonic() - began


def _is_installed(package: str) -> bool:
    asked = ["dpkg-query", "-W", "-f", "${db:Status-Status}", package]
    try:
        done = subprocess.run(asked, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise CannotStart("It needs Debian 12: the portals come from its packages.") from error
    return done.stdout == "installed"
