"""The page behind an email's link can only reduce email (R3–R7, R14, R15, R34)."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from preferences.models import Choice, ConsentRecord, CustomerRecipient, Message, Recipient, Topic
from preferences.selectors import may_send, send_decision_for
from preferences.services.choices import choose_topic, stop_all_optional
from preferences.tokens import page_token, unsubscribe_token
from preferences.views.links import UNDO_COOKIE


def url(recipient):
    return f"/preferences/mail/{page_token(recipient)}/"


class Browser(Client):
    """Nobody signed in; CSRF checks on. What gives, it sends by the form of the opened page."""

    def post(self, path, data=None, **more):
        data = data or {}
        if data.get("act") in ("undo", "ask"):
            page = self.get(path).text
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
            data = data | {"csrfmiddlewaretoken": token[1]}
        return super().post(path, data, **more)


@pytest.fixture
def browser():
    return Browser(enforce_csrf_checks=True)


def everything():
    return (
        list(ConsentRecord.objects.values_list("pk", flat=True)),
        AuditEvent.objects.count(),
        Message.objects.count(),
        list(Recipient.objects.values_list("paused_until", "digest", "stopped").order_by("pk")),
    )


def replayed(recipient):
    """What the records say about each topic, the latest counting (R37)."""
    said = {}
    for record in ConsentRecord.objects.filter(recipient=recipient).order_by("pk"):
        said[record.topic_id] = record
    stop = said.pop(None, None)
    recipient.refresh_from_db()
    assert recipient.stopped_id == (stop.pk if stop and not stop.wants else None)
    choices = Choice.objects.filter(recipient=recipient)
    assert {c.topic_id: (c.wants, c.consent_id) for c in choices} == {
        topic: (record.wants, record.pk) for topic, record in said.items()
    }


def test_the_footer_link_opens_the_page_without_a_sign_in_R15(
    bob, newsletter, send_topic, deliver, browser
):
    send_topic(newsletter, bob)
    path = re.search(r"Email preferences: http://[^/]+(/\S+)", deliver()[0].body)[1]
    page = browser.get(path)
    assert page.status_code == 200
    assert "b…@alder.example" in page.text
    assert bob.email not in page.text
    assert bob.name not in page.text
    assert "Newsletter" in page.text


def test_the_one_click_url_is_a_different_one_R7(bob, newsletter, send_topic, deliver):
    send_topic(newsletter, bob)
    mail = deliver()[0]
    token = re.search(r"/preferences/mail/(\S+)/", mail.body)[1]
    assert token not in mail.message()["List-Unsubscribe"]
    assert "/unsubscribe/" in mail.message()["List-Unsubscribe"]


def test_opening_writes_nothing_R5(bob, browser):
    before = everything()
    for _ in range(3):
        assert browser.get(url(bob.recipient)).status_code == 200
        assert browser.head(url(bob.recipient)).status_code == 200
    assert browser.get(url(bob.recipient) + "?act=stop-all").status_code == 200
    assert browser.options(url(bob.recipient)).status_code == 405
    assert everything() == before


def test_unsubscribe_one_topic_without_cookies_R3_R34(bob, newsletter, browser):
    for _ in range(2):
        page = Client(enforce_csrf_checks=True).post(
            url(bob.recipient), {"act": "stop", "topic": "newsletter"}
        )
        assert page.status_code == 200
        assert "Unsubscribed from: Newsletter." in page.text
    record = ConsentRecord.objects.get()
    assert (record.wants, record.source, record.actor) == (False, "mail_link", None)
    assert not may_send(bob, newsletter)
    replayed(bob.recipient)


def test_stop_all_names_required_notices_R40_and_undo_restores_exactly(bob, newsletter, browser):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    page = browser.post(url(bob.recipient), {"act": "stop-all"})
    assert "still come" in page.text
    assert not may_send(bob, Topic.objects.get(slug="product-updates"))

    page = browser.post(url(bob.recipient), {"act": "undo"})
    assert "Undone" in page.text
    assert may_send(bob, Topic.objects.get(slug="product-updates"))
    assert not may_send(bob, newsletter)  # was off before
    replayed(bob.recipient)


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "contract"), ("express", "express"), ("purchase", "purchase")],
)
def test_undo_restores_the_former_basis_and_no_better_one(
    bob, newsletter, consent, browser, before, after
):
    at = timezone.now() - timedelta(days=100)
    if before:
        consent(bob.recipient, newsletter, basis=before, at=at)
    browser.post(url(bob.recipient), {"act": "stop", "topic": "newsletter"})
    browser.post(url(bob.recipient), {"act": "undo"})

    latest = ConsentRecord.objects.first()
    assert (latest.wants, latest.basis, latest.source) == (True, after, "undo")
    if before == "purchase":
        assert latest.at == at  # its clock runs from the old day
    assert may_send(bob, newsletter)
    replayed(bob.recipient)


def test_undo_is_for_the_same_browser_for_ten_minutes(bob, newsletter, browser, time_machine):
    browser.post(url(bob.recipient), {"act": "stop", "topic": "newsletter"})
    cookie = browser.cookies[UNDO_COOKIE]
    assert cookie["max-age"] == 600
    assert cookie["httponly"]
    before = everything()

    other = Client()
    assert "Nothing was undone" in other.post(url(bob.recipient), {"act": "undo"}).text
    other.cookies[UNDO_COOKIE] = cookie.value[:-2] + "xx"
    assert "Nothing was undone" in other.post(url(bob.recipient), {"act": "undo"}).text
    time_machine.move_to(timezone.now() + timedelta(minutes=11), tick=False)
    browser.cookies[UNDO_COOKIE] = cookie.value
    assert "Nothing was undone" in browser.post(url(bob.recipient), {"act": "undo"}).text
    assert everything() == before


def test_an_undo_of_one_recipient_does_nothing_for_another(bob, alice, newsletter, browser):
    choose_topic(actor=alice, topic=newsletter, wants=False)
    browser.post(url(bob.recipient), {"act": "stop", "topic": "newsletter"})
    value = browser.cookies[UNDO_COOKIE].value
    before = everything()
    foreign = Client()
    foreign.cookies[UNDO_COOKIE] = value
    foreign.post(url(alice.recipient), {"act": "undo"})
    assert everything() == before
    assert not may_send(alice, newsletter)


def test_undo_twice_and_after_a_later_opt_out_in_another_tab(bob, newsletter, browser):
    browser.post(url(bob.recipient), {"act": "stop", "topic": "newsletter"})
    value = browser.cookies[UNDO_COOKIE].value
    browser.post(url(bob.recipient), {"act": "undo"})
    choose_topic(actor=bob, topic=newsletter, wants=False)  # the other tab
    browser.cookies[UNDO_COOKIE] = value
    browser.post(url(bob.recipient), {"act": "undo"})
    assert not may_send(bob, newsletter)


def test_undo_of_a_topic_yields_to_a_later_stop_of_everything(bob, newsletter, browser):
    choose_topic(actor=bob, topic=newsletter, wants=True)
    browser.post(url(bob.recipient), {"act": "stop", "topic": "newsletter"})
    stop_all_optional(actor=bob)
    browser.post(url(bob.recipient), {"act": "undo"})
    assert not may_send(bob, newsletter)


def test_undo_of_a_second_stop_keeps_the_first(bob, newsletter, browser):
    stop_all_optional(actor=bob)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    browser.post(url(bob.recipient), {"act": "stop-all"})
    browser.post(url(bob.recipient), {"act": "undo"})
    assert may_send(bob, newsletter)
    assert not may_send(bob, Topic.objects.get(slug="product-updates"))
    replayed(bob.recipient)


def test_a_link_does_not_restore_a_topic_added_by_the_company(bob, alice, promotions, browser):
    Topic.objects.filter(pk=promotions.pk).update(basis="implied")
    CustomerRecipient.objects.create(membership=bob.memberships.get(), topic=promotions, by=alice)
    assert may_send(bob, promotions)
    browser.post(url(bob.recipient), {"act": "stop", "topic": "promotions"})
    browser.post(url(bob.recipient), {"act": "undo"})
    assert not may_send(bob, promotions)


def test_the_database_refuses_an_undo_of_nothing(bob, newsletter, consent):
    choose_topic(actor=bob, topic=newsletter, wants=False)  # on the page, not by a link
    for values in (
        {"basis": "contract", "source": "undo"},
        {"basis": "purchase", "source": "import"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            consent(bob.recipient, newsletter, **values)


def test_pause_is_never_shortened_nor_ended_R6(bob, browser):
    browser.post(url(bob.recipient), {"act": "pause", "days": "90"})
    until = Recipient.objects.get(user=bob).paused_until
    assert until > timezone.now() + timedelta(days=89)
    browser.post(url(bob.recipient), {"act": "pause", "days": "30"})
    assert Recipient.objects.get(user=bob).paused_until == until
    assert browser.post(url(bob.recipient), {"act": "pause", "days": ""}).status_code == 404
    assert browser.post(url(bob.recipient), {"act": "pause", "days": "1"}).status_code == 404
    assert Recipient.objects.get(user=bob).paused_until == until


def test_undoing_a_pause_restores_the_former_pause(bob, browser):
    earlier = timezone.now() + timedelta(days=10)
    Recipient.objects.filter(user=bob).update(paused_until=earlier)
    browser.post(url(bob.recipient), {"act": "pause", "days": "30"})
    browser.post(url(bob.recipient), {"act": "undo"})
    assert Recipient.objects.get(user=bob).paused_until == earlier


def test_a_link_only_makes_a_digest_less_frequent_R6(bob, browser):
    browser.post(url(bob.recipient), {"act": "digest", "digest": "weekly"})
    assert Recipient.objects.get(user=bob).digest == "weekly"
    other = Client()
    assert other.post(url(bob.recipient), {"act": "digest", "digest": "daily"}).status_code == 409
    assert Recipient.objects.get(user=bob).digest == "weekly"
    browser.post(url(bob.recipient), {"act": "undo"})
    assert Recipient.objects.get(user=bob).digest == "immediate"


def test_a_link_never_enrols_a_person_R6(bob, promotions, browser):
    for data in (
        {"act": "stop", "topic": "promotions", "wants": "yes"},
        {"act": "ask", "topic": "promotions"},
        {"act": "choose", "topic": "promotions", "wants": "yes"},
        {},
    ):
        browser.post(url(bob.recipient), data)
    assert not may_send(bob, promotions)
    assert not Choice.objects.filter(wants=True).exists()


def test_a_subscriber_subscribes_to_more_by_a_confirmation_email(
    subscriber, promotions, consent, browser, deliver
):
    sam = subscriber()
    browser.post(url(sam), {"act": "ask", "topic": "promotions"})
    assert not ConsentRecord.objects.exists()
    mail = deliver()[0]
    assert mail.to == [sam.address]
    assert "List-Unsubscribe-Post" not in mail.message()  # R8
    link = re.search(r"http://[^/]+(/subscribe/confirm/\S+)", mail.body)[1]
    browser.get(link)
    assert not ConsentRecord.objects.exists()
    Client().post(link)
    assert send_decision_for(sam, promotions).send


def test_notice_class_is_refused_R40_and_unknown_topics_are_not_found(bob, browser):
    refusal = browser.post(url(bob.recipient), {"act": "stop", "topic": "legal"})
    assert refusal.status_code == 409
    assert "unsubscribe from it" in refusal.text
    for slug in ("nothing", "", "newsletter\x00", "reseller alerts"):
        response = browser.post(url(bob.recipient), {"act": "stop", "topic": slug})
        assert response.status_code == 404
    assert not ConsentRecord.objects.exists()


def test_a_closed_account_may_still_unsubscribe_R14(bob, newsletter, browser, time_machine):
    path = url(bob.recipient)
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    time_machine.move_to(timezone.now() + timedelta(days=400))
    assert browser.post(path, {"act": "stop-all"}).status_code == 200
    assert Recipient.objects.get(user=bob).is_stopped


def test_bad_tokens_get_the_same_answer_R4(bob, newsletter, browser):
    good = page_token(bob.recipient)
    bad = ["x" * len(good), good[:-5], unsubscribe_token(bob.recipient, newsletter), "é", "a%00b"]
    answers = set()
    before = everything()
    for token in bad:
        for send in (browser.get, lambda path: browser.post(path, {"act": "stop-all"})):
            response = send(f"/preferences/mail/{token}/")
            text = re.sub(r'(X-CSRFToken": "|nonce=")[^"]*', "", response.text)
            text = re.sub(r'name="(csrfmiddlewaretoken|next)" value="[^"]*"', "", text)
            answers.add((response.status_code, text))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404
    page = f"/preferences/unsubscribe/{good}/"
    assert browser.post(page).status_code == 404  # nor does this one open the other
    assert everything() == before


def test_a_signed_in_person_is_redirected_to_their_own_page(bob, alice, as_):
    assert as_(bob).get(url(bob.recipient)).url == "/preferences/"
    page = as_(alice).get(url(bob.recipient))
    assert page.status_code == 200
    assert "b…@alder.example" in page.text


def test_the_page_is_in_the_recipients_language(bob, browser):
    type(bob).objects.filter(pk=bob.pk).update(language="fr")
    assert "Infolettre" in browser.get(url(bob.recipient)).text
    browser.post(url(bob.recipient), {"act": "stop", "topic": "newsletter"})
    assert ConsentRecord.objects.get().language == "fr"


def test_query_budget(bob, browser, django_assert_max_num_queries):
    path = url(bob.recipient)
    with django_assert_max_num_queries(10):
        browser.get(path)


def test_a_persons_own_opt_out_survives_a_links_undo_R37(bob, newsletter, browser):
    for said, act in (
        (lambda: choose_topic(actor=bob, topic=newsletter, wants=False), {"act": "stop"}),
        (lambda: stop_all_optional(actor=bob), {"act": "stop-all"}),
    ):
        choose_topic(actor=bob, topic=newsletter, wants=True)
        path = url(bob.recipient)
        browser.post(path, act | {"topic": "newsletter"})
        before = ConsentRecord.objects.count()
        said()
        assert ConsentRecord.objects.count() == before + 1  # evidence of their own

        browser.post(path, {"act": "undo"})

        assert not may_send(bob, newsletter)
        replayed(bob.recipient)


def test_topics_without_consent_are_off_for_a_subscriber(subscriber, browser):
    text = browser.get(url(subscriber())).text
    on_by_default = Topic.objects.get(slug="product-updates")
    assert on_by_default.default_on
    row = text.split(f"<strong>{on_by_default.name}</strong>")[1].split("</li>")[0]
    assert 'value="ask"' in row
    assert 'value="stop"' not in row


def test_a_subscriber_sees_no_account_notices(bob, subscriber, consent, browser):
    """Only people get those; what answers a request at the address is all that comes to it."""
    sam = subscriber()
    consent(sam, Topic.objects.get(slug="newsletter"))
    theirs, bobs = browser.get(url(sam)).text, browser.get(url(bob.recipient)).text
    for label in ("Legal notices", "Planned maintenance", "Security of your account"):
        assert label not in theirs
        assert label in bobs
    assert "unsubscribe from these notices" in bobs
    assert "unsubscribe from these notices" not in theirs
    assert "This address has no account" in theirs
    assert "still get the required notices below: Orders and changes." in theirs
