"""Topics without double opt-in: consent applies at once and never over an opt-out."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import AuditEvent
from preferences.models import Choice, ConsentRecord, Recipient
from preferences.selectors import send_decision_for
from preferences.services import topic_signups
from preferences.services.choices import choose_topic
from preferences.tokens import confirmation_url, page_token

SAM = "sam@elsewhere.example"


@pytest.fixture
def single(newsletter):
    newsletter.double_opt_in = False
    newsletter.save()
    return newsletter


def ask(address=SAM, *topics):
    data = {"topics": topics or ["newsletter"], "address": address, "language": "fr"}
    return Client(enforce_csrf_checks=False).post("/subscribe/", data, REMOTE_ADDR="192.0.2.7")


def test_consent_applies_at_once_with_evidence_and_an_unsubscribe_link_R17_R20(single, deliver):
    page = ask()
    assert SAM in page.text
    record = ConsentRecord.objects.get()
    said = (record.wants, record.source, record.basis, record.language, record.network_address)
    assert said == (True, "form", "express", "fr", "192.0.2.7")
    assert record.wording.startswith("Infolettre")
    sam = Recipient.objects.get(address=SAM)
    assert send_decision_for(sam, single).send
    assert AuditEvent.objects.filter(kind="topic.entered").count() == 1

    (mail,) = deliver()
    assert mail.to == [SAM]
    assert "List-Unsubscribe-Post" not in mail.message()  # R8
    assert "/subscribe/confirm/" not in mail.body
    path = re.search(r"http://[^/]+(/preferences/unsubscribe/\S+)", mail.body)[1]
    Client().get(path)
    assert send_decision_for(sam, single).send  # R5
    Client().post(path)
    assert not send_decision_for(sam, single).send


def test_asking_again_writes_nothing_more(single, deliver):
    ask()
    ask()
    assert ConsentRecord.objects.count() == 1


@pytest.mark.parametrize("how", ["topic", "everything", "at the address"])
def test_a_form_never_revives_an_opt_out_R6_R44(single, subscriber, bob, consent, deliver, how):
    address = SAM
    if how == "at the address":
        consent(bob.recipient, single, wants=False)
        address = bob.email
        bob.email = "robert@alder.example"
        bob.save()
    else:
        consent(subscriber(), single if how == "topic" else None, wants=False, source="one_click")
    before = ConsentRecord.objects.count()
    page = ask(address)
    assert not Choice.objects.filter(wants=True).exists()
    (mail,) = deliver()
    link = re.search(r"http://[^/]+(/subscribe/confirm/\S+)", mail.body)[1]
    Client().post(link)  # who reads there says yes
    assert send_decision_for(Recipient.objects.get(address=address), single).send
    assert ConsentRecord.objects.count() > before
    plain = re.sub(r'(nonce="|X-CSRFToken": "|value=")[^"]*', "", page.text)
    other = re.sub(r'(nonce="|X-CSRFToken": "|value=")[^"]*', "", ask("new@elsewhere.example").text)
    assert plain.replace(address, "") == other.replace("new@elsewhere.example", "")  # one answer


def test_a_persons_address_is_never_enrolled_by_a_form(single, bob, deliver):
    ask(bob.email)
    assert not ConsentRecord.objects.exists()
    (mail,) = deliver()
    assert "/subscribe/confirm/" in mail.body


def test_a_persons_verified_second_address_is_never_enrolled_by_a_form(single, bob, deliver):
    EmailAddress.objects.create(user=bob, email="bob@home.example", verified=True)
    ask("bob@home.example")
    assert not ConsentRecord.objects.exists()
    (mail,) = deliver()
    assert "/subscribe/confirm/" in mail.body


@pytest.mark.parametrize("local", ['"bob"', '"b\\ob"'])
def test_a_quoted_spelling_of_an_address_bypasses_nothing_R44(single, bob, deliver, local):
    """Mail servers deliver it to the very mailbox of bob@alder.example."""
    page = ask(f"{local}@alder.example")
    assert "This email address is not complete." in page.text
    assert not Recipient.objects.filter(user=None).exists()
    assert deliver() == []


@pytest.mark.parametrize("how", ["form", "link"])
def test_an_account_made_at_that_very_moment_is_not_enrolled(
    single, promotions, bob, deliver, monkeypatch, how
):
    """Nobody had the address when we first looked, and somebody had when its row was made."""
    topic = single if how == "form" else promotions
    url = confirmation_url(address=bob.email, language="en", topics=[topic])
    first_looks = iter([False])
    looked = topic_signups.is_person
    monkeypatch.setattr(
        topic_signups, "is_person", lambda address: next(first_looks, looked(address))
    )
    if how == "form":
        ask(bob.email)
    else:
        token = re.search(r"/confirm/([^/]+)/", url)[1]
        assert topic_signups.confirm_signup(actor=None, token=token).is_person
    assert not ConsentRecord.objects.exists()


def test_each_topic_follows_its_own_opt_in_rule(single, promotions, deliver):
    ask(SAM, "newsletter", "promotions")
    assert [record.topic for record in ConsentRecord.objects.all()] == [single]
    assert len(deliver()) == 2


def test_a_signed_in_persons_consent_applies_at_once(single, promotions, bob, deliver):
    for topic in (single, promotions):
        choose_topic(actor=bob, topic=topic, wants=True)
        assert send_decision_for(bob.recipient, topic).send
    assert deliver() == []


def test_an_email_link_never_enrols_without_confirmation_R6(single, subscriber, deliver):
    sam = subscriber()
    Client().post(f"/preferences/mail/{page_token(sam)}/", {"act": "ask", "topic": "newsletter"})
    assert not ConsentRecord.objects.exists()
    (mail,) = deliver()
    assert "/subscribe/confirm/" in mail.body


def test_the_page_says_which_consent_applies_at_once(single):
    text = Client().get("/subscribe/").text
    assert text.count("Counts at once.") == 1
    assert "We then email you a link to confirm" not in text
