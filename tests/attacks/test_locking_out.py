"""Strangers who guess can't lock a person out, and guessing stays bounded (rule 28).

The attack is the one that OWASP's "device cookies" are made against: whoever knows an address
spends its tries, and its owner can't sign in.
"""

from datetime import timedelta

import pytest
import time_machine
from allauth.core import context
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.utils import get_form_class
from django.conf import settings as django_settings
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.forms.sign_in import LimitedCodeForm
from accounts.http import devices
from accounts.services.sessions import end_sessions
from hub.example import PASSWORD
from hub.limits import ACCOUNT_RATE_LIMITS
from tests.attacks.test_taking_an_account import NEW_PASSWORD, reset_password

HOME = "192.0.2.1"
MANY = [f"198.51.100.{n}" for n in range(1, 100)]  # where strangers are
COOKIE = "hub_device"


@pytest.fixture(autouse=True)
def _limits(settings):
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS


def sign_in(client, person, password=PASSWORD, source=HOME, **headers):
    """Try to; out: "in", "wrong" or "refused"."""
    answer = client.post(
        reverse("account_login"),
        {"login": person.email, "password": password},
        REMOTE_ADDR=source,
        **headers,
    )
    if answer.status_code == 302:
        return "in"
    return "refused" if "Too many" in answer.content.decode() else "wrong"


def guess(person, times, sources=MANY[:1], client=None):
    """A stranger's guesses, from each source in turn."""
    client = client or Client()
    return [sign_in(client, person, "wrong", sources[n % len(sources)]) for n in range(times)]


def device_of(person):
    """A browser on which the person has signed in, and out again."""
    client = Client()
    assert sign_in(client, person) == "in"
    client.post(reverse("account_logout"))
    return client


def test_a_stranger_locks_nobody_out(db, bob):
    assert guess(bob, 6)[-1] == "refused"

    assert sign_in(Client(), bob) == "in"  # on a device that the hub has never seen


def test_a_strangers_whole_hour_leaves_room_for_others(db, bob):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _round in range(11):
            guess(bob, 6)
            clock.shift(301)

        assert sign_in(Client(), bob) == "in"


def test_guessing_from_many_places_is_bounded_but_the_known_device_gets_in(db, bob):
    known = device_of(bob)

    tries = guess(bob, 99, MANY)

    assert tries.count("wrong") == 60
    assert sign_in(Client(), bob) == "refused"  # it might be a guess as well
    assert sign_in(known, bob) == "in"


def test_a_neighbour_behind_the_same_address_does_not_lock_the_known_device_out(db, bob, charlie):
    """The two limits by network address alone: failures, and tries of any kind."""
    known = device_of(bob)
    neighbour = Client()
    for n in range(40):
        sign_in(neighbour, charlie if n % 2 else bob, "wrong", HOME)

    assert sign_in(known, bob) == "in"


def test_a_known_device_has_its_own_limit(db, bob):
    known = device_of(bob)

    assert guess(bob, 6, [HOME], known) == ["wrong"] * 5 + ["refused"]
    assert sign_in(known, bob, source=MANY[7]) == "refused"  # wherever it moves


def test_a_device_is_known_to_its_own_people_only(db, bob, charlie):
    """Charlie's cookie takes nobody's guesses at Bob out of the strangers' count."""
    guess(bob, 99, MANY)

    assert sign_in(device_of(charlie), bob) == "refused"


@pytest.mark.parametrize("forged", ["x", "a:b:c", "....", "é", "x" * 5000])
def test_a_forged_cookie_counts_as_none(forged, db, bob):
    stranger = Client()
    stranger.cookies[COOKIE] = forged

    assert guess(bob, 6, client=stranger)[-1] == "refused"


def test_a_shared_device_is_known_to_each_of_its_people(db, bob, alice, emma):
    shared = device_of(bob)
    for other in (alice, emma):
        sign_in(shared, other)
        shared.post(reverse("account_logout"))
    for person in (bob, alice, emma):
        guess(person, 99, MANY)
        assert sign_in(shared, person) == "in"
        shared.post(reverse("account_logout"))


