"""Support takes one lost factor away, never alone with the password or the address (G2)."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.urls import reverse
from django.utils import timezone

from accounts.choices import CaseOutcome
from accounts.models import AuditEvent
from accounts.services import support
from tests.accounts.test_factors import is_in, set_up_app, sign_in
from tests.cases import confirmed_case


@pytest.fixture
def bobs(bob):
    """A browser of Bob, with an app set up."""
    client, _answer = sign_in(bob)
    set_up_app(client)
    return client


def app_of(person):
    return str(Authenticator.objects.get(user=person, type="totp").pk)


def test_the_person_signs_in_by_password_again_and_is_told(bob, bobs, dana, alice, deliver):
    support.remove_factor(actor=dana, case=confirmed_case(dana, bob), factor=app_of(bob))

    assert not is_in(bobs) and not Authenticator.objects.filter(user=bob).exists()
    client, answer = sign_in(bob)
    assert answer["Location"] == "/" and is_in(client)
    told = [mail for mail in deliver() if "T-1042" in mail.body]
    assert sorted(mail.to[0] for mail in told) == [alice.email, bob.email]
    assert all("removed a lost second factor" in mail.body for mail in told)
    events = AuditEvent.objects.filter(kind="factor.removed", person=bob)
    assert {event.actor for event in events} == {dana}


def test_one_factor_alone_is_taken_away(bob, bobs, dana, deliver):
    key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Blue key"})

    support.remove_factor(actor=dana, case=confirmed_case(dana, bob), factor=str(key.pk))

    left = Authenticator.objects.filter(user=bob).values_list("type", flat=True)
    assert set(left) == {"totp", "recovery_codes"}
    assert [m for m in deliver() if m.to == [bob.email] and "Blue key" in m.body]


def test_whoever_has_to_sets_up_a_new_one_at_the_next_sign_in(bob, bobs, dana, alder):
    alder.second_factor_from = timezone.now()
    alder.save()

    support.remove_factor(actor=dana, case=confirmed_case(dana, bob), factor=app_of(bob))

    client, _answer = sign_in(bob)
    assert client.get("/profile/")["Location"] == reverse("mfa_index")


KEYS = {
    "reset_link": lambda dana, bob, case: support.send_reset_link(actor=dana, case=case),
    "remove_factor": lambda dana, bob, case: support.remove_factor(
        actor=dana, case=case, factor=str(Authenticator.objects.filter(user=bob)[0].pk)
    ),
    "correct_address": lambda dana, bob, case: support.correct_address(
        actor=dana, case=case, address="right@alder.example"
    ),
}


@pytest.mark.parametrize("second", KEYS)
@pytest.mark.parametrize("first", KEYS)
def test_one_agent_never_turns_two_keys_within_a_day_G2(first, second, bob, emma, dana, olive):
    for person in (bob, emma):
        for name in ("Blue key", "Red key"):
            Authenticator.objects.create(user=person, type="webauthn", data={"name": name})
    KEYS[first](dana, bob, confirmed_case(dana, bob))
    if first == second:
        return  # the same key again needs a new case, and opens nothing more
    support.close_case(actor=dana, case=bob.support_cases.open().get(), outcome=CaseOutcome.HELPED)
    case = confirmed_case(dana, bob)
    with pytest.raises(support.SupportRefused) as refusal:
        KEYS[second](dana, bob, case)
    assert refusal.value.code == "both"
    KEYS["reset_link"](dana, emma, confirmed_case(dana, emma))  # somebody else
    support.end_all_sessions(actor=dana, case=case)  # is no key
    KEYS[second](olive, bob, confirmed_case(olive, bob))  # a colleague

    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        support.close_case(actor=dana, case=case, outcome=CaseOutcome.HELPED)
        if second != "correct_address":
            KEYS[second](dana, bob, confirmed_case(dana, bob))


def test_the_page_names_each_factor_and_removes_it(bob, bobs, dana, as_):
    client, path = as_(dana), reverse("accounts:desk-person", args=[bob.sub])
    page = client.get(path).content.decode()
    assert "Authenticator app" in page and "Remove the factor" not in page
    case = confirmed_case(dana, bob)
    action = reverse("accounts:case-act", args=[case.uuid, "remove_factor"])
    assert action in client.get(path).content.decode()

    refused = client.post(action, {"factor": "0"}).content.decode()
    assert "0 is not one of the available choices" in refused

    page = client.post(action, {"factor": app_of(bob)}, follow=True).content.decode()
    assert "None: password only" in page
