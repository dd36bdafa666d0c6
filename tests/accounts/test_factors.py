"""Passkeys, the authenticator app and recovery codes: who may set them up, and what they open."""

import json
import re
import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.encryption import key_name
from accounts.models import AuditEvent, User
from accounts.services.factors import PURPOSE, reseal_seeds, seal_seed, unseal_seed
from hub.example import PASSWORD
from hub.sign_in import supported_factors
from tests.passkeys import ORIGIN, SoftPasskey

INDEX = "/accounts/2fa/"


@pytest.fixture(autouse=True)
def _at_a_name(settings):
    """Passkeys need a host with a name."""
    settings.HUB_BASE_URL = ORIGIN
    settings.MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]


def sign_in(person, password=PASSWORD, client=None):
    """Give the password; return the browser and the answer."""
    client = client or Client()
    answer = client.post(reverse("account_login"), {"login": person.email, "password": password})
    return client, answer


def is_in(client):
    return client.get("/profile/").status_code == 200


def code_of(person, shift=0):
    """Return the code that the person's app shows now, or `shift` periods later."""
    factor = Authenticator.objects.get(user=person, type="totp")
    counter = int(time.time()) // 30 + shift
    return totp.format_hotp_value(totp.hotp_value(unseal_seed(factor.data["secret"]), counter))


