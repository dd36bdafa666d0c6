"""A company's own sign-in at Keycloak (`make keycloak`); it takes a minute and Java 17.

Beside the gate: Keycloak comes from Maven Central and is large.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.openid.discovery import find_provider
from accounts.services import company_sign_in as services
from hub.example import PASSWORD
from tests.accounts.company_provider import go
from tests.accounts.real_provider import CALLBACK, RealProvider, certify, come_back
from tests.machine import free_port

SECRET = "a-secret-of-keycloak"
PATIENCE = 1200  # seconds: a minute on a quiet machine


def user(address: str, *, verified: bool = True) -> dict[str, object]:
    """Return a user of Keycloak's who needs no further step."""
    name = address.partition("@")[0]
    password = {"type": "password", "value": PASSWORD, "temporary": False}
    return {
        **{"username": name, "email": address, "emailVerified": verified, "enabled": True},
        **{"firstName": name.title(), "lastName": "Roy", "credentials": [password]},
    }


REALM = {
    **{"realm": "alder", "enabled": True},
    "clients": [
        {
            **{"clientId": "hub", "secret": SECRET, "enabled": True, "publicClient": False},
            **{"protocol": "openid-connect", "standardFlowEnabled": True},
            "redirectUris": [CALLBACK],
            "attributes": {"pkce.code.challenge.method": "S256"},
        }
    ],
    "users": [
        user("alice@alder.example"),
        user("bob@alder.example"),
        user("emma@alder.example", verified=False),
        user("charlie@birch.example"),
    ],
}


class Keycloak(RealProvider):
    """A realm of a running Keycloak."""

    address_field = "username"


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory) -> Iterator[Keycloak]:
    home, folder = Path(os.environ["KEYCLOAK_HOME"]), tmp_path_factory.mktemp("keycloak")
    key, certificate = certify(folder)
    (home / "data" / "import").mkdir(parents=True, exist_ok=True)
    (home / "data" / "import" / "alder.json").write_text(json.dumps(REALM))
    port = free_port()
    address = f"https://localhost:{port}"
    command = [
        *(str(home / "bin" / "kc.sh"), "start-dev", "--import-realm", "--http-enabled=false"),
        *(f"--https-port={port}", f"--hostname={address}", "--db=dev-mem"),
        *(f"--https-certificate-file={certificate}", f"--https-certificate-key-file={key}"),
    ]
    provider = Keycloak(f"{address}/realms/alder", certificate)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    until = time.monotonic() + PATIENCE
    try:
        while not is_ready(provider):
            said = (folder / "log").read_text()[-3000:]
            assert process.poll() is None, said
            assert time.monotonic() < until, f"Keycloak is not ready after {PATIENCE} s: {said}"
            time.sleep(1)
        yield provider
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # also what its script has begun to build
        process.wait(timeout=60)


def is_ready(provider):
    try:
        return provider.browser().get(provider.issuer, timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def test_a_company_signs_in_at_keycloak(keycloak, monkeypatch, alice, alder, bob, fresh):
    keycloak.let_hub_ask(monkeypatch)
    domain = services.add_domain(actor=alice, customer=alder, domain="alder.example")
    services.prove_domain_by_dns(actor=alice, domain=domain, records=[domain.challenge])
    services.connect_provider(
        actor=alice,
        customer=alder,
        provider=find_provider(f"{keycloak.issuer}/.well-known/openid-configuration"),
        client_id="hub",
        client_secret=SECRET,
        signed_in_at=timezone.now(),
    )
    trial = fresh(alice)
    way = trial.get("/c/alder/company/sign-in/try/")["Location"]
    answer = come_back(trial, keycloak.follow(keycloak.browser(), way, alice.email))
    assert answer["Location"] == "/c/alder/company/sign-in/", answer.content[:3000]
    Authenticator.objects.create(user=alice, type="webauthn", data={"name": "Laptop"})
    services.start_company_sign_in(actor=alice, customer=alder, signed_in_at=timezone.now())

    client, browser = Client(), keycloak.browser()
    back = keycloak.follow(browser, go(client), bob.email)
    assert come_back(client, back)["Location"] == "/"
    assert client.get("/profile/").context["user"] == bob
    (record,) = client.session["account_authentication_methods"]
    assert abs(record["proven_at"] - timezone.now().timestamp()) < 60

    back = keycloak.follow(browser, go(client, again="yes", next="/profile/"), bob.email)
    assert come_back(client, back)["Location"] == "/profile/"
    assert client.session["account_authentication_methods"][-1]["reauthenticated"]

    for address, problem in (
        ("emma@alder.example", "not_verified"),
        ("charlie@birch.example", "other_domain"),
    ):
        stranger = Client()
        back = keycloak.follow(keycloak.browser(), go(stranger), address)
        assert come_back(stranger, back).context["problem"] == problem
        assert stranger.get("/profile/").status_code == 302
