"""PowerDNS with its API, and zones.py in front of it."""

import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import requests
from place import CannotStart, Place
from processes import Processes, clean_environment
from provider import Provider

SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
ZONES = {
    "alder.example": {"www": "192.0.2.10", "mail": "192.0.2.11"},
    "alderdental.example": {"www": "192.0.2.12"},
    "birch.example": {"www": "198.51.100.20", "tracking": "198.51.100.21"},
}


def start(place: Place, provider: Provider, processes: Processes) -> None:
    """Start both, with the example's zones."""
    folder = place.folder_for("powerdns", "pdns")
    database = folder / "zones.sqlite3"
    with sqlite3.connect(database) as connection:
        connection.executescript(SCHEMA.read_text())
    connection.close()
    shutil.chown(database, "pdns", "pdns")
    place.write("powerdns/pdns.conf", "powerdns/pdns.conf", "pdns")
    command = ["/usr/sbin/pdns_server", f"--config-dir={folder}", "--guardian=no", "--daemon=no"]
    processes.start("powerdns", [*command, "--disable-syslog"], port=place.ports["powerdns"])
    for zone, hosts in ZONES.items():
        create_zone(place, zone, hosts)
    place.write("apache/domains.conf", "apache/domains.conf", **provider.client("domains"))
    socket = place.folder_for("zones", "www-data") / "socket"
    client = provider.credentials["domains"]
    environment = {
        "ZONES_SOCKET": str(socket),
        "ZONES_HUB": provider.url,
        "ZONES_URL": place.url("domains"),
        "ZONES_ID": client["client_id"],
        "ZONES_SECRET": client["client_secret"],
        "ZONES_POWERDNS": powerdns_url(place),
        "ZONES_KEY": place.values["RANDOM"],
        "ZONES_CA": provider.authority,
    }
    # Its own folder may be closed to www-data: the program is copied beside the settings.
    program = place.folder / "zones.py"
    program.write_text((Path(__file__).parent.parent / "zones.py").read_text())
    program.chmod(0o644)
    command = ["/usr/bin/python3", str(program)]
    processes.start("zones", command, env=clean_environment() | environment, user="www-data")
    deadline = time.monotonic() + 10
    while not socket.exists():
        processes.require_alive()
        if time.monotonic() > deadline:
            raise CannotStart("zones.py does not listen.")
        time.sleep(0.05)


def powerdns_url(place: Place) -> str:
    """Return the address of PowerDNS's API, which people never reach."""
    return f"http://127.0.0.1:{place.ports['powerdns']}"


def create_zone(place: Place, zone: str, hosts: dict[str, str]) -> None:
    """Create a zone with these hosts, as the provider does."""
    body: dict[str, Any] = {
        "name": f"{zone}.",
        "kind": "Native",
        "nameservers": ["ns1.harbour.example.", "ns2.harbour.example."],
        "rrsets": [
            {
                "name": f"{host}.{zone}.",
                "type": "A",
                "ttl": 300,
                "records": [{"content": address, "disabled": False}],
            }
            for host, address in hosts.items()
        ],
    }
    url = f"{powerdns_url(place)}/api/v1/servers/localhost/zones"
    headers = {"X-API-Key": place.values["RANDOM"]}
    answer = requests.post(url, json=body, headers=headers, timeout=20)
    if answer.status_code != 201:
        raise CannotStart(f"PowerDNS does not take the zone {zone}: {answer.text}")