def set_up_app(client):
    """Set up an authenticator app in this browser; return the recovery codes it shows."""
    page = client.get(reverse("mfa_activate_totp"))
    seed = page.context["form"].secret
    code = totp.format_hotp_value(totp.hotp_value(seed, int(time.time()) // 30))
    answer = client.post(reverse("mfa_activate_totp"), {"code": code})
    assert answer.status_code == 302, answer.context["form"].errors
    if answer["Location"] != reverse("mfa_view_recovery_codes"):
        return []
    shown = client.get(answer["Location"]).content.decode()
    return re.search(r'id="recovery-codes"[^>]*>([\d\s]+)<', shown)[1].split()


def add_passkey(client, passkey=None, name="Laptop"):
    passkey = passkey or SoftPasskey()
    page = client.get(reverse("mfa_add_webauthn"))
    answer = client.post(
        reverse("mfa_add_webauthn"),
        {"name": name, "credential": passkey.create(page.context["options"])},
    )
    return passkey, answer


def options_for_sign_in(client):
    page = client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    return page.json()["request_options"]


def sign_in_with(passkey, client=None, **changed):
    client = client or Client()
    answer = passkey.answer(options_for_sign_in(client), **changed)
    client.post(reverse("mfa_login_webauthn"), {"credential": answer})
    return client


@pytest.fixture
def bobs(bob):
    """A browser in which Bob has just signed in."""
    return sign_in(bob)[0]


@pytest.fixture
def clock():
    """Stand still; clock.shift(seconds) goes on."""
    with time_machine.travel(timezone.now(), tick=False) as travelling:
        yield travelling


# --- Setting up ---


def test_an_app_is_set_up_and_then_asked_for(bob, bobs, clock):
    codes = set_up_app(bobs)
    assert len(codes) == 10

    client, answer = sign_in(bob)
    assert answer["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)
    clock.shift(60)
    client.post(reverse("mfa_authenticate"), {"code": code_of(bob)})
    assert is_in(client)


def test_the_key_is_on_the_page_as_picture_and_text(bobs):
    page = bobs.get(reverse("mfa_activate_totp"))

    text = page.content.decode()
    assert page.context["form"].secret in text
    assert re.search(r'<div class="qr"[^>]*>\s*<svg', text) and "<?xml" not in text


def test_a_wrong_code_sets_nothing_up(bob, bobs):
    bobs.get(reverse("mfa_activate_totp"))

    answer = bobs.post(reverse("mfa_activate_totp"), {"code": "000000"})

    assert answer.status_code == 200 and not Authenticator.objects.filter(user=bob).exists()


def test_setting_up_wants_a_fresh_sign_in(bob, bobs, clock):
    clock.shift(301)

    for name in ("mfa_activate_totp", "mfa_add_webauthn"):
        answer = bobs.get(reverse(name))
        assert answer["Location"].startswith(reverse("account_reauthenticate"))
    bobs.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert bobs.get(reverse("mfa_activate_totp")).status_code == 200


def test_a_session_that_began_without_proof_sets_nothing_up(as_, bob):
    assert as_(bob).get(reverse("mfa_add_webauthn")).status_code == 302


def test_recovery_codes_are_shown_once_and_replaced_by_new_ones(bob, bobs, clock):
    codes = set_up_app(bobs)
    again = bobs.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert codes[0] not in again and "You have 10 codes left." in again

    bobs.post(reverse("mfa_generate_recovery_codes"))
    fresh = bobs.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert codes[0] not in fresh
    new = re.search(r'id="recovery-codes"[^>]*>([\d\s]+)<', fresh)[1].split()

    client, _answer = sign_in(bob)
    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert not is_in(client)
    client.post(reverse("mfa_authenticate"), {"code": new[0]})
    assert is_in(client)


def test_nobody_gets_recovery_codes_without_a_factor(bob, bobs):
    answer = bobs.post(reverse("mfa_generate_recovery_codes"))

    assert answer.status_code == 200 and not Authenticator.objects.exists()


def test_a_passkey_is_added_renamed_and_removed(bob, bobs):
    add_passkey(bobs)
    factor = Authenticator.objects.get(user=bob, type="webauthn")
    assert "Laptop" in bobs.get(INDEX).content.decode()

    bobs.post(reverse("mfa_edit_webauthn", args=[factor.pk]), {"name": "Old laptop"})
    assert "Old laptop" in bobs.get(INDEX).content.decode()
    bobs.post(reverse("mfa_remove_webauthn", args=[factor.pk]))

    assert not Authenticator.objects.filter(user=bob).exists()
    kinds = AuditEvent.objects.filter(person=bob, kind__startswith="factor.").order_by("pk")
    assert [(event.kind, event.data.get("factor_name")) for event in kinds] == [
        ("factor.added", "Laptop"),
        ("factor.codes_made", None),
        ("factor.renamed", "Old laptop"),
        ("factor.removed", "Old laptop"),
    ]


@pytest.mark.parametrize("name", ["", "x" * 61, "two\nlines", "‮reversed"])
def test_a_bad_name_is_refused(name, bob, bobs):
    add_passkey(bobs)
    factor = Authenticator.objects.get(user=bob, type="webauthn")

    answer = bobs.post(reverse("mfa_edit_webauthn", args=[factor.pk]), {"name": name})

    assert answer.status_code == 200 and answer.context["form"].errors["name"]
    factor.refresh_from_db()
    assert factor.data["name"] == "Laptop"


def test_nobody_changes_another_persons_passkey(bob, bobs, charlie):
    add_passkey(bobs)
    factor = Authenticator.objects.get(user=bob, type="webauthn")
    theirs, _answer = sign_in(charlie)

    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        for answer in (
            theirs.get(reverse(name, args=[factor.pk])),
            theirs.post(reverse(name, args=[factor.pk]), {"name": "Mine"}),
        ):
            assert answer.status_code == 404
    factor.refresh_from_db()
    assert factor.data["name"] == "Laptop"


@pytest.mark.parametrize("name", ["mfa_activate_totp", "mfa_deactivate_totp", "mfa_add_webauthn"])
def test_two_tabs_set_up_one_app(name, bob, bobs, monkeypatch):
    """The second finds what the first did, and no fault."""
    set_up_app(bobs)

    assert bobs.get(reverse(name)).status_code in (200, 302)


def test_the_page_for_a_second_app_leads_to_the_first(bob, bobs):
    set_up_app(bobs)

    answer = bobs.get(reverse("mfa_activate_totp"))

    assert answer["Location"] == reverse("mfa_deactivate_totp")


# --- What a change does ---


@pytest.mark.parametrize("change", [set_up_app, add_passkey])
def test_a_change_ends_the_other_sessions_F3(change, as_, bob, bobs):
    other = as_(bob)
    assert is_in(other)

    change(bobs)

    assert is_in(bobs) and not is_in(other)


def test_removing_ends_the_other_sessions_F3(bob, bobs):
    passkey, _answer = add_passkey(bobs)
    other = sign_in_with(passkey)
    assert is_in(other)

    factor = Authenticator.objects.get(user=bob, type="webauthn")
    bobs.post(reverse("mfa_remove_webauthn", args=[factor.pk]))

    assert is_in(bobs) and not is_in(other)


def test_nothing_changes_if_its_event_cannot_be_written(bob, bobs, monkeypatch):
    """K3: what cannot be recorded does not happen."""

    def broken(*_more, **_details):
        raise RuntimeError("the trail is away")

    monkeypatch.setattr("accounts.receivers.record_factor", broken)
    with pytest.raises(RuntimeError):
        add_passkey(bobs)

    assert not Authenticator.objects.filter(user=bob).exists()


# --- Passkeys ---


def test_a_passkey_signs_in_alone_and_stands_for_both_factors(bob, bobs):
    passkey, _answer = add_passkey(bobs)

    assert is_in(sign_in_with(passkey))


def test_a_passkey_is_the_second_step_after_the_password(bob, bobs):
    passkey, _answer = add_passkey(bobs)
    client, _answer = sign_in(bob)
    options = client.get(reverse("mfa_authenticate")).context["options"]

    client.post(reverse("mfa_authenticate"), {"credential": passkey.answer(options)})

    assert is_in(client)


def test_an_answer_works_once(bob, bobs):
    """Also in two tabs of one browser, whose session holds the same challenge."""
    passkey, _answer = add_passkey(bobs)
    client = Client()
    options = options_for_sign_in(client)
    answer = passkey.answer(options)
    tab = Client()
    tab.cookies = client.cookies.copy()
    stored = client.session["mfa.webauthn.state"]
    client.post(reverse("mfa_login_webauthn"), {"credential": answer})
    assert is_in(client)

    for replay in (Client(), tab):
        session = replay.session
        session["mfa.webauthn.state"] = stored
        session.save()
        replay.post(reverse("mfa_login_webauthn"), {"credential": answer})
        assert not is_in(replay)


def test_a_challenge_is_for_one_browser(bob, bobs):
    passkey, _answer = add_passkey(bobs)
    answer = passkey.answer(options_for_sign_in(Client()))
    other = Client()
    options_for_sign_in(other)

    other.post(reverse("mfa_login_webauthn"), {"credential": answer})

    assert not is_in(other)


@pytest.mark.parametrize(
    "fault",
    [
        {"origin": "http://portal.localhost:8000"},  # a portal beside the hub
        {"origin": "http://localhost:8001"},
        {"origin": "https://localhost:8000"},
        {"origin": "https://evil.example"},
        {"site": "evil.example"},
        {"verified": False},
    ],
    ids=lambda fault: " ".join(map(str, *fault.items())),
)
def test_a_passkey_of_another_page_or_unverified_is_refused(fault, bob, bobs):
    passkey, _answer = add_passkey(bobs)
    for name, value in fault.items():
        setattr(passkey, name, value)

    assert not is_in(sign_in_with(passkey))
    _new, answer = add_passkey(bobs, SoftPasskey(**fault))
    assert answer.status_code == 200
    assert Authenticator.objects.filter(user=bob, type="webauthn").count() == 1


def test_a_copied_passkey_is_refused(bob, bobs):
    """Its counter does not grow."""
    passkey, _answer = add_passkey(bobs)
    assert is_in(sign_in_with(passkey, counter=7))

    assert not is_in(sign_in_with(passkey, counter=7))
    assert not is_in(sign_in_with(passkey, counter=3))
    assert is_in(sign_in_with(passkey, counter=8))


def test_a_passkey_opens_its_own_account_only(bob, bobs, alice):
    passkey, _answer = add_passkey(bobs)
    hers, _answer = add_passkey(sign_in(alice)[0])
    passkey.user = hers.user

    assert not is_in(sign_in_with(passkey))


def test_a_passkey_does_not_open_a_closed_account(bob, bobs):
    passkey, _answer = add_passkey(bobs)
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert not is_in(sign_in_with(passkey))


@pytest.mark.parametrize("changed", [{"signature": b"x" * 70}, {"authenticatorData": b"short"}])
def test_a_forged_answer_is_refused(changed, bob, bobs):
    passkey, _answer = add_passkey(bobs)

    assert not is_in(sign_in_with(passkey, **changed))


NONSENSE = ["", "5", "[]", "null", "{}", '"x"', '{"id": 1}', '{"response": []}', "not json", "\x00",
            json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}),
            json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {
                "clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA",
                "userHandle": 5}}),
            json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {
                "clientDataJSON": "AA", "attestationObject": "AA"}})]  # fmt: skip


