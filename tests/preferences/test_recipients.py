"""One recipient, one row: a person or a subscriber, with their opt-outs (R44)."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.invitations import accept_invitation, invite_person
from preferences.choices import Digest, Reason
from preferences.models import Choice, ConsentRecord, Recipient
from preferences.selectors import find_recipient, may_send, send_decision_for
from preferences.services.choices import (
    choose_topic,
    resume_optional,
    stop_all_optional,
    unsubscribe,
)
from preferences.services.recipients import (
    DeliveryRefused,
    choose_digest,
    follow_address,
    pause_optional_mail,
)
from preferences.tokens import unsubscribe_token

PASSWORD = "a long passphrase 1"


def refuse(*attempts):
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


def move(person, address):
    person.email = address
    person.save(update_fields=["email"])


def test_every_person_has_one_recipient_however_created(db, bob):
    User.objects.bulk_create([User(email=f"n{n}@alder.example", name="N") for n in range(3)])
    assert Recipient.objects.filter(user=None).count() == 0
    assert Recipient.objects.count() == User.objects.count()
    assert bob.recipient.email == bob.email


def test_a_recipient_is_a_person_or_a_subscriber(bob, subscriber):
    sam = subscriber()
    assert (sam.email, sam.reads) == ("sam@elsewhere.example", "en")
    one = Recipient.objects.filter(pk=bob.recipient.pk)
    refuse(
        lambda: Recipient.objects.create(),
        lambda: Recipient.objects.create(address="x@elsewhere.example"),  # no language
        lambda: Recipient.objects.create(address="X@elsewhere.example", language="en"),
        lambda: Recipient.objects.create(address="sam@elsewhere.example", language="fr"),
        lambda: one.update(address="bob@alder.example", language="en"),
        lambda: one.update(digest="hourly"),
        lambda: one.update(user=None, address="bob@alder.example", language="en"),
        lambda: one.update(user=User.objects.create_user("n@alder.example", name="N")),
        lambda: bob.recipient.delete(),
    )


def test_a_new_account_takes_over_the_subscriber_with_all_evidence_R44(
    alice, alder, subscriber, newsletter, promotions, consent
):
    sam = subscriber("sam@alder.example", "fr")
    yes = consent(sam, promotions)
    consent(sam, newsletter, wants=False)
    invitation = invite_person(actor=alice, customer=alder, address="sam@alder.example")
    person = accept_invitation(
        actor=None, token=invitation.token, name="Sam", password=PASSWORD
    ).user

    assert person.recipient.pk == sam.pk
    assert (person.recipient.address, person.recipient.followed_by) == (None, None)
    assert send_decision_for(person.recipient, promotions).consent_id == yes.pk
    assert send_decision_for(person.recipient, newsletter).reason == Reason.CHOSE_NO


def test_a_person_who_takes_a_subscribers_address_is_merged_with_its_opt_outs_R44(
    bob, subscriber, newsletter, promotions, consent
):
    sam = subscriber("sam@alder.example")
    consent(sam, newsletter, wants=False)
    consent(sam, promotions)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    move(bob, "sam@alder.example")
    sam.refresh_from_db()

    assert sam.followed_by == bob.recipient
    assert find_recipient("sam@alder.example") == bob.recipient
    assert send_decision_for(sam, promotions).reason == Reason.NO_PERSON  # no second mail
    answer = send_decision_for(bob.recipient, newsletter)
    assert answer.reason == Reason.CHOSE_NO
    assert ConsentRecord.objects.get(pk=answer.consent_id).source == "address"
    assert not may_send(bob, promotions)  # what Sam wanted is not what Bob asked for
    # the person's own word, at this address, counts again
    choose_topic(actor=bob, topic=newsletter, wants=True)
    assert may_send(bob, newsletter)
    # and Sam's old link still stops mail to the address
    unsubscribe(actor=None, token=unsubscribe_token(sam, newsletter), source="mail_link")
    assert not may_send(bob, newsletter)


@pytest.mark.parametrize("act", ["topic", "everything"])
def test_opt_outs_stay_with_the_address_that_a_person_left_R44(
    bob, newsletter, promotions, subscriber, act
):
    if act == "topic":
        choose_topic(actor=bob, topic=newsletter, wants=False)
    else:
        stop_all_optional(actor=bob)
    old = bob.email
    move(bob, "robert@alder.example")
    assert not may_send(bob, newsletter)  # the person's refusal moved along

    later = subscriber(old)  # somebody imports the old address
    assert not send_decision_for(later, newsletter).send
    assert ConsentRecord.objects.get(recipient=later).source == "address"


def test_opt_outs_of_an_address_survive_a_new_secret_key_R44(bob, newsletter, settings, subscriber):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    old = bob.email
    move(bob, "robert@alder.example")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "y" * 40
    assert send_decision_for(subscriber(old), newsletter).reason == Reason.CHOSE_NO


@pytest.mark.parametrize("basis", ["purchase", "contract", "inquiry", "publication", "disclosure"])
def test_implied_consent_never_revives_an_opt_out_R44(
    bob, alice, newsletter, promotions, consent, basis, subscriber
):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    stop_all_optional(actor=alice)
    old = bob.email
    move(bob, "robert@alder.example")
    refuse(
        lambda: consent(bob.recipient, newsletter, basis=basis),  # the person's
        lambda: consent(subscriber(old), newsletter, basis=basis),  # the address's
        lambda: consent(alice.recipient, promotions, basis=basis),  # everything
        lambda: consent(bob.recipient, promotions, basis=basis, wants=False),  # a no is express
        lambda: consent(bob.recipient, None, basis=basis),
    )
    resume_optional(actor=alice)
    consent(alice.recipient, promotions, basis=basis)
    choose_topic(actor=bob, topic=newsletter, wants=True)
    consent(bob.recipient, newsletter, basis=basis)


def test_a_new_address_counts_as_reachable(bob):
    Recipient.objects.filter(user=bob).update(
        unreachable_since=timezone.now(), unreachable_reason="no such mailbox"
    )
    bob.save()  # the same address: no news
    assert Recipient.objects.get(user=bob).unreachable_since
    move(bob, "robert@alder.example")
    recipient = Recipient.objects.get(user=bob)
    assert (recipient.unreachable_since, recipient.unreachable_reason) == (None, "")
    assert follow_address(actor=None, recipient=recipient) == []


def test_the_stop_follows_the_latest_record_R37(bob, alice):
    stop_all_optional(actor=alice)
    one = Recipient.objects.filter(user=bob)
    refuse(
        lambda: one.update(stopped=alice.recipient.stopped_id),
        lambda: Recipient.objects.filter(user=alice).update(stopped=None),
        lambda: Recipient.objects.create(
            address="x@elsewhere.example", language="en", stopped_id=alice.recipient.stopped_id
        ),
    )
    resume_optional(actor=alice)
    assert not Recipient.objects.get(user=alice).stopped_id
    assert resume_optional(actor=alice) is False  # once is enough
    assert ConsentRecord.objects.filter(recipient__user=alice).count() == 2


def test_lifting_the_stop_restores_choices_and_one_consent_is_enough_R15(
    bob, newsletter, promotions
):
    choose_topic(actor=bob, topic=promotions, wants=True)
    stop_all_optional(actor=bob)
    assert not may_send(bob, promotions)
    resume_optional(actor=bob)
    assert may_send(bob, promotions)
    assert may_send(bob, newsletter)

    stop_all_optional(actor=bob)
    choose_topic(actor=bob, topic=promotions, wants=True)
    assert may_send(bob, promotions)
    assert not may_send(bob, newsletter)


def test_a_pause_is_temporary_and_changes_no_choice(bob, newsletter, promotions):
    choose_topic(actor=bob, topic=promotions, wants=True)
    choices = list(Choice.objects.values())
    until = timezone.now() + timedelta(days=30)
    assert pause_optional_mail(actor=bob, until=until).paused_until == until
    assert send_decision_for(bob.recipient, promotions).reason == Reason.PAUSED
    assert send_decision_for(bob.recipient, newsletter).reason == Reason.PAUSED
    assert list(Choice.objects.values()) == choices
    pause_optional_mail(actor=bob, until=None)
    assert may_send(bob, promotions)
    for bad in (timezone.now(), timezone.now() + timedelta(days=400)):
        with pytest.raises(DeliveryRefused) as refusal:
            pause_optional_mail(actor=bob, until=bad)
        assert "paused_until" in refusal.value.message_dict


def test_a_digest_is_chosen_from_the_list(bob):
    assert choose_digest(actor=bob, digest=Digest.WEEKLY).digest == "weekly"
    with pytest.raises(DeliveryRefused):
        choose_digest(actor=bob, digest="hourly")
    assert Recipient.objects.get(user=bob).digest == "weekly"


def test_a_closed_account_changes_nothing(bob):
    from django.core.exceptions import PermissionDenied

    User.objects.filter(pk=bob.pk).update(is_active=False)
    for act in (
        lambda: pause_optional_mail(actor=bob, until=None),
        lambda: choose_digest(actor=bob, digest=Digest.DAILY),
        lambda: resume_optional(actor=bob),
    ):
        with pytest.raises(PermissionDenied):
            act()
