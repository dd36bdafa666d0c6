"""Subscribing without an account: nothing is stored before confirmation (R6, R20)."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from preferences.models import Choice, ConsentRecord, Message, Recipient
from preferences.selectors import find_recipient, may_send, send_decision_for
from preferences.tokens import confirmation_url, page_token

SAM = "sam@elsewhere.example"


@pytest.fixture
def visitor():
    return Client()


@pytest.fixture
def link(newsletter):
    """The path of a confirmation link."""

    def make(address=SAM, language="en", topics=(newsletter,)):
        url = confirmation_url(address=address, language=language, topics=topics)
        return re.sub(r"^https?://[^/]+", "", url)

    return make


def ask(visitor, **data):
    data = {"topics": ["newsletter"], "address": SAM, "language": "en", **data}
    return visitor.post("/subscribe/", data)


def rows():
    return Recipient.objects.count(), ConsentRecord.objects.count(), AuditEvent.objects.count()


def plain(response):
    text = re.sub(r'(X-CSRFToken": "|nonce=")[^"]*', "", response.text)
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)


def test_the_page_asks_per_topic_unticked_and_names_the_sender_R20(visitor, settings, db):
    text = visitor.get("/subscribe/").text
    assert 'value="newsletter"' in text
    assert "checked" not in text
    assert settings.HUB_BRAND_NAME in text
    assert settings.HUB_BRAND_ADDRESS in text
    assert settings.HUB_BASE_URL in text
    assert "unsubscribe at any time" in text
    assert "News from the provider" in text  # the purpose
    assert "domain-market" not in text  # a portal's, for its people


def test_one_topic_has_its_own_page(visitor, db):
    text = visitor.get("/subscribe/promotions/").text
    assert 'value="promotions"' in text
    assert 'value="newsletter"' not in text
    for slug in ("domain-market", "nothing"):
        assert visitor.get(f"/subscribe/{slug}/").status_code == 404
    assert ask(visitor, topics=["domain-market"]).text.count("errorlist") >= 1


def test_nothing_is_written_before_the_confirmation(visitor, deliver, newsletter):
    before = rows()
    answer = ask(visitor)
    assert "Check your email" in answer.text
    mail = deliver()[0]
    assert mail.to == [SAM]
    assert rows() == before
    path = re.search(r"http://[^/]+(/subscribe/confirm/\S+)", mail.body)[1]
    assert SAM not in path
    for _ in range(2):
        page = visitor.get(path)
        assert "Confirm my subscription" in page.text
        visitor.head(path)
    assert rows() == before

    for _ in range(3):  # replays succeed and write once
        assert "is now subscribed to: Newsletter" in visitor.post(path).text
    record = ConsentRecord.objects.get()
    assert (record.wants, record.basis, record.source) == (True, "express", "subscribe")
    assert newsletter.purpose in record.wording
    sam = find_recipient(SAM)
    assert (sam.user, sam.language) == (None, "en")
    assert send_decision_for(sam, newsletter).send
    assert AuditEvent.objects.filter(kind="topic.subscribed").count() == 1


def test_the_page_shows_frequency_and_former_choice(visitor, link, newsletter):
    """A reader's rhythm, a pause, and an address that takes no mail hold for a new yes, too."""
    path = link()
    plainly = visitor.post(path).text
    assert f"{newsletter.cadence}." in plainly
    for word in ("as a digest", "paused", "has bounced"):
        assert word not in plainly

    sam = Recipient.objects.filter(address=SAM)
    sam.update(digest="weekly")
    assert "as a digest, once a week." in visitor.post(path).text
    sam.update(digest="immediate", paused_until=timezone.now() + timedelta(days=30))
    assert "You paused your email until" in visitor.post(path).text
    sam.update(paused_until=timezone.now() - timedelta(days=1))
    assert "You paused your email until" not in visitor.post(path).text
    sam.update(unreachable_since=timezone.now())
    assert "Email to this address has bounced" in visitor.post(path).text


def test_a_confirmed_link_clears_a_bounce(visitor, link, subscriber):
    sam = subscriber(SAM)
    before = link()
    sam.unreachable_since, sam.unreachable_reason = timezone.now(), "mailbox full"
    sam.save()
    assert "Email to this address has bounced" in visitor.post(before).text
    assert "has bounced" not in visitor.post(link()).text
    sam.refresh_from_db()
    assert (sam.unreachable_since, sam.unreachable_reason) == (None, "")


def test_the_confirmation_mail_is_a_notice_R8(visitor, deliver):
    ask(visitor, language="fr")
    wire = deliver()[0].message()
    assert "List-Unsubscribe" not in wire
    assert "List-Unsubscribe-Post" not in wire
    assert wire["Auto-Submitted"] == "auto-generated"
    assert Message.objects.get().notice_class_id == "transactional"


