"""The worker's decision at the last moment, and its record (R1, R5, R8, R9, R10, R45, R46)."""

import smtplib
from datetime import timedelta

import pytest
import time_machine
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from accounts.models import Membership
from preferences.choices import MessageState, Outcome, Reason
from preferences.gate import delivery, sweep
from preferences.models import DeliveryDecision, Message
from preferences.services.choices import choose_topic, stop_all_optional


def decision():
    return DeliveryDecision.objects.get()


def test_topic_email_reaches_subscribers_with_its_evidence_R22(
    bob, promotions, deliver, send_topic
):
    choice = choose_topic(actor=bob, topic=promotions, wants=True)
    send_topic(promotions, bob)

    assert len(deliver()) == 1
    assert decision().reason == Reason.CHOSE_YES
    assert decision().consent == choice.consent


def test_topic_email_to_an_unsubscribed_person_is_skipped_R46(bob, newsletter, deliver, send_topic):
    choice = choose_topic(actor=bob, topic=newsletter, wants=False)
    send_topic(newsletter, bob)

    assert deliver() == []
    assert (decision().outcome, decision().reason) == (Outcome.SKIPPED, Reason.CHOSE_NO)
    assert decision().consent == choice.consent
    assert Message.objects.get().sealed_content is None


def test_choice_between_queueing_and_sending_is_honoured_R45(bob, newsletter, deliver, send_topic):
    send_topic(newsletter, bob)
    choose_topic(actor=bob, topic=newsletter, wants=False)

    assert deliver() == []
    assert decision().reason == Reason.CHOSE_NO


@pytest.mark.parametrize(
    ("slug", "expected"),
    [("newsletter", Reason.DEFAULT_ON), ("promotions", Reason.DEFAULT_OFF)],
)
def test_the_default_applies_until_a_choice(
    bob, slug, expected, newsletter, promotions, deliver, send_topic
):
    send_topic({"newsletter": newsletter, "promotions": promotions}[slug], bob)

    assert len(deliver()) == (expected == Reason.DEFAULT_ON)
    assert decision().reason == expected


def test_topic_of_a_portal_ends_with_the_portal(bob, deliver, send_topic):
    from preferences.models import Topic

    market = Topic.objects.get(slug="domain-market")
    choose_topic(actor=bob, topic=market, wants=True)
    Membership.objects.filter(user=bob).update(suspended_at=timezone.now())
    send_topic(market, bob)

    assert deliver() == []
    assert decision().reason == Reason.NOT_THEIRS


def test_topic_email_to_closed_accounts_or_old_addresses_is_skipped(
    bob, emma, alice, newsletter, deliver, send_topic
):
    for person in (bob, emma, alice):
        send_topic(newsletter, person)
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    type(emma).objects.filter(pk=emma.pk).update(email="emma@elsewhere.example")
    alice.email = "nobody@alder.example"
    send_topic(newsletter, alice)

    assert [mail.to for mail in deliver()] == [["alice@alder.example"]]
    assert set(DeliveryDecision.objects.values_list("reason", flat=True)) == {
        Reason.ACCOUNT_CLOSED, Reason.ADDRESS_CHANGED, Reason.NO_PERSON, Reason.DEFAULT_ON,
    }  # fmt: skip


