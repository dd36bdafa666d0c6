"""Signatures of a former secret key stay valid while that key is configured (R14)."""

import pytest

from portals.hashers import KeyedHasher
from preferences.services.choices import choose_topic
from preferences.services.receipts import verify_receipt
from preferences.tokens import page_token, unsubscribe_token
from tests.demo import manage

FORMER, OTHER, NEW = "former-" + "f" * 40, "other-" + "o" * 40, "new-" + "n" * 40
MAKE = """
from accounts.encryption import LinkCipher
print(LinkCipher("preferences.tokens.unsubscribe").encrypt("1/2"))
"""
READ = """
from accounts.encryption import LinkCipher
print(LinkCipher("preferences.tokens.unsubscribe").decrypt({token!r}))
"""


def run(code, **variables):
    values = {"HUB_ENV": "demo", "HUB_DATABASE_URL": "sqlite://:memory:", **variables}
    return manage("shell", "--no-imports", "-c", code, **values)


def test_a_process_with_the_former_key_beside_the_new_one_reads_its_links():
    token = run(MAKE, HUB_SECRET_KEY=FORMER).stdout.strip()
    read = READ.format(token=token)
    beside = run(read, HUB_SECRET_KEY=NEW, HUB_SECRET_KEY_FALLBACKS=f"{OTHER}, {FORMER}")
    assert beside.stdout.strip() == "1/2", beside.stderr
    assert "InvalidToken" in run(read, HUB_SECRET_KEY=NEW, HUB_SECRET_KEY_FALLBACKS=OTHER).stderr


@pytest.fixture
def change(settings):
    """A new secret key; the one before stays beside it."""

    def act():
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = NEW

    return act


def test_links_receipts_sessions_and_portals_secrets_outlive_the_change_R14(
    bob, as_, client, change
):
    from preferences.models import Choice, Topic

    newsletter = Topic.objects.get(slug="newsletter")
    choose_topic(actor=bob, topic=newsletter, wants=True)
    links = unsubscribe_token(bob.recipient, newsletter), page_token(bob.recipient)
    receipt = as_(bob).get("/preferences/receipt/").text
    browser = as_(bob)
    secret = KeyedHasher().encode("portal's secret", "salt")

    change()

    stopping, page = links
    assert client.get(f"/preferences/mail/{page}/").status_code == 200
    answer = client.post(f"/preferences/unsubscribe/{stopping}/", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert not Choice.objects.get().wants
    assert verify_receipt(receipt)
    assert browser.get("/preferences/").status_code == 200
    assert KeyedHasher().verify("portal's secret", secret)
    assert not KeyedHasher().verify("another", secret)
    assert KeyedHasher().encode("portal's secret", "salt") != secret
