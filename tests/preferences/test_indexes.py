"""The statistics of email use an index, however much email was sent."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from preferences.models import ConsentRecord, Message, NoticeClass, Recipient
from preferences.selectors import audiences, mandatory_mail_statistics


@pytest.fixture
def crowd(bob, newsletter, promotions):
    """Three thousand answers and mails, nearly all about something else or long ago."""
    now = timezone.now()
    readers = Recipient.objects.bulk_create(
        Recipient(address=f"n{n}@n.example", language="en", address_hash="-") for n in range(3000)
    )
    ConsentRecord.objects.bulk_create(
        ConsentRecord(
            recipient=readers[n],
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


def changes_in(run):
    """How the database runs the one statement of this call, with its parameters bound."""
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    statements = []

    def note(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        run()
    [(sql, params)] = statements
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # whose choice among three thousand may fall so or so
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {sql}", params)
        return " ".join(str(row) for row in cursor.fetchall())


@pytest.mark.usefixtures("crowd")
def test_the_chart_of_a_topic_uses_an_index(newsletter):
    months = audiences.answers_by_month(newsletter)
    assert 300 < sum(month.yes + month.no for month in months) < 366
    assert "consent_by_topic" in changes_in(lambda: audiences.answers_by_month(newsletter))


@pytest.mark.usefixtures("crowd")
def test_the_public_count_of_mandatory_email_uses_an_index(bob, send_legal, deliver):
    send_legal(bob)
    deliver()
    assert mandatory_mail_statistics.mandatory_sends()[0].total == 1
    cache.clear()  # what was counted is kept for an hour
    assert "message_of_notice_class" in changes_in(mandatory_mail_statistics.mandatory_sends)
