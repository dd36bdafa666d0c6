"""Sources that only reduce never give consent, by ORM or raw SQL (R6, R44)."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from preferences.choices import OPT_OUT_SOURCES, ConsentSource
from preferences.models import Choice, ConsentRecord
from preferences.services.choices import choose_topic
from preferences.services.opt_out_undo import stop_mail

INSERT = """
    INSERT INTO preferences_consentrecord (recipient_id, address_hash, topic_id, wants, basis,
        wording, wording_hash, language, source, at)
    VALUES (%s, 'x', %s, %s, 'express', '-', '-', 'en', %s, %s)"""


def by_sql(recipient, topic, wants, source):
    with connection.cursor() as cursor:
        values = [recipient.pk, topic and topic.pk, wants, source, timezone.now()]
        cursor.execute(INSERT, values)


@pytest.mark.parametrize("source", OPT_OUT_SOURCES)
@pytest.mark.parametrize("about", ["topic", "everything"])
def test_sources_that_only_reduce_never_enrol_R6(bob, newsletter, consent, source, about):
    topic = newsletter if about == "topic" else None
    bulk = ConsentRecord(
        recipient=bob.recipient, topic=topic, wants=True, source=source, language="en"
    )
    for write in (
        lambda: consent(bob.recipient, topic, source=source),
        lambda: ConsentRecord.objects.bulk_create([bulk]),
        lambda: by_sql(bob.recipient, topic, True, source),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            write()
    assert not ConsentRecord.objects.exists()
    by_sql(bob.recipient, topic, False, source)  # a no, by any of them
    assert not Choice.objects.filter(wants=True).exists()


@pytest.mark.parametrize("about", ["topic", "everything"])
def test_a_link_undoes_only_the_opt_out_of_a_link(bob, newsletter, about):
    topic = newsletter if about == "topic" else None
    undo = ConsentSource.UNDO.value

    def refused(wants=True):
        with pytest.raises(DatabaseError), transaction.atomic():
            by_sql(bob.recipient, topic, wants, undo)

    refused()  # nothing was said
    refused(wants=False)  # an undo gives back
    choose_topic(actor=bob, topic=newsletter, wants=False)
    refused()  # said on the page
    stop_mail(actor=None, recipient=bob.recipient, topics=[])
    by_sql(bob.recipient, topic, True, undo)
    refused()  # once


def test_no_consent_from_a_source_that_only_reduces(bob, newsletter, consent):
    consent(bob.recipient, newsletter, wants=False, source="one_click")
    for change in (
        lambda: Choice.objects.update(wants=True),
        lambda: ConsentRecord.objects.update(wants=True),
        lambda: ConsentRecord.objects.update(source="page", wants=True),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert not Choice.objects.get().wants
