"""The receipt: what TS 27560 asks for, signed, and checked against the ledger (R35, R36)."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from preferences.models import ConsentRecord
from preferences.services.choices import choose_topic, stop_all_optional
from preferences.services.receipts import ReceiptRefused, receipt_for, verify_receipt


@pytest.fixture
def receipt(bob, newsletter, promotions):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    choose_topic(actor=bob, topic=promotions, wants=True)
    choose_topic(actor=bob, topic=promotions, wants=False)
    stop_all_optional(actor=bob)
    return receipt_for(actor=bob)


def check(text):
    file = SimpleUploadedFile("receipt.json", text.encode())
    return Client().post("/preferences/receipts/verify/", {"receipt": file})


def test_it_has_the_fields_R35(receipt, bob, settings):
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
    assert promotions["purpose"]["lawful_basis"] == "consent (express)"
    assert [event["state"] for event in promotions["events"]] == ["given", "withdrawn"]
    assert set(promotions["events"][0]) >= {"time", "type", "state", "actor"}


def test_the_download_is_what_verifies_R36(bob, as_, receipt):
    response = as_(bob).get("/preferences/receipt/")
    assert "attachment" in response["Content-Disposition"]
    assert verify_receipt(response.content.decode())["pii_principal_id"] == str(bob.sub)
    page = check(response.content.decode())
    assert "Genuine" in page.text
    assert "Newsletter" in page.text


def test_reading_it_writes_nothing(bob, as_):
    as_(bob).get("/preferences/receipt/")
    assert not ConsentRecord.objects.exists()


@pytest.mark.parametrize("other", ["another key", "one word", "one event less", "event of another"])
def test_a_changed_one_is_refused(receipt, alice, newsletter, other, settings):
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
    assert "Not genuine" in check(json.dumps(receipt)).text


def test_former_keys_still_verify(receipt, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "z" * 50
    assert verify_receipt(json.dumps(receipt))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "1", "x", "[" * 50_000, '{"receipt": 1, "signature": 2}'],
)
def test_nonsense_is_not_genuine(db, text):
    with pytest.raises(ReceiptRefused):
        verify_receipt(text)
    assert check(text or " ").status_code == 200


def test_too_large_or_no_text_names_the_field(db):
    assert "too large" in check("x" * (1024 * 1024 + 1)).text
    file = SimpleUploadedFile("receipt.json", b"\xff\xfe\xff")
    page = Client().post("/preferences/receipts/verify/", {"receipt": file})
    assert "not a receipt" in page.text
    assert "errorlist" in Client().post("/preferences/receipts/verify/").text


def test_a_later_choice_does_not_touch_an_older_receipt(receipt, bob, newsletter):
    choose_topic(actor=bob, topic=newsletter, wants=True)
    assert verify_receipt(json.dumps(receipt))
