"""Add the clients' portals to a hub: `python -m tests.clients.prepare PLAN`, in its environment.

The plan is a file of JSON: `manifests` {slug: TOML}, and `secrets` {slug: secret}, which come from
another product. Print {slug: client id}.
"""

import json
import sys
import tempfile
from pathlib import Path

import django

if __name__ == "__main__":
    django.setup()

from django.contrib.auth.hashers import make_password

from accounts.models import Customer, User
from hub.example import PASSWORD
from portals.models import Portal
from portals.services.credentials import issue_credentials
from portals.services.manifests import apply_manifest, read_manifest
from portals.services.subscriptions import subscribe_customer


def prepare(manifests: dict[str, str], secrets: dict[str, str]) -> dict[str, str]:
    """Create the portals for Alder Dental, and return their client ids."""
    alice = User.objects.get(email="alice@alder.example")
    alice.set_password(PASSWORD)  # the tests' hasher is not the hub's
    alice.save()
    ids = {}
    actor = User.objects.get(email="olive@harbour.example")
    customer = Customer.objects.get(slug="alder")
    with tempfile.TemporaryDirectory() as folder:
        for slug, text in manifests.items():
            file = Path(folder, f"{slug}.toml")
            file.write_text(text)
            apply_manifest(actor=None, manifest=read_manifest(file))
            portal = Portal.objects.get(slug=slug)
            subscribe_customer(actor=actor, customer=customer, portal=portal)
            ids[slug] = issue_credentials(actor=None, portal=portal).client_id
    for slug, secret in secrets.items():
        client = Portal.objects.get(slug=slug).client
        client.secret = make_password(secret, hasher="keyed_sha256")
        client.save()
    return ids


if __name__ == "__main__":
    sys.stdout.write(json.dumps(prepare(**json.loads(Path(sys.argv[1]).read_text()))))