@pytest.mark.parametrize("credential", NONSENSE)
def test_nonsense_is_refused_without_a_fault(credential, bob, bobs):
    add_passkey(bobs)
    stranger, step = Client(), sign_in(bob)[0]
    options_for_sign_in(stranger)
    step.get(reverse("mfa_authenticate"))
    bobs.get(reverse("mfa_add_webauthn"))
    for client, name in (
        (stranger, "mfa_login_webauthn"),
        (step, "mfa_authenticate"),
        (bobs, "mfa_add_webauthn"),
    ):
        answer = client.post(reverse(name), {"credential": credential, "name": ""})
        assert answer.status_code in (200, 302)
    assert not is_in(stranger) and not is_in(step)
    assert Authenticator.objects.filter(user=bob, type="webauthn").count() == 1


def test_the_site_of_a_passkey_is_the_configured_host(bob, bobs):
    """Never the request's Host header."""
    page = bobs.get(reverse("mfa_add_webauthn"), headers={"Host": "127.0.0.1:9"})

    assert page.context["options"]["publicKey"]["rp"]["id"] == "localhost"


def test_a_passkey_leads_where_the_person_wanted_to_go(bob, bobs):
    passkey, _answer = add_passkey(bobs)
    client = Client()
    answer = passkey.answer(options_for_sign_in(client))

    for wanted, led in (("/preferences/", "/preferences/"), ("https://evil.example/", "/")):
        client = Client()
        answer = passkey.answer(options_for_sign_in(client))
        got = client.post(reverse("mfa_login_webauthn"), {"credential": answer, "next": wanted})
        assert got["Location"] == led