def test_headers_of_topic_mail_R1_R9(bob, newsletter, deliver, send_topic, settings):
    send_topic(newsletter, bob)

    wire = deliver()[0].message()
    url = wire["List-Unsubscribe"]
    assert url.startswith(f"<{settings.HUB_BASE_URL}/preferences/unsubscribe/")
    assert url.endswith(">")
    assert url.count("<") == 1
    assert bob.email not in url  # I6
    assert wire["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert wire["List-Id"] == "<newsletter.harbour.example>"
    assert wire.get_all("List-Unsubscribe") == [url]
    assert "X-Hub-Topic" not in wire


def test_mandatory_mail_carries_no_one_click_R8_R10(bob, deliver, send_legal):
    send_legal(bob)

    wire = deliver()[0].message()
    assert not [name for name in wire if name.lower().startswith("list-")]
    assert wire["Auto-Submitted"] == "auto-generated"
    assert "X-Hub-Notice-Class" not in wire


def test_mandatory_email_reaches_closed_accounts_and_unknown_addresses(bob, deliver, send_legal):
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    send_legal(bob)
    bob.email = "stranger@elsewhere.example"
    send_legal(bob)

    assert len(deliver()) == 2


def test_mandatory_mail_overtakes_a_campaign(
    bob, alice, emma, newsletter, deliver, send_topic, send_legal
):
    for person in (bob, alice, emma):
        send_topic(newsletter, person)
    send_legal(bob)

    assert [mail.subject for mail in deliver()] == ["Our terms change", "News", "News", "News"]


def test_stopping_everything_covers_future_topics(bob, olive, deliver, send_topic):
    from preferences.services.topics import create_topic

    stop_all_optional(actor=bob)
    words = {f"{f}_{x}": "New" for f in ("name", "purpose", "cadence") for x in ("en", "fr")}
    topic = create_topic(actor=olive, slug="later", default_on=True, basis="implied", **words)
    send_topic(topic, bob)

    assert deliver() == []
    assert decision().reason == Reason.STOPPED_ALL


# --- A transport that fails ---


def failing(monkeypatch, error):
    def refuse(self, messages):
        raise error

    return monkeypatch.setattr(EmailBackend, "send_messages", refuse)


def test_a_failed_transport_is_retried_with_the_same_message_id(
    bob, deliver, send_legal, monkeypatch
):
    send_legal(bob)
    with monkeypatch.context() as broken:
        failing(broken, ConnectionRefusedError("down"))
        assert deliver() == []
    message = Message.objects.get()
    assert (message.state, message.attempts) == (MessageState.WAITING, 1)
    assert deliver() == []  # not due yet

    with time_machine.travel(timezone.now() + timedelta(seconds=11), tick=True):
        [mail] = deliver()
    assert mail.message()["Message-ID"] == message.message_id
    assert decision().outcome == Outcome.SENT


def test_mandatory_email_is_retried_for_ever_and_topic_email_is_not(
    bob, newsletter, deliver, send_legal, send_topic, monkeypatch
):
    send_legal(bob)
    send_topic(newsletter, bob)
    with monkeypatch.context() as broken:
        failing(broken, OSError("down"))
        with time_machine.travel(timezone.now(), tick=True) as clock:
            for _ in range(len(delivery.RETRY_AFTER) + 3):
                deliver()
                clock.shift(timedelta(hours=2))
    assert decision().reason == Reason.GAVE_UP
    assert decision().message.topic == newsletter

    with time_machine.travel(timezone.now() + timedelta(days=2), tick=True):
        assert "Our terms change" in [mail.subject for mail in deliver()]


@pytest.mark.parametrize("mail_kind", ["notice", "topic"])
def test_the_waits_between_attempts(
    bob, newsletter, deliver, send_legal, send_topic, monkeypatch, mail_kind
):
    """They grow to an hour. Optional email is given up after nine, a notice never (R47)."""
    waits = [10, 60, 300, 1800, 3600, 3600, 3600, 3600, 3600]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        send_legal(bob) if mail_kind == "notice" else send_topic(newsletter, bob)
        failing(monkeypatch, OSError("down"))
        message = Message.objects.get()
        for wait in waits:
            delivery.deliver(message.pk)
            message.refresh_from_db()
            assert message.state == MessageState.WAITING
            assert message.due_at - timezone.now() == timedelta(seconds=wait)
            clock.move_to(message.due_at - timedelta(seconds=1))
            assert delivery.deliver(message.pk) == "not due"
            clock.move_to(message.due_at)
        delivery.deliver(message.pk)
        message.refresh_from_db()
        if mail_kind == "topic":
            assert message.state == MessageState.FAILED
            assert decision().reason == Reason.GAVE_UP
        else:
            assert message.state == MessageState.WAITING
            assert message.due_at - timezone.now() == timedelta(hours=1)


@pytest.mark.parametrize("code", [500, 550, 599])
def test_a_permanently_refused_address_ends_as_failed(bob, deliver, send_legal, monkeypatch, code):
    """RFC 5321, 4.2.1: 5yz is permanent, 4yz is not."""
    send_legal(bob)
    failing(monkeypatch, smtplib.SMTPRecipientsRefused({bob.email: (code, b"no such mailbox")}))

    assert deliver() == []
    assert (decision().outcome, decision().reason) == (Outcome.FAILED, Reason.ADDRESS_REFUSED)
    assert str(code) in decision().detail


def test_a_temporarily_refused_address_is_tried_again(bob, deliver, send_legal, monkeypatch):
    send_legal(bob)
    failing(monkeypatch, smtplib.SMTPRecipientsRefused({bob.email: (499, b"later")}))

    deliver()
    assert Message.objects.get().state == MessageState.WAITING


@pytest.mark.parametrize("for_good", [True, False])
def test_a_long_reply_of_a_server_is_cut(bob, deliver, send_legal, monkeypatch, for_good):
    """Postfix relays answers of a whole page; a column of 300 characters must hold them."""
    send_legal(bob)
    code = 550 if for_good else 450
    failing(monkeypatch, smtplib.SMTPRecipientsRefused({bob.email: (code, b"x" * 1000)}))

    deliver()
    message = Message.objects.get()
    assert message.last_error == f"{code} {'x' * 296}"
    if for_good:
        assert decision().detail == message.last_error


@pytest.mark.parametrize("taken", [0, None])
def test_a_transport_that_takes_nothing_is_asked_again(
    bob, deliver, send_legal, monkeypatch, taken
):
    """Django's backends return how many they sent, and some return nothing."""
    send_legal(bob)
    monkeypatch.setattr(EmailBackend, "send_messages", lambda self, messages: taken)

    deliver()
    message = Message.objects.get()
    assert message.state == MessageState.WAITING
    assert message.last_error == "the transport took nothing"


def test_the_sweep_finds_nothing_where_nothing_is_lost(bob, deliver, send_legal):
    assert sweep.sweep() == 0
    send_legal(bob)
    assert sweep.sweep() == 0
    with time_machine.travel(timezone.now() + sweep.RESCUE_AFTER + timedelta(seconds=1)):
        assert sweep.sweep() == 1


def test_delivering_twice_sends_once(bob, deliver, send_legal):
    send_legal(bob)
    assert len(deliver()) == 1

    assert delivery.deliver(Message.objects.get().pk) == "not due"
    assert len(deliver()) == 1


def test_lost_job_is_replaced_by_the_sweep(bob, deliver, send_legal):
    from django_tasks_db.models import DBTaskResult

    send_legal(bob)
    DBTaskResult.objects.all().delete()
    assert deliver() == []

    with time_machine.travel(timezone.now() + sweep.RESCUE_AFTER + timedelta(seconds=1)):
        assert len(deliver()) == 1