def test_a_device_remembers_five_people_at_most(db, as_, alice, bob, emma, charlie, frank, dana):
    shared = Client()
    for person in (alice, bob, emma, charlie, frank, dana):
        shared.force_login(person, backend=django_settings.AUTHENTICATION_BACKENDS[1])
        shared.get("/")

    request = RequestFactory().get("/")
    request.COOKIES[COOKIE] = shared.cookies[COOKIE].value
    known = [
        p for p in (alice, bob, emma, charlie, frank, dana) if devices.known_device(request, p)
    ]
    assert known == [bob, emma, charlie, frank, dana]


def test_the_cookie_tells_nothing_and_is_for_the_browser_alone(db, bob, settings):
    cookie = device_of(bob).cookies[COOKIE]

    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"
    assert cookie["max-age"] == 365 * 24 * 3600
    assert not {str(bob.sub), bob.sub.hex, bob.email} & set(cookie.value.split(":"))


def test_a_known_device_is_no_sign_in(db, bob):
    known = Client()
    known.cookies[COOKIE] = device_of(bob).cookies[COOKIE].value

    assert known.get("/profile/").status_code == 302


@pytest.mark.parametrize("end", ["password", "sessions", "a year"])
def test_when_a_device_becomes_unknown(end, db, bob):
    """Whoever once had the account may have kept cookies, and each is good for more guesses."""
    known = device_of(bob)
    if end == "password":
        bob.set_password(PASSWORD)
        bob.save()
    elif end == "sessions":
        end_sessions(bob)
    with time_machine.travel(
        timezone.now() + (devices.LIFETIME if end == "a year" else 0 * devices.LIFETIME)
    ):
        guess(bob, 99, MANY)
        assert sign_in(known, bob) == "refused"


def test_the_cookie_is_renewed_as_long_as_the_device_is_used(db, bob):
    known = device_of(bob)
    first = known.cookies[COOKIE].value
    sign_in(known, bob)
    assert known.cookies[COOKIE].value == first
    with time_machine.travel(timezone.now() + devices.RENEW_AFTER + timedelta(days=1)):
        sign_in(known, bob)
    assert known.cookies[COOKIE].value != first


def test_a_changed_password_keeps_this_device_known(db, bob):
    known = device_of(bob)
    sign_in(known, bob)
    known.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    known.post(reverse("account_logout"))
    bob.refresh_from_db()
    assert bob.check_password(NEW_PASSWORD)

    guess(bob, 99, MANY)

    assert sign_in(known, bob, NEW_PASSWORD) == "in"


def test_a_reset_by_email_is_the_way_in_on_a_new_device(db, as_, bob, deliver):
    """Its link proves the person: from then on the device is known, while strangers go on."""
    guess(bob, 99, MANY)
    clients = []
    reset_password(lambda person: clients.append(as_(person)) or clients[0], bob, deliver)
    guess(bob, 99, MANY)

    assert sign_in(Client(), bob, NEW_PASSWORD) == "refused"
    assert sign_in(clients[0], bob, NEW_PASSWORD) == "in"


def test_a_reset_by_email_ends_the_strangers_count(db, as_, bob, deliver):
    guess(bob, 99, MANY)

    reset_password(as_, bob, deliver)

    assert sign_in(Client(), bob, NEW_PASSWORD) == "in"


def test_a_reset_of_my_own_gives_no_more_guesses_at_others(db, as_, bob, charlie, deliver):
    """The limit of failures from one network address goes on."""
    here = "127.0.0.1"  # where the reset comes from
    guess(bob, 5, [here])
    guess(charlie, 5, [here])
    reset_password(as_, bob, deliver)

    assert guess(charlie, 1, [here]) == ["refused"]
    assert guess(bob, 1, [here]) == ["refused"]


def test_strangers_who_ask_for_resets_leave_the_person_a_link_that_works(db, as_, bob, deliver):
    """Nobody's request is refused: the address has links enough, and each works for two hours."""
    for n in range(30):
        asked = Client().post(
            reverse("account_reset_password"), {"email": bob.email}, REMOTE_ADDR=MANY[n]
        )
        assert asked.status_code == 302
    assert len(deliver()) == 10

    reset_password(as_, bob, deliver)  # asks, gets none, uses the last
    assert len([m for m in deliver() if "Choose a new" in m.subject]) == 10

    Client().post(reverse("account_reset_password"), {"email": bob.email}, REMOTE_ADDR=HOME)
    assert len([m for m in deliver() if "Choose a new" in m.subject]) == 11  # its links had ended