# --- Codes ---


def test_a_code_works_once_however_it_is_spelled(bob, bobs, clock):
    set_up_app(bobs)
    clock.shift(60)
    code = code_of(bob)
    client, _answer = sign_in(bob)
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert is_in(client)

    for spelling in (code, f" {code} ", f"{code[:3]} {code[3:]}", f"{code[:3]}-{code[3:]}"):
        again, _answer = sign_in(bob)
        again.post(reverse("mfa_authenticate"), {"code": spelling})
        assert not is_in(again)


def test_a_code_works_once_though_the_cache_forgets(bob, bobs, clock):
    from django.core.cache import cache

    set_up_app(bobs)
    clock.shift(60)
    for expected in (True, False):
        cache.clear()
        client, _answer = sign_in(bob)
        client.post(reverse("mfa_authenticate"), {"code": code_of(bob)})
        assert is_in(client) is expected


def test_the_code_that_set_the_app_up_does_not_sign_in(bob, bobs, clock):
    set_up_app(bobs)
    client, _answer = sign_in(bob)

    client.post(reverse("mfa_authenticate"), {"code": code_of(bob)})

    assert not is_in(client)


def test_a_code_before_the_last_one_is_too_old(bob, bobs, clock):
    set_up_app(bobs)
    clock.shift(60)
    earlier = code_of(bob, -1)
    client, _answer = sign_in(bob)
    client.post(reverse("mfa_authenticate"), {"code": code_of(bob)})

    again, _answer = sign_in(bob)
    again.post(reverse("mfa_authenticate"), {"code": earlier})

    assert not is_in(again)


@pytest.mark.parametrize("minutes", [-2, 2])
def test_a_code_of_another_time_is_refused(minutes, bob, bobs, clock):
    set_up_app(bobs)
    clock.shift(300)
    client, _answer = sign_in(bob)

    client.post(reverse("mfa_authenticate"), {"code": code_of(bob, minutes * 2)})

    assert not is_in(client)


def test_a_recovery_code_works_once_and_is_recorded(bob, bobs):
    codes = set_up_app(bobs)
    for expected in (True, False):
        client, _answer = sign_in(bob)
        client.post(reverse("mfa_authenticate"), {"code": f"{codes[0][:4]} {codes[0][4:]}"})
        assert is_in(client) is expected

    assert AuditEvent.objects.get(kind="factor.code_used", person=bob).data["left"] == 9


def test_another_persons_code_is_refused(bob, bobs, alice):
    codes = set_up_app(sign_in(alice)[0])
    set_up_app(bobs)
    client, _answer = sign_in(bob)

    client.post(reverse("mfa_authenticate"), {"code": codes[0]})

    assert not is_in(client)


def test_a_refused_code_is_in_the_persons_history(bob, bobs):
    set_up_app(bobs)
    client, _answer = sign_in(bob)
    client.post(reverse("mfa_authenticate"), {"code": "000000"})

    assert AuditEvent.objects.filter(kind="sign_in.failed", person=bob).exists()


def test_the_second_step_without_the_first_leads_to_the_sign_in(db):
    for method in (Client().get, Client().post):
        answer = method(reverse("mfa_authenticate"), {"code": "000000"})
        assert answer["Location"] == reverse("account_login")


