"""SQL that replaces a row under its own key does not bypass the triggers."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Membership, User
from accounts.services.memberships import suspend_membership
from preferences.models import ConsentRecord, DeliveryDecision, Message, Topic
from preferences.services.choices import choose_topic


def overwrite(row, **changed):
    """Insert this row once more with other values; every way the database has must be refused.

    SQLite's INSERT OR REPLACE deletes the old row, by default without asking its triggers.
    """
    table = row._meta.db_table
    names = [field.column for field in row._meta.concrete_fields]
    key = row._meta.pk.column
    new = ", ".join(changed.get(name, name) for name in names)
    columns = ", ".join(names)
    taken = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
    select = f"SELECT {new} FROM {table} WHERE {key} = %s"
    statements = [
        f"INSERT INTO {table} ({columns}) {select} ON CONFLICT ({key}) DO UPDATE SET {taken}"
    ]
    if connection.vendor == "sqlite":
        statements.append(f"INSERT OR REPLACE INTO {table} ({columns}) {select}")
    for statement in statements:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [row.pk])


def test_an_event_cannot_be_replaced_K1(alder):
    overwrite(AuditEvent.objects.filter(customer=alder).first(), kind="'forged'")


def test_the_main_super_user_cannot_be_replaced_C3(alder):
    overwrite(alder.main_super_user, role="'user'")

    assert Membership.objects.get(pk=alder.main_super_user_id).is_super_user


def test_replacing_a_row_makes_nobody_a_superuser_B12(bob):
    overwrite(bob, is_superuser="TRUE")

    assert not User.objects.get(pk=bob.pk).is_superuser


def test_consent_and_choice_cannot_be_replaced_R37(bob):
    choice = choose_topic(actor=bob, topic=Topic.objects.get(slug="newsletter"), wants=True)

    overwrite(ConsentRecord.objects.get(pk=choice.consent_id), wants="FALSE")
    overwrite(choice, wants="FALSE")


def test_a_customer_does_not_lose_its_super_user_by_becoming_pending_C3(alder):
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=alder.pk).update(status="pending", main_super_user=None)


@pytest.fixture
def notice(bob, alice, membership):
    """A mandatory mail to Bob, on its way."""
    suspend_membership(actor=alice, membership=membership(bob))
    return Message.objects.filter(address=bob.email).latest("pk")


def test_a_mandatory_message_cannot_be_emptied_or_decided_by_sql_R38(notice):
    kept = Message.objects.filter(pk=notice.pk)
    for change in ({"sealed_content": None}, {"sealed_content": b"nothing"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            kept.update(**change)
    for outcome, reason in (("failed", "gave_up"), ("sent", "mandatory")):
        with pytest.raises(IntegrityError), transaction.atomic():
            DeliveryDecision.objects.create(message=notice, outcome=outcome, reason=reason)


@pytest.mark.parametrize("state", ["queued", "waiting", "claimed"])
def test_a_mandatory_message_cannot_be_postponed_for_ever_R38(state, notice, bob, deliver):
    never = timezone.now() + timedelta(days=9999)
    Message.objects.filter(pk=notice.pk).update(state=state, due_at=never)

    assert [mail for mail in deliver() if mail.to == [bob.email]]


def test_a_mandatory_message_cannot_be_replaced_R38(notice):
    overwrite(notice, address="'nobody@evil.example'")
    overwrite(notice, state="'skipped'")
