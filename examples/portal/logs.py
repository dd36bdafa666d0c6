"""Put together the logs that companies asked for: `python examples/portal/logs.py`, by a timer.

It needs HUB_URL, PORTAL_CLIENT_ID and PORTAL_CLIENT_SECRET. PORTAL_LOGS is a folder with a file
`<id>.log` for each resource, whose lines begin with their time (ISO 8601, with its zone).
"""

import hashlib
import os
import socket
import sys
from datetime import datetime
from pathlib import Path

import requests

HUB, LOGS = os.environ["HUB_URL"], Path(os.environ["PORTAL_LOGS"])
OWN = os.environ["PORTAL_CLIENT_ID"], os.environ["PORTAL_CLIENT_SECRET"]
WORK = f"{HUB}/api/v1/log-requests"
PART = 4 * 1024 * 1024  # bytes
WORKER = f"{socket.gethostname()} {os.getpid()}"


def session():
    """Return a session with a token of this portal."""
    metadata = requests.get(f"{HUB}/.well-known/openid-configuration", timeout=5)
    form = {"grant_type": "client_credentials", "scope": "logs:tabulate"}
    token = requests.post(metadata.json()["token_endpoint"], data=form, auth=OWN, timeout=5)
    token.raise_for_status()
    hub = requests.Session()
    hub.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    return hub


def lines_of(resource):
    """Yield the lines of a resource within the time that was asked for."""
    begin, end = (datetime.fromisoformat(resource[name]) for name in ("from", "until"))
    file = LOGS / f"{resource['id']}.log"
    if not file.exists() or file.parent != LOGS:
        return
    with file.open("rb") as log:
        for line in log:
            if begin <= datetime.fromisoformat(line.split(maxsplit=1)[0].decode()) < end:
                yield line


def put_together(hub, work):
    """Send the file of one request, and finish it."""
    claim = hub.post(f"{WORK}/{work['id']}/claim", json={"worker": WORKER}, timeout=30)
    if claim.status_code == 409:
        return  # another worker has it
    claim.raise_for_status()
    lease, number, part = claim.json()["lease"], 0, b""
    digest, counts = hashlib.sha256(), {}

    def send(content):
        nonlocal number
        address = f"{WORK}/{work['id']}/parts/{number}"
        headers = {"Content-Type": "application/octet-stream"}
        hub.put(
            address, params={"lease": lease}, data=content, headers=headers, timeout=60
        ).raise_for_status()
        number += 1

    for resource in claim.json()["resources"]:
        name = resource["type"], resource["id"]
        counts.setdefault(name, 0)
        for line in lines_of(resource):
            digest.update(line)
            counts[name] += 1
            part += line
            while len(part) >= PART:
                send(part[:PART])
                part = part[PART:]
    if part:
        send(part)
    result = {
        "lease": lease,
        "sha256": digest.hexdigest(),
        "resources": [
            {"type": kind, "id": name, "lines": lines} for (kind, name), lines in counts.items()
        ],
    }
    hub.put(f"{WORK}/{work['id']}/result", json=result, timeout=60).raise_for_status()
    sys.stdout.write(f"{work['id']}: {sum(counts.values())} lines\n")


def main():
    """Do all the work that waits."""
    hub = session()
    answer = hub.get(WORK, params={"state": "paid"}, timeout=30)
    answer.raise_for_status()
    for work in answer.json()["items"]:
        put_together(hub, work)


if __name__ == "__main__":
    main()
