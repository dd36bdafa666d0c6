"""The pages where people change their own account."""

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.conf import settings
from django.urls import reverse

from accounts.models import AuditEvent
from accounts.selectors import history_of, people_of, sentence_of
from accounts.services.people import update_profile
from accounts.services.support import send_reset_link
from tests.cases import verified_case
from tests.edits import edit

PROFILE = "/profile/"


def test_name_and_language(as_, bob):
    client = as_(bob)

    answer = edit(client, PROFILE, {"name": "Robert Tremblay", "language": "fr"})

    bob.refresh_from_db()
    assert (bob.name, bob.language) == ("Robert Tremblay", "fr")
    assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "fr"
    assert '<html lang="fr"' in client.get(PROFILE).content.decode()


def test_a_profile_change_is_in_the_providers_chain_and_own_history(bob, alder):
    update_profile(actor=bob, name="Robert", language="en")

    event = AuditEvent.objects.first()
    assert (event.chain, event.customer) == ("provider", None)
    assert history_of(bob).first() == event


def test_nothing_changed_leaves_no_event(bob, events):
    before = events()

    update_profile(actor=bob, name=bob.name, language=bob.language)

    assert events() == before


def test_a_new_name_leaves_the_work_name(bob, membership):
    update_profile(actor=bob, name="Robert", language="en")

    assert membership(bob).work_name == "Bob Tremblay"


def test_history_shows_an_act_of_support_once(dana, bob):
    case = verified_case(dana, bob, ticket="T-1")
    send_reset_link(actor=dana, case=case)

    said = [sentence_of(event) for event in history_of(bob)]
    assert len([s for s in said if "T-1:" in s and "reset link" in s]) == 1


def test_history_shows_only_own_events(as_, bob, emma):
    html = as_(bob).get(PROFILE).content.decode()

    assert "Emma Roy" not in html
    assert "Alder Dental" in html


def test_the_profile_links_to_every_setting(as_, bob):
    html = as_(bob).get(PROFILE).content.decode()

    for name in ("account_email", "account_change_password", "portals:devices"):
        assert reverse(name) in html
        assert as_(bob).get(reverse(name)).status_code in (200, 302)


@pytest.fixture
def new_address(bob):
    address = EmailAddress.objects.create(user=bob, email="robert@alder.example")
    return reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])


def test_a_confirmed_address_keeps_the_account(as_, bob, alder, new_address, deliver):
    here, elsewhere = as_(bob), as_(bob)

    here.post(new_address)

    bob.refresh_from_db()
    assert bob.email == "robert@alder.example"
    assert people_of(alder, search="robert@").get().user == bob
    assert not people_of(alder, search="bob@").exists()
    event = AuditEvent.objects.get(kind="address.changed")
    assert (event.chain, event.data["previous"]) == ("provider", "bob@alder.example")
    assert any(mail.to == ["bob@alder.example"] for mail in deliver()), "the old one is told"
    assert here.get(PROFILE).status_code == 200
    assert elsewhere.get(PROFILE).status_code == 302, "F3"


def test_an_address_is_not_changed_without_its_event_K3(as_, bob, new_address, monkeypatch):
    def fail(self):
        raise RuntimeError("disk full")

    monkeypatch.setattr(AuditEvent, "computed_hash", fail)
    client = as_(None)
    client.raise_request_exception = False

    assert client.post(new_address).status_code == 500

    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"


def test_opening_the_link_does_not_confirm_the_address(as_, bob, new_address):
    as_(bob).get(new_address)

    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"
