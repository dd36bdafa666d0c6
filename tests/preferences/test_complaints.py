"""Spam complaints stop optional email, warn, then pause; never a notice (R12)."""

import re

import pytest
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import triggers
from accounts.emails import NOTICE_CLASS_HEADER
from accounts.models import AuditEvent
from preferences.models import Campaign, Choice, ConsentRecord, DeliveryEvent, Message, Recipient
from preferences.selectors import send_decision_for
from preferences.services import complaints
from preferences.services.choices import choose_topic
from preferences.services.complaints import complaints_about, watch_complaints
from preferences.services.delivery_events import record_delivery_event


@pytest.fixture
def sent(bob, deliver, newsletter, send_topic):
    """A newsletter that Bob's server accepted."""
    send_topic(newsletter, bob)
    deliver()
    return Message.objects.get(topic=newsletter)


@pytest.fixture
def notice(bob, deliver, send_legal):
    send_legal(bob)
    deliver()
    return Message.objects.get(notice_class="legal")


def reader(person):
    return Recipient.objects.get(user=person)


def complain(message, number):
    return record_delivery_event(message=message, kind="complaint", event=f"x:{number}")


def test_a_complaint_stops_optional_mail_and_no_notice(sent, bob, send_legal, deliver):
    complain(sent, 1)
    complain(sent, 2)
    assert ConsentRecord.objects.filter(source="complaint").count() == 1
    assert AuditEvent.objects.filter(kind="optional_mail.complained", person=bob).count() == 1
    send_legal(bob)
    assert deliver()[-1].subject == "Our terms change"


def test_a_complaint_about_a_notice_stops_optional_email(notice, bob):
    complain(notice, 1)
    assert reader(bob).is_stopped


@pytest.fixture
def campaign(olive, newsletter):
    words = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}

    def create(**values):
        return Campaign.objects.create(
            created_by=olive, state="running", **{"topic": newsletter, **words, **values}
        )

    return create


def mails(campaign, people, monkeypatch, sent):
    """One message for each of these people; `sent` is how many left as far as the alarm knows."""
    monkeypatch.setattr("preferences.services.complaints._sent", lambda _campaign, at_most: sent)
    return [
        Message.objects.create(
            campaign=campaign,
            recipient=person.recipient,
            address=person.email,
            topic=campaign.topic,
            notice_class=campaign.notice_class,
            subject="News",
            message_id=f"<{person.pk}@x>",
        )
        for person in people
    ]


def test_complaints_warn_then_pause_R12(campaign, alice, bob, emma, olive, deliver, monkeypatch):
    running = campaign()
    one, two, three = mails(running, (alice, bob, emma), monkeypatch, sent=1000)
    for number, message in enumerate((one, two)):
        complain(message, number)
        running.refresh_from_db()
        assert running.state == "running"
    assert AuditEvent.objects.filter(kind="campaign.complaints").count() == 1
    complain(three, 3)
    running.refresh_from_db()
    assert running.state == "paused"
    assert AuditEvent.objects.get(kind="campaign.held").data["complaints"] == 3
    assert [mail.to for mail in deliver()].count([olive.email]) == 2


def test_few_complaints_cause_no_warning_R12(campaign, alice, monkeypatch):
    running = campaign()
    [one] = mails(running, [alice], monkeypatch, sent=1001)
    complain(one, 1)
    assert not AuditEvent.objects.filter(kind__startswith="campaign.").exists()


def test_a_notice_is_never_paused_R12(campaign, alice, monkeypatch):
    running = campaign(topic=None, notice_class_id="legal")
    [one] = mails(running, [alice], monkeypatch, sent=1)
    complain(one, 1)
    running.refresh_from_db()
    assert running.state == "running"


@pytest.mark.parametrize("code", ["legal", "security", "transactional", "critical", "maintenance"])
def test_a_complaint_about_a_notice_ends_no_notice_R42(bob, deliver, code):
    """Whatever the class: all optional mail stops, and the next notice of the class goes out."""
    for number in range(2):
        headers = {NOTICE_CLASS_HEADER: code}
        EmailMessage("A notice", "It says.", to=[bob.email], headers=headers).send()
        assert deliver()[-1].to == [bob.email]
        complain(Message.objects.latest("pk"), number)
    assert reader(bob).is_stopped
    assert ConsentRecord.objects.filter(source="complaint").count() == 1
    assert not Choice.objects.exists()  # the refusal is of everything optional, of no class
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}


def test_a_complaint_after_resubscribing_stops_again(sent, bob, newsletter):
    complain(sent, 1)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    assert send_decision_for(reader(bob), newsletter).send
    complain(sent, 2)
    assert not send_decision_for(reader(bob), newsletter).send


def test_a_subscribers_complaint_is_anonymous_in_the_trail(subscriber, newsletter):
    sam = subscriber()
    message = Message.objects.create(
        recipient=sam, address=sam.address, topic=newsletter, subject="News", message_id="<1@x>"
    )
    complain(message, 1)
    sam.refresh_from_db()
    assert sam.is_stopped
    said = AuditEvent.objects.get(kind="optional_mail.complained").data
    assert said["reader"] == "s…@elsewhere.example"


def test_a_recipient_counts_once_in_each_campaign(campaign, alice, bob, monkeypatch):
    one, other = campaign(), campaign()
    first, second = mails(one, (alice, bob), monkeypatch, sent=1)
    for number in range(3):
        complain(first, number)
    complain(second, 9)
    record_delivery_event(message=first, kind="delivered", event="x:d")
    assert (complaints_about(one), complaints_about(other)) == (2, 0)


def test_sent_messages_are_counted_up_to_a_limit(campaign, alice, bob, emma):
    running = campaign()
    for person in (alice, bob, emma):
        Message.objects.create(
            campaign=running, recipient=person.recipient, address=person.email,
            topic=running.topic, subject="News", message_id=f"<{person.pk}@x>",
        )  # fmt: skip
    assert complaints._sent(running, at_most=5) == 0  # none has left
    with connection.cursor() as cursor, triggers.removed(connection):
        cursor.execute("UPDATE preferences_message SET state = 'sent'")
    assert complaints._sent(running, at_most=5) == 3
    assert complaints._sent(running, at_most=2) == 2


def test_a_complaint_scans_no_whole_table(
    campaign, alice, monkeypatch, django_assert_max_num_queries
):
    running = campaign()
    [one] = mails(running, [alice], monkeypatch, sent=10_000)
    complain(one, 1)
    monkeypatch.undo()
    watch_complaints(campaign_pk=running.pk)  # nothing was sent: held, and said
    with django_assert_max_num_queries(6), CaptureQueriesContext(connection) as captured:
        watch_complaints(campaign_pk=running.pk)
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgresql:  # so few rows are always read whole
            cursor.execute("SET LOCAL enable_seqscan = off")
        for query in captured.captured_queries:
            if not query["sql"].startswith("SELECT") or "campaign" not in query["sql"]:
                continue
            cursor.execute(f"{'EXPLAIN' if postgresql else 'EXPLAIN QUERY PLAN'} {query['sql']}")
            plan = "\n".join(str(row) for row in cursor.fetchall())
            assert not re.search(r"(Seq Scan on|SCAN) preferences_message\b", plan), plan
            if "deliveryreport" in query["sql"]:
                assert "delivery_event_complaint" in plan, plan
    assert DeliveryEvent.objects.filter(kind="complaint").count() == 1