def test_a_left_sign_in_leaves_no_proof_for_the_next_person(bob, bobs, alice):
    """Rule 26: an aborted login leaves no factor record."""
    codes = set_up_app(bobs)
    client, _answer = sign_in(bob)
    client.post(reverse("account_logout"))
    _client, answer = sign_in(alice, client=client)

    assert answer["Location"] == "/" and codes
    assert client.get("/profile/").context["user"] == alice


# --- Secrets at rest ---


def everything_stored():
    """Return every text in the database, by raw SQL."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield from (
                    bytes(value).decode("latin-1")
                    if isinstance(value, bytes | memoryview)
                    else str(value)
                    for value in row
                )


def test_no_seed_is_in_the_database(bob, bobs):
    from django.contrib.sessions.models import Session

    page = bobs.get(reverse("mfa_activate_totp"))
    waiting = page.context["form"].secret
    assert not any(waiting in str(s.get_decoded()) for s in Session.objects.all())
    codes = set_up_app(bobs)
    seeds = [
        unseal_seed(factor.data[name])
        for factor in Authenticator.objects.filter(user=bob)
        for name in ("secret", "seed")
        if name in factor.data
    ]

    assert len(seeds) == 2
    stored = list(everything_stored())
    for secret in (*seeds, *codes):
        assert not any(secret in value for value in stored)
    assert not any(seed in str(s.get_decoded()) for s in Session.objects.all() for seed in seeds)


def test_seeds_move_to_a_new_secret_key_and_the_former_goes(bob, bobs, settings, clock):
    codes = set_up_app(bobs)
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new-" + "n" * 40, [former]

    assert reseal_seeds() == 2
    assert reseal_seeds() == 0

    settings.SECRET_KEY_FALLBACKS = []
    clock.shift(60)
    for code in (code_of(bob), codes[0]):
        client, _answer = sign_in(bob)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert is_in(client)


def test_a_seed_without_its_key_matches_no_code_and_comes_back_with_it(bob, bobs, settings, clock):
    """Whoever has seen a key must not use it; nobody gets in, and no page fails."""
    codes = set_up_app(bobs)
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new-" + "n" * 40, []
    clock.shift(60)
    client, _answer = sign_in(bob)
    for code in (codes[0], "000000", ""):
        assert client.post(reverse("mfa_authenticate"), {"code": code}).status_code == 200
    settings.SECRET_KEY_FALLBACKS = ["other-" + "o" * 40]
    reseal_seeds()

    settings.SECRET_KEY_FALLBACKS = [former]
    client, _answer = sign_in(bob)
    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert is_in(client)


def test_the_periodic_job_moves_them(bob, bobs, settings):
    from accounts.signals import periodic_tick

    set_up_app(bobs)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new-" + "n" * 40, [settings.SECRET_KEY]
    periodic_tick.send(sender=None)

    factors = Authenticator.objects.filter(user=bob)
    names = {(f.data.get("secret") or f.data.get("seed")).split(":")[0] for f in factors}
    assert names == {key_name(PURPOSE)}


def test_a_name_of_a_key_tells_nothing_of_it(settings):
    name = key_name(PURPOSE)

    assert len(name) == 12 and name not in settings.SECRET_KEY
    assert seal_seed("seed").startswith(f"{name}:") and unseal_seed(seal_seed("seed")) == "seed"


# --- The sign-in page ---


def test_the_sign_in_page_offers_passkeys_where_they_can_work(db, settings):
    page = Client().get(reverse("account_login")).content.decode()
    assert 'autocomplete="username webauthn"' in page
    assert f'data-challenge="{reverse("mfa_login_webauthn")}"' in page

    settings.MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
    assert "data-passkey" not in Client().get(reverse("account_login")).content.decode()


@pytest.mark.parametrize(
    ("host", "possible"),
    [("localhost", True), ("hub.example", True), ("127.0.0.1", False), ("2001:db8::1", False)],
)
def test_passkeys_need_a_host_with_a_name(host, possible):
    assert ("webauthn" in supported_factors(host)) is possible


def test_options_for_a_sign_in_name_nobody(bob, bobs):
    """D10: anybody may ask for them."""
    add_passkey(bobs)

    options = options_for_sign_in(Client())["publicKey"]

    assert not options.get("allowCredentials") and options["userVerification"] == "required"


def test_the_people_list_counts_passkeys(bob, bobs, alice, as_):
    add_passkey(bobs)

    page = as_(alice).get("/c/alder/people/?factor=yes").content.decode()
    assert "Bob Tremblay" in page and "Emma Roy" not in page
