"""Nobody and nothing stops mandatory email (R38, R41, R42, I4, I5)."""

import io
import json

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.encryption import LinkCipher
from accounts.spreadsheets import read_table
from preferences.choices import NoticeCode, Reason
from preferences.choices.delivery_events import DeliveryEventKind
from preferences.gate import delivery
from preferences.models import Choice, ConsentRecord, DeliveryDecision, Message, NoticeClass, Topic
from preferences.selectors import topics_for
from preferences.services.choices import (
    choose_topic,
    choose_topics,
    stop_all_optional,
    unsubscribe,
)
from preferences.services.customer_email import deny_topic
from preferences.services.delivery_events import record_delivery_event
from preferences.services.import_lines import Columns
from preferences.services.imports import import_consents
from preferences.services.recipients import follow_changed_addresses
from preferences.services.topics import create_topic
from preferences.tokens import UNSUBSCRIBE, unsubscribe_token


@pytest.fixture
def legal_notice_arrives(bob, deliver, send_legal):
    """Send Bob a legal notice, let `between` happen before the worker runs, and see it arrive."""

    def check(between=lambda: None):
        count = len(deliver())
        send_legal(bob)
        between()
        assert [(m.subject, m.to) for m in deliver()[count:]] == [("Our terms change", [bob.email])]

    return check


