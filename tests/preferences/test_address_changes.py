"""Opt-outs follow the person and the address, however the address changes (R44)."""

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from accounts.signals import periodic_tick
from preferences.audience import resolve_campaign
from preferences.choices import Reason
from preferences.models import Campaign, Candidate, ConsentRecord, DeliveryDecision, Recipient
from preferences.selectors import may_send, send_decision_for
from preferences.services.choices import choose_topic, stop_all_optional
from preferences.services.recipients import follow_changed_addresses

A, B, C = "bob@alder.example", "b@alder.example", "c@alder.example"


def by_save(person, address):
    person.email = address
    person.save()


def by_update(person, address):
    User.objects.filter(pk=person.pk).update(email=address)


def by_bulk_update(person, address):
    person.email = address
    User.objects.bulk_update([person], ["email"])


def by_sql(person, address):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = %s WHERE id = %s", [address, person.pk])


WAYS = pytest.mark.parametrize("move", [by_save, by_update, by_bulk_update, by_sql])


def answer(reader, topic):
    """What comes of a mail once the clock has looked up what changed."""
    periodic_tick.send(sender=None)
    return send_decision_for(Recipient.objects.get(pk=reader.pk), topic)


@WAYS
@pytest.mark.parametrize("act", ["topic", "everything"])
def test_an_opt_out_survives_several_address_changes_R44(bob, newsletter, move, act):
    if act == "topic":
        choose_topic(actor=bob, topic=newsletter, wants=False)
    else:
        stop_all_optional(actor=bob)
    refused = Reason.CHOSE_NO if act == "topic" else Reason.STOPPED_ALL
    for address in (B, C, A):
        move(bob, address)
        assert not may_send(bob, newsletter)  # at once
        assert answer(bob.recipient, newsletter).reason == refused  # and after the clock


@WAYS
def test_each_former_address_keeps_its_opt_outs_R44(
    bob, alice, newsletter, promotions, subscriber, consent, move
):
    other = subscriber(B)
    consent(other, newsletter, wants=False)
    late = subscriber(C)
    consent(late, None, wants=False)
    for topic in (newsletter, promotions):
        choose_topic(actor=bob, topic=topic, wants=True)

    move(bob, B)
    assert not may_send(bob, newsletter)
    assert answer(bob.recipient, newsletter).reason == Reason.CHOSE_NO
    assert answer(bob.recipient, promotions).reason == Reason.CHOSE_YES
    move(bob, C)
    assert answer(bob.recipient, promotions).reason == Reason.STOPPED_ALL
    move(bob, A)
    assert answer(bob.recipient, promotions).reason == Reason.STOPPED_ALL  # it stays with them
    assert {r.source for r in bob.recipient.consent_records.filter(wants=False)} == {"address"}
    other.refresh_from_db()
    assert other.followed_by == bob.recipient


@WAYS
def test_an_opt_out_of_an_address_applies_to_its_next_owner_R44(bob, emma, newsletter, move):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    move(bob, B)
    move(emma, A)
    assert not may_send(emma, newsletter)
    assert answer(emma.recipient, newsletter).reason == Reason.CHOSE_NO


def test_bulk_created_people_keep_opt_outs_of_their_address_R44(
    bob, newsletter, subscriber, consent
):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    by_update(bob, B)
    sam = subscriber(C)
    consent(sam, newsletter, wants=False)
    User.objects.bulk_create(
        [User(email=address, name="N", language="en") for address in (A, C, "d@alder.example")]
    )
    by_address = {
        user.email: user for user in User.objects.filter(email__in=[A, C, "d@alder.example"])
    }
    for person in by_address.values():
        assert not may_send(person, newsletter)
    assert answer(by_address[A].recipient, newsletter).reason == Reason.CHOSE_NO
    assert answer(by_address[C].recipient, newsletter).reason == Reason.CHOSE_NO
    assert answer(by_address["d@alder.example"].recipient, newsletter).reason == Reason.LAPSED


def test_an_address_row_alone_changes_nothing_R44(
    bob, newsletter, consent, subscriber, send_topic, deliver
):
    consent(subscriber(B), newsletter, wants=False)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    EmailAddress.objects.filter(user=bob).update(primary=False)
    EmailAddress.objects.bulk_create([EmailAddress(user=bob, email=B, primary=True, verified=True)])
    EmailAddress.objects.filter(user=bob, email=B).update(verified=True)
    send_topic(newsletter, bob)
    assert [mail.to for mail in deliver()] == [[A]]  # optional mail knows User.email alone
    by_update(bob, B)
    assert answer(bob.recipient, newsletter).reason == Reason.CHOSE_NO


@pytest.mark.parametrize("way", ["single", "campaign"])
def test_the_gate_looks_up_opt_outs_before_it_decides_R44_R45(
    bob, olive, newsletter, consent, subscriber, send_topic, deliver, way
):
    consent(subscriber(B), newsletter, wants=False)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    if way == "single":
        send_topic(newsletter, bob)
        by_update(bob, B)
        by_update(bob, A)  # back, before the worker came: nothing was refused at A
        assert len(deliver()) == 1
        assert DeliveryDecision.objects.get().reason == Reason.CHOSE_YES
        by_update(bob, B)
        bob.refresh_from_db()
        send_topic(newsletter, bob)
        assert len(deliver()) == 1  # the first one
        assert DeliveryDecision.objects.latest("pk").reason == Reason.CHOSE_NO
    else:
        by_update(bob, B)
        campaign = Campaign.objects.create(topic=newsletter, created_by=olive)
        resolve_campaign(campaign=campaign)  # without looking up, nothing goes out
        decided = Candidate.objects.get(recipient=bob.recipient)
        assert (decided.send, decided.reason) == (False, Reason.ADDRESS_CHANGED)


def test_a_notice_needs_no_lookup_R42(bob, send_legal, deliver):
    by_update(bob, B)
    bob.refresh_from_db()
    send_legal(bob)
    assert [mail.to for mail in deliver()] == [[B]]


def test_the_lookup_is_one_query_for_many(db, django_assert_max_num_queries):
    User.objects.bulk_create([User(email=f"n{n}@n.example", name="N") for n in range(300)])
    with django_assert_max_num_queries(10):
        assert follow_changed_addresses(actor=None) >= 300
    assert follow_changed_addresses(actor=None) == 0
    assert not ConsentRecord.objects.exists()


def test_a_subscriber_is_never_given_another_address(subscriber):
    sam = subscriber()
    for change in ({"address": B}, {"id": sam.pk + 1000}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Recipient.objects.filter(pk=sam.pk).update(**change)