def test_one_stranger_does_not_take_all_resets_of_an_address(db, bob, deliver):
    for _n in range(9):
        Client().post(reverse("account_reset_password"), {"email": bob.email})
    assert len(deliver()) == 5

    Client().post(reverse("account_reset_password"), {"email": bob.email}, REMOTE_ADDR=HOME)
    assert len(deliver()) == 6


def test_a_stranger_does_not_stop_the_email_that_proves_my_new_address(
    db, as_, bob, charlie, deliver
):
    """allauth sends one such email in three minutes to an address, whoever asked."""
    for person in (charlie, bob):
        client = as_(person)
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        client.post(reverse("account_email"), {"action_add": "", "email": "new@alder.example"})

    assert [mail.to for mail in deliver()].count(["new@alder.example"]) == 2


# --- Codes of a second factor ---


@pytest.fixture
def try_code(db, bob):
    """try_code(code, source, cookie="") → "in", "wrong" or "refused", with Bob's unused `codes`."""
    codes = RecoveryCodes.activate(bob).get_unused_codes()
    form_class = get_form_class(mfa_settings.FORMS, "authenticate", AuthenticateForm)

    def enter(code, source, cookie=""):
        request = RequestFactory(REMOTE_ADDR=source).post("/accounts/2fa/authenticate/")
        request.COOKIES[COOKIE] = cookie
        with context.request_context(request):
            form = form_class({"code": code}, user=bob)
            if form.is_valid():
                return "in"
            return "refused" if "Too many" in str(form.errors) else "wrong"

    enter.codes = codes
    return enter


def test_codes_are_limited_as_passwords_are(try_code, bob):
    known = device_of(bob).cookies[COOKIE].value

    assert [try_code("x", MANY[0]) for _n in range(6)] == ["wrong"] * 5 + ["refused"]
    assert try_code(try_code.codes[0], HOME) == "in"
    tries = [try_code("x", MANY[n]) for n in range(1, 99)]
    assert tries.count("wrong") == 55
    assert try_code(try_code.codes[1], HOME) == "refused"
    assert try_code(try_code.codes[1], HOME, known) == "in"


@pytest.mark.parametrize(
    ("name", "theirs"), [("authenticate", AuthenticateForm), ("reauthenticate", ReauthenticateForm)]
)
def test_allauth_takes_our_forms_for_a_code(name, theirs):
    form_class = get_form_class(mfa_settings.FORMS, name, theirs)

    assert issubclass(form_class, theirs) and issubclass(form_class, LimitedCodeForm)


# --- Where a request comes from ---


@pytest.mark.parametrize(
    ("proxies", "header", "refused"),
    [
        (0, "10.0.0.{}", True),  # no proxy of ours: the header is the sender's own words
        (1, "10.0.0.{}, 203.0.113.5", True),  # ours appended the last; before it anybody's words
        (1, "203.0.113.5, 10.0.0.{}", False),
        (2, "10.0.0.{}, 203.0.113.5, 203.0.113.6", True),
    ],
)
def test_the_header_counts_only_as_far_as_it_is_ours(proxies, header, refused, db, bob, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    tries = [
        sign_in(
            Client(),
            bob,
            "wrong",
            HTTP_X_FORWARDED_FOR=header.format(n),
            HTTP_X_REAL_IP=f"10.9.9.{n}",
            HTTP_FORWARDED=f"for=10.9.9.{n}",
            HTTP_CF_CONNECTING_IP=f"10.9.9.{n}",
        )
        for n in range(6)
    ]

    assert (tries[-1] == "refused") is refused


def test_addresses_of_one_ipv6_network_are_one_source(db, bob):
    sources = [f"2001:db8:1:2::{n}" for n in range(6)]

    assert guess(bob, 6, sources)[-1] == "refused"
    assert guess(bob, 1, ["2001:db8:1:3::1"]) == ["wrong"]