def execute(sql, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def refuse(*attempts):
    """Each attempt is refused, at the latest when its foreign keys are checked."""
    for attempt in attempts:
        refusals = (DatabaseError, ValidationError, TypeError, ValueError)
        with pytest.raises(refusals), transaction.atomic():
            attempt()
            connection.check_constraints()


def test_as_bob_by_form_R38(bob, as_, newsletter, legal_notice_arrives):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    for code in NoticeCode.values:
        response = as_(bob).post("/preferences/choose/", {"topic": code})
        assert response.status_code == 409
        assert "required notice" in response.text
    as_(bob).post("/preferences/stop/")
    assert not Choice.objects.filter(topic__slug__in=NoticeCode.values).exists()
    legal_notice_arrives()


def test_as_bob_by_api_R38_R40(bob, as_, newsletter, legal_notice_arrives):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    records = ConsentRecord.objects.count()
    for code in NoticeCode.values:
        response = as_(bob).patch(
            f"/api/v1/choices/{code}/", json.dumps({"wants": False}), "application/json"
        )
        assert response.status_code == 409
        assert response.json()["error"]["code"] == "mandatory"
    as_(bob).post("/api/v1/stop-all-optional/", "{}", "application/json")
    assert ConsentRecord.objects.filter(topic__slug__in=NoticeCode.values).count() == 0
    assert ConsentRecord.objects.count() >= records
    legal_notice_arrives()


def test_by_the_back_office_R38(bob, olive, as_, newsletter, legal_notice_arrives):
    choice = choose_topic(actor=bob, topic=newsletter, wants=False)
    staff = as_(olive)

    def try_everything():
        message = Message.objects.latest("pk")
        for path in (
            "noticeclass/legal/change/",
            "noticeclass/legal/delete/",
            "noticeclass/add/",
            f"message/{message.pk}/change/",
            f"message/{message.pk}/delete/",
            f"choice/{choice.pk}/change/",
            "choice/add/",
            "consentrecord/add/",
            "deliverydecision/add/",
        ):
            data = {"state": "skipped", "code": "x", "topic": "legal", "post": "yes"}
            response = staff.post(f"/admin/preferences/{path}", data)
            assert response.status_code == 403, path
        for model in ("message", "noticeclass", "choice"):
            staff.post(
                f"/admin/preferences/{model}/",
                {"action": "delete_selected", "_selected_action": ["legal", message.pk]},
            )
        message.refresh_from_db()
        assert message.state == "queued"

    legal_notice_arrives(between=try_everything)


def test_topic_in_the_place_of_a_notice_class_is_refused_R41(bob, olive, newsletter):
    words = {f"{f}_{x}": "Legal" for f in ("name", "purpose", "cadence") for x in ("en", "fr")}
    with pytest.raises(ValidationError):
        create_topic(actor=olive, slug="legal", **words)
    refuse(
        lambda: Topic.objects.create(slug="legal", **words),
        lambda: Topic.objects.filter(pk=newsletter.pk).update(slug="security"),
        lambda: execute("UPDATE preferences_topic SET slug = 'legal' WHERE id = %s", newsletter.pk),
    )


def test_inserted_and_updated_rows_R38(bob, newsletter, legal_notice_arrives):
    choice = choose_topic(actor=bob, topic=newsletter, wants=False)
    legal = NoticeClass.objects.get(code="legal")
    record = {"recipient": bob.recipient, "wants": False, "language": "en", "source": "page"}

    refuse(
        # a choice of a notice class: no column could hold it
        lambda: Choice.objects.create(
            recipient=bob.recipient, topic=legal, wants=False, consent=choice.consent
        ),
        lambda: Choice.objects.create(recipient=bob.recipient, notice_class=legal, wants=False),
        lambda: ConsentRecord.objects.create(topic=legal, **record),
        lambda: ConsentRecord.objects.create(topic_id="legal", **record),
        lambda: Choice.objects.filter(pk=choice.pk).update(topic_id="legal"),
        lambda: execute("UPDATE preferences_choice SET topic_id = 'legal'"),
        lambda: execute(
            "INSERT INTO preferences_choice (recipient_id, topic_id, wants, consent_id)"
            " VALUES (%s, 'legal', %s, %s)",
            bob.recipient.pk, False, choice.consent_id,
        ),
        # the class itself
        lambda: legal.delete(),
        lambda: NoticeClass.objects.filter(code="legal").update(code="transactional"),
        lambda: NoticeClass.objects.create(code="marketing"),
        lambda: execute("DELETE FROM preferences_noticeclass WHERE code = 'legal'"),
        lambda: execute("UPDATE preferences_noticeclass SET code = 'x' WHERE code = 'legal'"),
    )  # fmt: skip
    legal_notice_arrives()

    def silence_the_message():
        message = Message.objects.latest("pk")
        one = Message.objects.filter(pk=message.pk)
        skipped = {"message": message, "outcome": "skipped", "reason": "chose_no"}
        refuse(
            lambda: one.update(notice_class=None, topic=newsletter),
            lambda: one.update(topic=newsletter),
            lambda: one.update(notice_class="transactional"),
            lambda: one.update(address="elsewhere@alder.example"),
            lambda: one.update(state="skipped"),
            lambda: one.update(state="sent"),
            lambda: one.update(state="asleep"),
            lambda: one.delete(),
            lambda: DeliveryDecision.objects.create(**skipped),
            lambda: execute("UPDATE preferences_message SET state = 'skipped'"),
            lambda: execute("UPDATE preferences_message SET state = 'failed'"),
            lambda: execute("DELETE FROM preferences_message WHERE id = %s", message.pk),
            lambda: execute(
                "UPDATE preferences_message SET topic_id = %s, notice_class_id = NULL",
                newsletter.pk,
            ),
            lambda: execute(
                "INSERT INTO preferences_deliverydecision (message_id, outcome, reason, detail, at)"
                " VALUES (%s, 'skipped', 'chose_no', '', CURRENT_TIMESTAMP)",
                message.pk,
            ),
        )

    legal_notice_arrives(between=silence_the_message)


def test_by_an_import_R38(bob, olive, newsletter, legal_notice_arrives):
    """A former list names Bob as unsubscribed, and a class where a topic belongs."""
    lines = read_table(io.BytesIO(f"{bob.email},unsubscribed".encode()))
    how = {"actor": olive, "lines": lines, "columns": Columns(address=0, statuses=(1,))}
    how |= {"basis": "express", "wording": "The former list.", "dry_run": False}

    def take_over():
        import_consents(topic=newsletter, **how)
        refuse(lambda: import_consents(topic=NoticeClass.objects.get(code="legal"), **how))

    legal_notice_arrives(between=take_over)
    assert not Choice.objects.get(recipient=bob.recipient).wants


def test_by_a_merge_R38_R44(bob, subscriber, legal_notice_arrives):
    """Bob moves to an address at which somebody had stopped everything, before and after."""
    unsubscribe(
        actor=None, token=unsubscribe_token(subscriber("sam@x.example")), source="one_click"
    )
    bob.email = "sam@x.example"
    bob.save()
    follow_changed_addresses(actor=None)
    assert bob.recipient.consent_records.filter(wants=False, topic=None).exists()
    legal_notice_arrives()


def test_by_a_forged_token_R38_R4(bob, newsletter, client, legal_notice_arrives):
    """A link that names a class, or no topic: the first is nothing, the second stops the rest."""

    def follow_links():
        for named, answer in (("legal", 404), (f"{newsletter.pk}.legal", 404), ("", 200)):
            token = LinkCipher(UNSUBSCRIBE).encrypt(f"{bob.recipient.pk}/{named}")
            one_click = {"List-Unsubscribe": "One-Click"}
            path = f"/preferences/unsubscribe/{token}/"
            assert client.post(path, one_click).status_code == answer

    legal_notice_arrives(between=follow_links)
    bob.recipient.refresh_from_db()
    assert bob.recipient.is_stopped


def test_every_flag_of_the_person_and_every_topic_off_R38_R42(bob, legal_notice_arrives):
    def silence_the_person():
        stop_all_optional(actor=bob)
        type(bob).objects.filter(pk=bob.pk).update(is_active=False)
        Topic.objects.update(active=False)

    legal_notice_arrives(between=silence_the_person)


def test_the_closed_list_has_five_rows_each_with_its_basis(db):
    rows = {row.code: row for row in NoticeClass.objects.all()}
    assert set(rows) == {"transactional", "critical", "legal", "maintenance", "security"}
    assert all(str(row.legal_basis) and str(row.reason) for row in rows.values())
    with pytest.raises(IntegrityError), transaction.atomic():
        NoticeClass.objects.create(code="newsletter")


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    wants=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=8),
    stop_all=st.booleans(),
    active=st.booleans(),
    known=st.booleans(),
    code=st.sampled_from(NoticeCode.values),
    denied=st.booleans(),
    reports=st.lists(st.sampled_from(DeliveryEventKind.values), max_size=3),
)
def test_no_combination_changes_a_mandatory_answer_R42_R43(
    alice, bob, alder, wants, stop_all, active, known, code, denied, reports
):
    topics = list(Topic.objects.visible_to(bob))
    with transaction.atomic():
        for number, yes in wants:
            choose_topics(actor=bob, topics=[topics[number]], wants=yes)
        if stop_all:
            stop_all_optional(actor=bob)
        for topic in topics_for(alder) if denied else ():
            deny_topic(actor=alice, customer=alder, topic=topic)
        earlier = Message.objects.create(
            recipient=bob.recipient,
            address=bob.email,
            topic=topics[0],
            subject="x",
            message_id="<earlier@x>",
        )
        for number, kind in enumerate(reports):
            record_delivery_event(message=earlier, kind=kind, event=f"x:{number}")
        bob.recipient.refresh_from_db()
        type(bob).objects.filter(pk=bob.pk).update(is_active=active)
        bob.refresh_from_db()
        message = Message(
            recipient=bob.recipient if known else None,
            address=bob.email,
            notice_class_id=code,
            subject="x",
        )
        answer = delivery.decide_sending(message)
        assert answer.send
        assert answer.reason == (
            Reason.ESCALATE if known and "hard" in reports else Reason.MANDATORY
        )
        transaction.set_rollback(True)
