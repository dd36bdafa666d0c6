"""What staff and the public look at finds its rows by an index, however much mail went out."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from preferences.models import ConsentRecord, Message, NoticeClass, Topic
from preferences.selectors import audiences, ledger


@pytest.fixture
def crowd(bob, newsletter, promotions):
    """Three thousand answers and mails, nearly all about something else or long ago."""
    now = timezone.now()
    ConsentRecord.objects.bulk_create(
        ConsentRecord(
            recipient=bob.recipient,
            address_hash="-",
            topic=newsletter if n % 30 else promotions,
            wants=bool(n % 2),
            wording="-",
            wording_hash="-",
            language="en",
            source="page",
            at=now - timedelta(days=n),
        )
        for n in range(3000)
    )
    legal = NoticeClass.objects.get(code="legal")
    Message.objects.bulk_create(
        Message(
            recipient=bob.recipient,
            address=bob.email,
            topic=newsletter if n % 30 else None,
            notice_class=None if n % 30 else legal,
            subject="-",
            content_hash="-",
            message_id=f"<{n}@harbour.example>",
        )
        for n in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def plan_of(select, captured):
    """How the database ran the last statement that reads this table."""
    statement = next(one for one in reversed(captured) if f'FROM "{select}"' in one["sql"])["sql"]
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {statement}".replace("%", "%%"), [])
        return " ".join(str(row) for row in cursor.fetchall())


@pytest.mark.usefixtures("crowd")
def test_the_chart_of_a_topic(promotions):
    with CaptureQueriesContext(connection) as captured:
        months = audiences.answers_by_month(Topic.objects.get(pk=promotions.pk))
    assert 0 < sum(month.yes + month.no for month in months) < 15
    assert "consent_by_topic" in plan_of("preferences_consentrecord", list(captured))


@pytest.mark.usefixtures("crowd")
def test_the_public_count_of_mandatory_mail(bob, send_legal, deliver):
    send_legal(bob)
    deliver()
    with CaptureQueriesContext(connection) as captured:
        counted = ledger._count()
    assert counted[0].total == 1
    assert "message_of_notice_class" in plan_of("preferences_message", list(captured))
