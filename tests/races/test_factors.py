"""One code given eight times at one moment opens one session, on PostgreSQL.

RFC 6238, section 5.2: a verifier does not accept the second attempt of a code. RACE_ROUNDS is the
number of rounds.
"""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.encryption import cipher
from accounts.models import SignInCode, User
from accounts.services.factors import seal_seed
from accounts.services.sign_in_codes import PURPOSE, make_sign_in_code, use_sign_in_code
from accounts.views.sign_in_codes import ASKED
from hub.example import PASSWORD
from tests.races.test_races import ROUNDS, race, won

EIGHT = 8

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]


@pytest.fixture(autouse=True)
def _on_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL")


@pytest.fixture(autouse=True)
def _without_the_cache(monkeypatch):
    """The database alone holds the rule: a cache may be cleared, and Redis may be away."""
    monkeypatch.setattr(totp.TOTP, "_mark_code_used", lambda self, code: True)


@pytest.fixture
def bob():
    return User.objects.get(email="bob@alder.example")


def at_second_step(person):
    client = Client()
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    return client


def give(client, code):
    def act():
        client.post(reverse("mfa_authenticate"), {"code": code})
        if client.get("/profile/").status_code != 200:
            raise ValidationError("refused")

    return act


def test_a_code_of_an_app_opens_one_session(bob):
    seed = totp.generate_totp_secret()
    factor = Authenticator.objects.create(user=bob, type="totp", data={"secret": seal_seed(seed)})
    for _round in range(ROUNDS):
        Authenticator.objects.filter(pk=factor.pk).update(data={"secret": seal_seed(seed)})
        clients = [at_second_step(bob) for _n in range(EIGHT)]
        code = totp.format_hotp_value(totp.hotp_value(seed, int(time.time()) // 30))

        assert won(race(*(give(client, code) for client in clients))) == 1


def test_a_recovery_code_opens_one_session(bob):
    seed = totp.generate_totp_secret()
    Authenticator.objects.create(user=bob, type="totp", data={"secret": seal_seed(seed)})
    codes = RecoveryCodes.activate(bob)
    for _round in range(ROUNDS):
        codes.instance.data["used_mask"] = 0
        codes.instance.save()
        clients = [at_second_step(bob) for _n in range(EIGHT)]
        code = codes.generate_codes()[0]

        assert won(race(*(give(client, code) for client in clients))) == 1


def test_an_emailed_code_opens_one_session(bob):
    """The browser's session is copied, as it is by somebody who has read the cookie."""
    for _round in range(ROUNDS):
        code_row, sealed = make_sign_in_code(actor=None, address=bob.email, is_sent=True)
        code = cipher(PURPOSE).decrypt(sealed.encode()).decode()
        clients = []
        for _n in range(EIGHT):
            client = Client()
            session = client.session
            session[ASKED] = [str(code_row), bob.email, None]
            session.save()
            clients.append(client)

        def enter(client, code=code):
            def act():
                client.post(reverse("accounts:sign-in-code-enter"), {"code": code})
                if client.get("/profile/").status_code != 200:
                    raise ValidationError("refused")

            return act

        assert won(race(*(enter(client) for client in clients))) == 1


def test_no_more_tries_are_compared_at_one_moment_than_one_after_another(bob):
    for _round in range(ROUNDS):
        code_row, _sealed = make_sign_in_code(actor=None, address=bob.email, is_sent=True)
        compared = []

        def guess(n, code_row=code_row, compared=compared):
            def act():
                use_sign_in_code(actor=None, code_row=code_row, code=f"BBBB-BBB{n}")
                compared.append(n)

            return act

        race(*(guess(n) for n in range(EIGHT)))
        assert len(compared) == EIGHT
        assert not SignInCode.objects.filter(uuid=code_row).exists()
