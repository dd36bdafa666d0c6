"""Taking over an account by address changes, forged hosts or guessed passwords."""

import re
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.urls import reverse

from accounts.services.sessions import end_sessions
from hub.example import PASSWORD
from hub.limits import ACCOUNT_RATE_LIMITS

NEW_PASSWORD = "three unrelated words"
FORGED = "localhost:6666"  # an allowed name with a port of the sender's choice


@pytest.fixture
def thief(as_, bob):
    """Knows Bob's password and began to change his address to one of their own."""
    client = as_(None)
    client.post(reverse("account_login"), {"login": bob.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.fixture
def waiting_link(bob):
    """The mailed proof of an address the thief owns."""
    address = EmailAddress.objects.create(user=bob, email="thief@evil.example")
    return reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])


def reset_password(as_, bob, deliver):
    client = as_(None)
    client.post(reverse("account_reset_password"), {"email": bob.email})
    link = re.search(r"/accounts/password/reset/key/\S+", deliver()[-1].body)[0]
    page = client.get(link, follow=True).request["PATH_INFO"]
    client.post(page, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    bob.refresh_from_db()
    assert bob.check_password(NEW_PASSWORD)


def test_a_new_password_cancels_an_address_change(as_, bob, waiting_link, deliver):
    reset_password(as_, bob, deliver)

    as_(None).post(waiting_link)

    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"


def test_ending_all_sessions_cancels_an_address_change(as_, bob, waiting_link):
    end_sessions(bob)

    as_(None).post(waiting_link)

    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"


def test_somebody_elses_address_is_never_taken(as_, bob, charlie, thief, deliver):
    thief.post(reverse("account_email"), {"action_add": "", "email": charlie.email})
    link = re.search(r"/accounts/confirm-email/\S+", deliver()[-1].body)[0]

    as_(charlie).post(link)

    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"


@pytest.mark.parametrize("host", [FORGED, "127.0.0.1:1", "testserver:9"])
def test_every_mailed_link_is_on_the_configured_host(host, as_, bob, thief, deliver, settings):
    """Django accepts any port of an allowed host."""
    thief.post(
        reverse("account_email"),
        {"action_add": "", "email": "robert@alder.example"},
        HTTP_HOST=host,
    )
    as_(None).post(reverse("account_reset_password"), {"email": bob.email}, HTTP_HOST=host)

    links = [link for mail in deliver() for link in re.findall(r"https?://\S+", mail.body)]

    asked_for = [
        link for link in links if re.search("/accounts/(confirm-email|password/reset/key)/", link)
    ]
    assert len(asked_for) == 2
    ours = urlsplit(settings.HUB_BASE_URL)[:2]
    assert all(urlsplit(link)[:2] == ours for link in links)  # the foot's links too


def guess(client, address, **headers):
    data = {"login": address, "password": "wrong"}
    return "Too many" in client.post(reverse("account_login"), data, **headers).content.decode()


@pytest.mark.parametrize(
    "disguise",
    [
        lambda n: {"REMOTE_ADDR": f"10.0.0.{n}"},
        lambda n: {"REMOTE_ADDR": f"10.0.0.{n}", "HTTP_HOST": f"localhost:{n}"},
        lambda n: {"HTTP_X_FORWARDED_FOR": f"10.0.0.{n}", "HTTP_X_REAL_IP": f"10.0.0.{n}"},
    ],
    ids=["many addresses", "many ports in Host", "forged X-Forwarded-For"],
)
def test_guesses_count_for_the_account_however_it_is_spelled(disguise, client, bob, settings):
    """Rule 28."""
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS
    spellings = [bob.email, bob.email.upper(), f" {bob.email} "]

    refused = [guess(client, spellings[n % 3], **disguise(n + 1)) for n in range(61)]

    assert refused[-1]


def test_many_other_names_do_not_reset_the_limit_of_guesses(db):
    """The counts live in the cache; one that holds 300 forgets them when 300 names are tried."""
    from django.core.cache.backends.db import DatabaseCache
    from django.core.management import call_command

    from hub.cache import DATABASE_CACHE

    call_command("createcachetable", "attack_cache", verbosity=0)
    counts = DatabaseCache("attack_cache", {"OPTIONS": DATABASE_CACHE["OPTIONS"]})
    counts.set("bob", 5, 300)

    for n in range(320):
        counts.set(f"a{n}", 1, 300)
        counts.set(f"z{n}", 1, 300)

    assert counts.get("bob") == 5
