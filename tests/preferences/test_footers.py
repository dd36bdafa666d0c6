"""The footer of an email, by its class (R13, R15, R23, R51)."""

import re

import pytest

from accounts.emails import NOTICE_CLASS_HEADER
from accounts.models import User
from preferences.choices import GROUNDS, NoticeCode
from preferences.models import ConsentRecord, Recipient
from preferences.selectors import may_send
from preferences.tokens import read_unsubscribe_token


@pytest.fixture
def send_notice():
    from django.core.mail import EmailMessage

    def send(code, address):
        EmailMessage("S", "B", to=[address], headers={NOTICE_CLASS_HEADER: code}).send()

    return send


@pytest.mark.parametrize("code", NoticeCode.values)
def test_each_class_has_one_basis_and_its_footer_R23(bob, code, deliver, send_notice):
    send_notice(code, bob.email)
    [mail] = deliver()
    ground = GROUNDS[NoticeCode(code)]

    assert str(ground.reason) in mail.body
    links = re.findall(r"/preferences/unsubscribe/([^/\s]+)/", mail.body)
    assert bool(links) == ground.basis.is_commercial
    assert "1 Harbour Street" in mail.body
    for token in links:
        assert read_unsubscribe_token(token) == (bob.recipient, [])  # all that is optional
    assert "<img" not in mail.alternatives[0].content  # R51
    assert str(ground.reason) in mail.alternatives[0].content


def test_the_unsubscribe_link_of_a_notice_stops_only_optional_email_R15_R38(
    bob, deliver, send_notice, client
):
    send_notice("critical", bob.email)
    [mail] = deliver()
    [path] = re.findall(r"(/preferences/unsubscribe/\S+)", mail.body)

    before = ConsentRecord.objects.count()
    assert client.get(path).status_code == 200
    assert ConsentRecord.objects.count() == before
    for _twice in range(2):
        assert client.post(path).status_code == 200
    bob.recipient.refresh_from_db()
    assert bob.recipient.stopped is not None
    assert ConsentRecord.objects.count() == before + 1

    send_notice("critical", bob.email)
    assert len(deliver()) == 2


def test_an_unknown_address_gets_the_unsubscribe_link_R23(deliver, send_notice, client, bob):
    address = "Nobody/x@elsewhere.example".lower()
    send_notice("transactional", address)
    [mail] = deliver()
    assert "1 Harbour Street" in mail.body
    [path] = re.findall(r"(/preferences/unsubscribe/\S+)", mail.body)
    assert address not in path

    page = client.get(path).text
    assert "n…@elsewhere.example" in page
    assert "/preferences/mail/" not in page  # there are no preferences yet
    assert not Recipient.objects.filter(address=address).exists()  # looking writes nothing (R5)
    for _twice in range(2):
        done = client.post(path)
        assert done.status_code == 200
        assert "about your security" not in done.text  # there is no account
    [record] = ConsentRecord.objects.filter(recipient__address=address)
    assert (record.wants, record.topic, record.source) == (False, None, "mail_link")

    send_notice("transactional", address)  # it is mandatory all the same (R38)
    assert len(deliver()) == 2


def test_the_unsubscribe_link_of_an_address_applies_to_its_later_owner(
    deliver, send_notice, client, bob
):
    send_notice("transactional", "robert@alder.example")
    [mail] = deliver()
    [path] = re.findall(r"(/preferences/unsubscribe/\S+)", mail.body)
    bob.email = "robert@alder.example"
    bob.save()
    assert client.post(path).status_code == 200
    bob.recipient.refresh_from_db()
    assert bob.recipient.is_stopped


def test_a_new_account_keeps_the_opt_outs_of_its_address_R44(
    deliver, send_notice, client, newsletter
):
    send_notice("transactional", "nina@elsewhere.example")
    [mail] = deliver()
    [path] = re.findall(r"(/preferences/unsubscribe/\S+)", mail.body)
    client.post(path)
    nina = User.objects.create_user("nina@elsewhere.example", name="Nina")
    assert nina.recipient.is_stopped
    assert not may_send(nina, newsletter)


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "The law requires these notices"), ("fr", "La loi exige ces avis")],
)
def test_the_footer_is_in_the_recipients_language(bob, language, word, deliver, send_notice):
    bob.language = language
    bob.save()
    send_notice("legal", bob.email)
    [mail] = deliver()

    assert word in mail.body


def test_optional_mail_says_who_sends_it_and_how_to_stop_it_R13(
    bob, newsletter, deliver, send_topic
):
    send_topic(newsletter, bob)
    [mail] = deliver()

    for said in ("Harbour", "1 Harbour Street", "/preferences/unsubscribe/"):
        assert said in mail.body
