"""A company's own sign-in at a real provider: a second hub, by https, in a process of its own.

Only the guard against addresses of this machine is opened; everything else is as in production.
`make keycloak` does the same with Keycloak.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.models import CompanySignIn
from accounts.openid.discovery import ProviderUnreachable, find_provider
from accounts.services import company_sign_in as services
from tests.accounts.company_provider import go
from tests.accounts.real_provider import CALLBACK, RealProvider, certify, come_back, tls
from tests.demo import ROOT, Demo, running_demo
from tests.machine import free_port

REGISTER = f"""
import json
from portals.models import Portal
from portals.services.credentials import issue_credentials
portal = Portal.objects.get(slug="webmail")
portal.redirect_uris = [{CALLBACK!r}]
portal.save()
print(json.dumps(issue_credentials(actor=None, portal=portal)._asdict()))
"""


class OtherHub(RealProvider):
    """A hub that is a company's provider: our hub is its webmail portal."""

    def __init__(self, demo: Demo, issuer: str, certificate: Path) -> None:
        super().__init__(issuer, certificate)
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", REGISTER]
        done = subprocess.run(
            command, cwd=ROOT, env=demo.environment, capture_output=True, text=True, check=True
        )
        self.credentials = json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def other_hub(tmp_path_factory) -> Iterator[OtherHub]:
    folder = tmp_path_factory.mktemp("other_hub")
    key, certificate = certify(folder)
    port = free_port()
    issuer = f"https://localhost:{port}"
    with running_demo(folder, HUB_BASE_URL=issuer) as demo:
        own = int(demo.environment["HUB_BIND"].rpartition(":")[2])
        with tls(port, own, key, certificate):
            yield OtherHub(demo, issuer, certificate)


@pytest.fixture
def own_sign_in(other_hub, monkeypatch, alice, alder) -> CompanySignIn:
    other_hub.let_hub_ask(monkeypatch)
    domain = services.add_domain(actor=alice, customer=alder, domain="alder.example")
    services.prove_domain_by_dns(actor=alice, domain=domain, records=[domain.challenge])
    return services.connect_provider(
        actor=alice,
        customer=alder,
        provider=find_provider(f"{other_hub.issuer}/.well-known/openid-configuration"),
        **other_hub.credentials,
        signed_in_at=timezone.now(),
    )


@pytest.fixture
def trial(own_sign_in, other_hub, alice, fresh):
    """Return the browser in which Alice tries it, and the address to which she comes back."""
    browser = fresh(alice)
    way = browser.get("/c/alder/company/sign-in/try/")["Location"]
    return browser, other_hub.follow(other_hub.browser(), way, alice.email)


def test_without_the_opened_guard_this_machine_is_not_asked(other_hub):
    with pytest.raises(ProviderUnreachable, match="InvalidIPAddress"):
        find_provider(other_hub.issuer)


def test_a_company_signs_in_at_another_hub(trial, other_hub, alice, alder, bob):
    answer = come_back(*trial)
    assert answer["Location"] == "/c/alder/company/sign-in/", answer.content[:3000]
    Authenticator.objects.create(user=alice, type="webauthn", data={"name": "Laptop"})
    services.start_company_sign_in(actor=alice, customer=alder, signed_in_at=timezone.now())

    # Bob writes his address, and comes in with the other hub's password.
    client, browser = Client(), other_hub.browser()
    assert client.post("/accounts/login/", {"login": bob.email})["Location"] == "/accounts/company/"
    back = other_hub.follow(browser, go(client), bob.email)
    assert come_back(client, back)["Location"] == "/"
    assert client.get("/profile/").context["user"] == bob
    (record,) = client.session["account_authentication_methods"]
    assert record["amr"] == ["pwd"] and not record["second_factor"]
    assert abs(record["proven_at"] - timezone.now().timestamp()) < 60
    assert come_back(Client(), back).status_code == 400  # the way back works once

    # A second time, the other hub still knows him and asks nothing.
    again = Client()
    answer = browser.get(go(again), allow_redirects=False, timeout=20)
    assert answer.headers["Location"].startswith(CALLBACK)
    assert come_back(again, answer.headers["Location"])["Location"] == "/"

    # A fresh sign-in asks for the password once more, and is fresh.
    way = go(client, again="yes", next="/profile/")
    assert "prompt=login" in way
    back = other_hub.follow(browser, way, bob.email)
    assert come_back(client, back)["Location"] == "/profile/"
    assert client.session["account_authentication_methods"][-1]["reauthenticated"]

    # Charlie has an account at the other hub too, and is of another company.
    stranger = Client()
    back = other_hub.follow(other_hub.browser(), go(stranger), "charlie@birch.example")
    answer = come_back(stranger, back)
    assert answer.context["problem"] == "other_domain"
    assert stranger.get("/profile/").status_code == 302


def test_a_wrong_secret_signs_nobody_in(own_sign_in, other_hub, alice, alder, fresh):
    services.replace_client(
        actor=alice,
        customer=alder,
        client_id=other_hub.credentials["client_id"],
        client_secret="wrong",
        signed_in_at=timezone.now(),
    )
    browser = fresh(alice)
    way = browser.get("/c/alder/company/sign-in/try/")["Location"]

    answer = come_back(browser, other_hub.follow(other_hub.browser(), way, alice.email))

    assert answer.status_code == 400 and b"is the client secret right?" in answer.content


def test_an_answer_with_another_issuer_signs_nobody_in(trial, own_sign_in):
    browser, back = trial
    values = dict(part.split("=", 1) for part in urlsplit(back).query.split("&"))
    changed = "&".join(
        f"{name}={value}" for name, value in {**values, "iss": "https%3A%2F%2Fevil"}.items()
    )

    assert browser.get(f"{urlsplit(back).path}?{changed}").status_code == 400

    own_sign_in.refresh_from_db()
    assert own_sign_in.tried_at is None