def test_known_and_unknown_addresses_get_the_same_answer(visitor, bob, subscriber):
    subscriber("sam2@elsewhere.example")
    answers = {
        plain(ask(visitor, address=address)).replace(address, "")
        for address in (bob.email, "sam2@elsewhere.example", "new@elsewhere.example")
    }
    assert len(answers) == 1
    assert Message.objects.count() == 3


def test_the_address_of_an_account_gets_a_sign_in_link(visitor, bob, link, promotions):
    path = link(address=bob.email, topics=[promotions])
    before = rows()
    for send in (visitor.get, visitor.post):
        page = send(path)
        assert "You have an account" in page.text
        assert 'href="/preferences/"' in page.text
    assert rows() == before
    assert not may_send(bob, promotions)


def test_the_confirmation_link_expires_after_seven_days(visitor, link, time_machine, db):
    path = link()
    start = timezone.now()
    time_machine.move_to(start + timedelta(days=6, hours=23))
    assert visitor.get(path).status_code == 200
    time_machine.move_to(start + timedelta(days=7, minutes=1))
    assert visitor.post(path).status_code == 404
    assert not ConsentRecord.objects.exists()


def test_an_old_link_does_not_revive_a_later_opt_out(visitor, link, newsletter):
    path = link()
    visitor.post(path)
    sam = find_recipient(SAM)
    visitor.post(f"/preferences/mail/{page_token(sam)}/", {"act": "stop", "topic": "newsletter"})
    page = visitor.post(path)
    assert "after this link was sent: Newsletter" in page.text
    assert not send_decision_for(sam, newsletter).send

    visitor.post(link())  # asked for anew
    assert send_decision_for(sam, newsletter).send


def test_a_later_stop_of_everything_is_kept(visitor, link, newsletter):
    visitor.post(link())
    sam = find_recipient(SAM)
    path = link()
    visitor.post(f"/preferences/mail/{page_token(sam)}/", {"act": "stop-all"})
    visitor.post(path)
    assert not send_decision_for(sam, newsletter).send


def test_the_language_follows_the_latest_confirmation(visitor, link, promotions, db):
    visitor.post(link())
    visitor.post(link(language="fr", topics=[promotions]))
    assert find_recipient(SAM).language == "fr"
    assert ConsentRecord.objects.first().language == "fr"
    assert Recipient.objects.filter(address=SAM).count() == 1


def test_bad_tokens_get_the_same_answer(visitor, link, subscriber, db):
    good = link().split("/")[-2]
    other = page_token(subscriber())
    before = rows()
    answers = set()
    for token in ("x" * 100, good[:-4], good[:-6] + "AAAAAA", other, "é", "a%00b"):
        for send in (visitor.get, visitor.post):
            response = send(f"/subscribe/confirm/{token}/")
            text = re.sub(r'name="next" value="[^"]*"', "", plain(response))
            answers.add((response.status_code, text))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    assert visitor.post(f"/preferences/mail/{good}/", {"act": "stop-all"}).status_code == 404
    assert rows() == before


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"topics": []}, "Choose at least one topic."),
        ({"topics": ["legal"]}, "legal"),
        ({"address": "nobody"}, "address"),
        ({"address": "a\x00b@c.example"}, "errorlist"),
        ({"language": "xx"}, "xx"),
        ({"more": "1"}, "Unknown field"),
    ],
)
def test_bad_input_names_the_field_and_sends_nothing(visitor, db, data, said):
    assert said in ask(visitor, **data).text
    assert not Message.objects.exists()


def test_too_many_attempts_get_the_same_refusal(visitor, settings, bob):
    settings.ACCOUNT_RATE_LIMITS = {"subscribe": "20/m/ip,2/h/key"}
    cache.clear()
    for address in (bob.email, SAM):
        answers = [ask(visitor, address=address).status_code for _ in range(3)]
        assert answers == [200, 200, 429]
    assert Message.objects.count() == 4


def test_signed_in_people_are_sent_to_their_own_page(as_, bob):
    assert as_(bob).get("/subscribe/").url == "/preferences/"


def test_state_follows_the_records_R37(visitor, link, newsletter, promotions):
    visitor.post(link(topics=[newsletter, promotions]))
    sam = find_recipient(SAM)
    visitor.post(f"/preferences/mail/{page_token(sam)}/", {"act": "stop", "topic": "promotions"})
    for choice in Choice.objects.filter(recipient=sam):
        last = ConsentRecord.objects.filter(recipient=sam, topic=choice.topic).first()
        assert (choice.consent, choice.wants) == (last, last.wants)
