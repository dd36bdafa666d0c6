"""Receipts: the fields of TS 27560, signed, and verified against the records (R35, R36)."""

import base64
import json
import re
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from hub.demo.environment import new_private_key
from portals.tokens import sign_text
from preferences.models import ConsentRecord
from preferences.services.choices import choose_topic, stop_all_optional
from preferences.services.receipts import (
    KIND,
    ReceiptRefused,
    _canonical,
    has_newer_records,
    receipt_for,
    verify_receipt,
)


@pytest.fixture
def receipt(bob, newsletter, promotions):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    choose_topic(actor=bob, topic=promotions, wants=True)
    choose_topic(actor=bob, topic=promotions, wants=False)
    stop_all_optional(actor=bob)
    return receipt_for(actor=bob)


def check(text, client=None):
    file = SimpleUploadedFile("receipt.json", text.encode())
    return (client or Client()).post("/preferences/receipts/verify/", {"receipt": file})


def test_a_receipt_has_the_fields_R35(receipt, bob, settings):
    content = receipt["receipt"]
    assert content["schema_version"] == "ISO/IEC TS 27560:2023"
    assert content["pii_principal_id"] == str(bob.sub)
    assert bob.email not in json.dumps(content)
    assert content["pii_controllers"][0]["name"] == settings.HUB_BRAND_NAME
    by_topic = {record["purpose"]["topic"]: record for record in content["records"]}
    assert set(by_topic) == {"newsletter", "promotions", None}
    promotions = by_topic["promotions"]
    assert promotions["record_id"] == promotions["events"][-1]["record_id"]
    assert set(promotions) >= {"notice", "pii", "retention", "recipients", "withdrawal_method"}
    assert set(promotions["notice"]) >= {"uri", "version", "hash", "language"}
    digest = promotions["notice"]["hash"].removeprefix("sha256:")
    assert promotions["notice"]["version"] == digest[:12]
    assert promotions["purpose"]["lawful_basis"] == "consent (express)"
    assert [event["state"] for event in promotions["events"]] == ["given", "withdrawn"]
    assert set(promotions["events"][0]) >= {"time", "type", "state", "actor"}


def test_the_downloaded_receipt_verifies_R36(bob, as_, receipt):
    response = as_(bob).get("/preferences/receipt/")
    assert "attachment" in response["Content-Disposition"]
    assert verify_receipt(response.content.decode())["pii_principal_id"] == str(bob.sub)
    page = check(response.content.decode())
    assert "This receipt is genuine" in page.text
    assert "Newsletter" in page.text


def test_reading_a_receipt_writes_nothing(bob, as_):
    as_(bob).get("/preferences/receipt/")
    assert not ConsentRecord.objects.exists()


@pytest.mark.parametrize("other", ["another key", "one word", "one event less", "event of another"])
def test_a_changed_receipt_is_refused(receipt, alice, newsletter, other, settings):
    if other == "another key":
        settings.SECRET_KEY = "z" * 50
    elif other == "one word":
        receipt["receipt"]["records"][0]["state"] = "given"
    elif other == "one event less":
        receipt["receipt"]["records"][0]["events"].pop()
    else:
        receipt["receipt"]["records"][0]["events"][0]["record_id"] += 1
    with pytest.raises(ReceiptRefused):
        verify_receipt(json.dumps(receipt))
    assert "This receipt is not genuine" in check(json.dumps(receipt)).text


def test_former_keys_still_verify(receipt, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "z" * 50
    assert verify_receipt(json.dumps(receipt))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "1", "x", "[" * 50_000, '{"receipt": 1, "signature": 2}'],
)
def test_an_invalid_receipt_is_not_genuine(db, text):
    with pytest.raises(ReceiptRefused):
        verify_receipt(text)
    assert check(text or " ").status_code == 200


def test_a_large_or_binary_receipt_names_the_field(db):
    assert "too large" in check("x" * (1024 * 1024 + 1)).text
    file = SimpleUploadedFile("receipt.json", b"\xff\xfe\xff")
    page = Client().post("/preferences/receipts/verify/", {"receipt": file})
    assert "not a receipt" in page.text
    assert "errorlist" in Client().post("/preferences/receipts/verify/").text


def test_a_later_choice_does_not_change_an_older_receipt(receipt, bob, newsletter):
    choose_topic(actor=bob, topic=newsletter, wants=True)
    assert verify_receipt(json.dumps(receipt))


@pytest.fixture
def hub_key(settings):
    settings.IDP_OIDC_PRIVATE_KEY = new_private_key().replace("\\n", "\n")


@pytest.fixture
def stranger():
    """Somebody who has nothing of the hub's but its public keys, and a library of their own."""

    def check(file):
        keys = {key["kid"]: key for key in Client().get("/.well-known/jwks.json").json()["keys"]}
        head, payload, signature = file["jws"].split(".")
        header = json.loads(unpacked(head))
        assert header == {"alg": "RS256", "typ": "hub-receipt+jws", "kid": header["kid"]}
        numbers = [int.from_bytes(unpacked(keys[header["kid"]][part])) for part in "en"]
        RSAPublicNumbers(*numbers).public_key().verify(
            unpacked(signature), f"{head}.{payload}".encode(), PKCS1v15(), SHA256()
        )
        return json.loads(unpacked(payload))

    return check


