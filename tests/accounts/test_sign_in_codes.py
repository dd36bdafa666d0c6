"""Signing in by an emailed code (ASVS 6.5.1: one use; 6.5.5: ten minutes); no second factor."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import SignInCode, User
from accounts.services.sign_in_codes import make_sign_in_code, send_sign_in_code
from accounts.signals import periodic_tick
from hub.limits import ACCOUNT_RATE_LIMITS
from preferences.models import Message
from tests.accounts.test_factors import code_of, is_in, set_up_app, sign_in

ASK, ENTER = "/accounts/login/code/", "/accounts/login/code/enter/"
SUBJECT = "Your code to sign in to Harbour"


def ask(address, client=None, **headers):
    client = client or Client()
    answer = client.post(ASK, {"email": address, **headers.pop("data", {})}, **headers)
    assert answer.status_code == 302, answer.context["form"].errors
    return client


@pytest.fixture
def last_code(deliver):
    """last_code() → the code in the newest email."""

    def read():
        mail = [mail for mail in deliver() if mail.subject == SUBJECT][-1]
        return re.search(r"^[A-Z]{4}-[A-Z]{4}$", mail.body, re.MULTILINE)[0]

    return read


def enter(client, code):
    return client.post(ENTER, {"code": code})


def test_a_code_signs_in_the_browser_that_asked(bob, last_code):
    client = ask(bob.email)
    assert not is_in(client)

    answer = enter(client, last_code())

    assert answer["Location"] == "/" and is_in(client)
    assert client.get("/profile/").context["user"] == bob


@pytest.mark.parametrize("spelling", ["lower", "no dash", "spaces"])
def test_a_code_may_be_spelled_as_people_spell(spelling, bob, last_code):
    client, code = ask(bob.email), last_code()
    code = {"lower": code.lower(), "no dash": code.replace("-", ""), "spaces": f" {code} "}[
        spelling
    ]

    enter(client, code)

    assert is_in(client)


def test_a_code_works_once(bob, last_code):
    client, code = ask(bob.email), last_code()
    session = dict(client.session)
    enter(client, code)
    assert is_in(client)

    for replay in (Client(), Client()):
        stored = replay.session
        stored.update(session)
        stored.save()
        enter(replay, code)
        assert not is_in(replay)


def test_a_code_works_in_no_other_browser(bob, last_code):
    ask(bob.email)
    code = last_code()
    other = Client()
    assert enter(other, code)["Location"] == ASK

    ask(bob.email, other)
    enter(other, code)
    assert not is_in(other)


def test_a_code_works_for_ten_minutes(bob, last_code):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client, code = ask(bob.email), last_code()
        clock.shift(timedelta(minutes=10))
        enter(client, code)
        assert not is_in(client)

        client, code = ask(bob.email), last_code()
        clock.shift(timedelta(minutes=10, seconds=-1))
        enter(client, code)
        assert is_in(client)


def test_five_tries_use_a_code_up(bob, last_code):
    client, code = ask(bob.email), last_code()
    for _n in range(5):
        assert enter(client, "BBBB-BBBB").status_code == 200

    enter(client, code)

    assert not is_in(client) and not SignInCode.objects.exists()


@pytest.mark.parametrize("code", ["", "x" * 61, "\x00", "é", "-", " "])
def test_nonsense_is_refused_without_a_fault(code, bob):
    client = ask(bob.email)

    assert enter(client, code).status_code == 200 and not is_in(client)


def test_a_code_never_stands_in_for_the_second_factor(bob, last_code):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        set_up_app(sign_in(bob)[0])
        clock.shift(60)
        client = ask(bob.email)
        answer = enter(client, last_code())
        assert answer["Location"] == reverse("mfa_authenticate") and not is_in(client)

        client.post(reverse("mfa_authenticate"), {"code": code_of(bob)})
        assert is_in(client)


def test_the_person_goes_where_they_wanted_and_nowhere_else(bob, last_code):
    for wanted, led in (("/preferences/", "/preferences/"), ("https://evil.example/", "/")):
        client = ask(bob.email, data={"next": wanted})
        assert enter(client, last_code())["Location"] == led


def test_a_closed_account_gets_no_code(bob, deliver):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    ask(bob.email)

    assert deliver() == []


def test_an_account_closed_meanwhile_is_not_signed_in(bob, last_code):
    client, code = ask(bob.email), last_code()
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert enter(client, code).status_code == 200 and not is_in(client)


def test_the_code_is_stored_nowhere_in_clear(bob, deliver):
    ask(bob.email)
    before = _stored()
    (mail,) = deliver()
    code = re.search(r"[A-Z]{4}-[A-Z]{4}", mail.body)[0]

    assert code not in before and code.replace("-", "") not in before.upper()
    assert code not in _stored()


def test_while_it_waits_for_the_transport_the_email_is_sealed(bob, deliver):
    _row, sealed = make_sign_in_code(actor=None, address=bob.email, is_sent=True)
    send_sign_in_code(actor=None, address=bob.email, language="en", sealed=sealed)
    waiting = _stored()

    (mail,) = deliver()
    assert re.search(r"[A-Z]{4}-[A-Z]{4}", mail.body)[0] not in waiting
    assert Message.objects.get().notice_class.code == "security"


def _stored():
    """Return all rows of all tables as text, with what sessions hold."""
    from django.contrib.sessions.models import Session

    texts = [str(session.get_decoded()) for session in Session.objects.all()]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                texts.extend(
                    bytes(v).decode("latin-1") if isinstance(v, bytes | memoryview) else str(v)
                    for v in row
                )
    return "\n".join(texts)


def test_old_codes_are_deleted(bob):
    ask(bob.email)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        periodic_tick.send(sender=None)

    assert not SignInCode.objects.exists()


# --- Limits ---


@pytest.fixture
def _limits(settings):
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS


def mails_to(person, deliver):
    return len([mail for mail in deliver() if mail.to == [person.email]])


@pytest.mark.usefixtures("_limits")
def test_one_place_gets_five_emails_an_hour_for_an_address_and_all_get_ten(bob, deliver):
    for n in range(8):
        ask(bob.email, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")
    assert mails_to(bob, deliver) == 5
    for n in range(20):
        ask(bob.email, REMOTE_ADDR=f"198.51.100.{n}")
    assert mails_to(bob, deliver) == 10


@pytest.mark.usefixtures("_limits")
def test_strangers_who_ask_do_not_keep_the_known_device_from_a_code(bob, last_code):
    known, _answer = sign_in(bob)
    known.post(reverse("account_logout"))
    for n in range(30):
        ask(bob.email, REMOTE_ADDR=f"198.51.100.{n}")

    ask(bob.email, known)
    enter(known, last_code())

    assert is_in(known)


@pytest.mark.usefixtures("_limits")
def test_a_code_that_was_not_sent_cannot_be_guessed(bob, deliver):
    for n in range(11):
        ask(bob.email, REMOTE_ADDR=f"198.51.100.{n}")

    assert mails_to(bob, deliver) == 10
    assert SignInCode.objects.count() == 11


@pytest.mark.usefixtures("_limits")
def test_tries_from_one_network_address_are_limited(bob):
    client = ask(bob.email)
    answers = [enter(client, f"BBBB-BBB{n}").status_code for n in range(25)]

    assert answers[-1] == 429