def unpacked(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.usefixtures("hub_key")
def test_anyone_can_verify_it_with_the_published_keys_R36(bob, newsletter, stranger, settings):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    file = receipt_for(actor=bob)

    assert stranger(file) == file["receipt"]
    keys = Client().get("/.well-known/jwks.json").json()["keys"]  # as docs/mail.md does it
    kid = jwt.get_unverified_header(file["jws"])["kid"]
    key = jwt.PyJWK(next(key for key in keys if key["kid"] == kid))
    signed = jwt.PyJWS().decode(file["jws"], key, algorithms=["RS256"])
    assert json.loads(signed) == file["receipt"]
    assert file["receipt"]["jwks_uri"] == f"{settings.HUB_BASE_URL}/.well-known/jwks.json"
    assert verify_receipt(json.dumps(file)) == file["receipt"]

    head, payload, signature = file["jws"].split(".")
    changed = json.loads(unpacked(payload)) | {"issued_at": "2020-01-01"}
    other = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
    with pytest.raises(InvalidSignature):
        stranger({"jws": f"{head}.{other}.{signature}"})


@pytest.mark.usefixtures("hub_key")
def test_both_signatures_must_agree(bob, newsletter, settings):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    former = receipt_for(actor=bob)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    file = receipt_for(actor=bob)
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for bad in (
        file | {"jws": former["jws"]},
        file | {"receipt": former["receipt"]},
        file | {"signature": "hmac-sha256:0", "jws": f"{none}.{file['jws'].split('.')[1]}."},
        file | {"signature": "hmac-sha256:0", "jws": sign_text(b"{}", kind=KIND)},
        file | {"signature": "-", "jws": sign_text(_canonical(file["receipt"]), kind="JWT")},
        *(file | {"jws": value} for value in ("", "x", "a.b.c", "é.é.é", None, 1, [], {})),
    ):
        with pytest.raises(ReceiptRefused):
            verify_receipt(json.dumps(bad))

    assert verify_receipt(json.dumps(file | {"signature": "-"}))  # the public one is enough


def test_without_a_key_the_hub_still_verifies_its_own_receipt(receipt):
    assert "jws" not in receipt
    assert "jwks_uri" not in receipt["receipt"]
    assert verify_receipt(json.dumps(receipt))


@pytest.mark.usefixtures("hub_key")
def test_the_hub_verifies_its_receipts_after_either_key_changed(bob, newsletter, settings):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    text = json.dumps(receipt_for(actor=bob))
    former, settings.SECRET_KEY = settings.SECRET_KEY, "z" * 50
    assert verify_receipt(text)  # the public signature still counts
    settings.SECRET_KEY_FALLBACKS = [former]
    settings.IDP_OIDC_PRIVATE_KEY = new_private_key().replace("\\n", "\n")
    assert verify_receipt(text)
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ReceiptRefused):
        verify_receipt(text)


# --- A receipt shows what was, and tells nobody else what is ---


def test_an_old_receipt_shows_its_date(receipt, time_machine):
    time_machine.move_to(datetime(2031, 3, 2, 15, 0, tzinfo=UTC))
    shown = check(json.dumps(receipt)).text
    issued = timezone.localtime(datetime.fromisoformat(receipt["receipt"]["issued_at"]))
    assert f"It was issued on {date_format(issued, 'DATETIME_FORMAT')}" in shown
    assert "shows the choices up to then" in shown
    assert "2031" not in shown


def test_only_its_person_learns_of_a_later_choice(bob, alice, olive, as_, receipt, promotions):
    def shown(client):
        return re.sub(
            r'(X-CSRFToken": "|nonce="|csrfmiddlewaretoken" value=")[^"]*',
            "",
            check(text, client).text,
        )

    text = json.dumps(receipt)
    others = [Client(), as_(alice), as_(olive)]
    before = [shown(client) for client in others]
    assert "You made no choices since then." in shown(as_(bob))
    choose_topic(actor=bob, topic=promotions, wants=True)

    mine = shown(as_(bob))
    assert "You made choices since then" in mine
    assert 'href="/preferences/history/"' in mine
    assert [shown(client) for client in others] == before
    assert not any("since" in page for page in before)


def test_records_are_newer_only_for_their_own_person(bob, emma, newsletter):
    """The choice of somebody else once could have called a complete receipt an old one."""
    choose_topic(actor=bob, topic=newsletter, wants=True)
    content = verify_receipt(json.dumps(receipt_for(actor=bob)))
    choose_topic(actor=emma, topic=newsletter, wants=True)
    assert has_newer_records(actor=bob, content=content) is False
    assert has_newer_records(actor=emma, content=content) is None

    choose_topic(actor=bob, topic=newsletter, wants=False)
    assert has_newer_records(actor=bob, content=content) is True
