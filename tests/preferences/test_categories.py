"""What topics, notice classes and campaigns can never be (R23, R24, R31, R39, R41, R46)."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from preferences.choices import (
    CONTACT_CLASSES,
    FOUNDING_CLASSES,
    GROUNDS,
    ContactKind,
    LegalBasis,
    NoticeCode,
)
from preferences.models import (
    Activation,
    Campaign,
    Candidate,
    ConsentRecord,
    ContactRole,
    CustomerRecipient,
    CustomerTopicDenial,
    Message,
    NoticeClass,
    Recipient,
    Reseller,
    Topic,
)
from preferences.services.choices import choose_topic

WORDS = {"subject_en": "A", "subject_fr": "A", "body_en": "A", "body_fr": "A"}


def refuse(*attempts):
    for attempt in attempts:
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


def test_each_class_names_exactly_one_legal_basis_R23():
    assert set(GROUNDS) == set(NoticeCode)
    assert all(ground.basis in LegalBasis for ground in GROUNDS.values())
    assert [basis.value for basis in LegalBasis if basis.is_commercial] == [
        f"6(6)({letter})" for letter in "abcdefg"
    ]


def test_founding_classes_are_active_and_a_later_one_needs_two_staff_R41(db, olive, dana, bob):
    """A sixth class, as a reviewed change of the code would add it."""
    assert all(row.is_active for row in NoticeClass.objects.all())
    assert set(FOUNDING_CLASSES) == set(NoticeCode)
    common = {"address": bob.email, "subject": "x", "content_hash": "x", "notice_class_id": "sixth"}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE preferences_noticeclass DROP CONSTRAINT notice_class_known")
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
    try:
        sixth = NoticeClass.objects.create(code="sixth")
        refuse(lambda: Message.objects.create(message_id="<1@x>", **common))
        Activation.objects.create(notice_class=sixth, staff=olive)
        refuse(
            lambda: Activation.objects.create(
                notice_class=sixth, staff=olive
            ),  # nobody counts twice
            lambda: Message.objects.create(message_id="<2@x>", **common),
        )
        assert not sixth.is_active
        Activation.objects.create(notice_class=sixth, staff=dana)
        assert sixth.is_active
        Message.objects.create(message_id="<3@x>", **common)
        refuse(lambda: Activation.objects.all().delete())
    finally:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA ignore_check_constraints = OFF")


def test_on_by_default_is_implied_consent_R17(newsletter, promotions):
    refuse(
        lambda: Topic.objects.filter(pk=promotions.pk).update(default_on=True),
        lambda: Topic.objects.filter(pk=newsletter.pk).update(basis="express"),
        lambda: Topic.objects.filter(pk=newsletter.pk).update(basis="silence"),
    )


def test_a_campaign_has_one_category_and_both_languages_R24_R31_R39(olive, newsletter):
    new = {"created_by": olive, **WORDS}
    refuse(
        lambda: Campaign.objects.create(**new),
        lambda: Campaign.objects.create(topic=newsletter, notice_class_id="legal", **new),
        lambda: Campaign.objects.create(notice_class_id="legal", promotional=True, **new),
        lambda: Campaign.objects.create(
            topic=newsletter, state="scheduled", **new | {"body_fr": ""}
        ),
        lambda: Campaign.objects.create(topic=newsletter, state="asleep", **new),
    )
    campaign = Campaign.objects.create(topic=newsletter, promotional=True, **new)
    one = Campaign.objects.filter(pk=campaign.pk)
    refuse(lambda: one.update(topic=None, notice_class="legal"))  # it promotes something
    one.update(state="running")
    refuse(
        lambda: one.update(body_en="B"),
        lambda: one.update(topic=None, notice_class="legal", promotional=False),
        lambda: campaign.delete(),
    )
    one.update(state="cancelled")
    refuse(lambda: one.update(state="running"))


def test_a_candidate_is_decided_once_and_a_mandatory_one_never_skipped_R42_R46(
    olive, bob, newsletter
):
    new = {"created_by": olive, **WORDS}
    legal = Campaign.objects.create(notice_class_id="legal", **new)
    news = Campaign.objects.create(topic=newsletter, **new)
    row = {"recipient": bob.recipient, "reason": "chose_no"}
    Candidate.objects.create(campaign=news, send=False, **row)
    refuse(
        lambda: Candidate.objects.create(campaign=legal, send=False, **row),
        lambda: Candidate.objects.create(campaign=news, send=True, **row),
        lambda: Candidate.objects.update(send=True),
        lambda: Candidate.objects.all().delete(),
    )


def test_a_candidate_keeps_its_campaign_and_recipient_R46(olive, bob, alice, newsletter):
    """Checked once for a million rows (refuse_set), and as strict as a foreign key of each row."""
    said = choose_topic(actor=bob, topic=newsletter, wants=True).consent_id
    news = Campaign.objects.create(topic=newsletter, created_by=olive, **WORDS)
    draft = Campaign.objects.filter(pk=news.pk)
    good = {
        "campaign_id": news.pk,
        "recipient_id": bob.recipient.pk,
        "consent_id": said,
        "send": True,
        "reason": "chose_yes",
    }
    another = Candidate(**good | {"recipient_id": alice.recipient.pk})
    for column in ("campaign_id", "recipient_id", "consent_id"):
        bad = good | {column: 999_999}
        refuse(
            lambda bad=bad: Candidate.objects.create(**bad),
            lambda bad=bad: Candidate.objects.bulk_create([another, Candidate(**bad)]),
        )
    assert not Candidate.objects.exists()
    Candidate.objects.create(**good)
    refuse(
        lambda: draft.delete(),
        lambda: draft._raw_delete(draft.db),
        lambda: draft.update(id=999_999),
        lambda: Recipient.objects.filter(pk=bob.recipient.pk).update(id=999_999),
        lambda: Recipient.objects.filter(pk=bob.recipient.pk).delete(),
        lambda: ConsentRecord.objects.filter(pk=said).delete(),
        lambda: ConsentRecord.objects.filter(pk=said).update(id=999_999),
    )


def test_one_message_of_a_campaign_to_each_recipient_R49(olive, bob, newsletter):
    news = Campaign.objects.create(topic=newsletter, created_by=olive, **WORDS)
    common = {
        "campaign": news, "recipient": bob.recipient, "topic": newsletter, "subject": "x",
        "address": bob.email, "content_hash": "x",
    }  # fmt: skip
    Message.objects.create(message_id="<1@x>", **common)
    refuse(
        lambda: Message.objects.create(message_id="<2@x>", **common),
        lambda: Message.objects.update(campaign=None),
        lambda: Message.objects.update(recipient=None),
    )


def test_a_company_denies_only_topics_or_adds_recipients_R43(alice, alder, membership, newsletter):
    mine = {"membership": membership(alice), "by": alice}
    CustomerTopicDenial.objects.create(customer=alder, topic=newsletter, by=alice)
    CustomerRecipient.objects.create(topic=newsletter, **mine)
    CustomerRecipient.objects.create(notice_class_id="legal", **mine)
    ContactRole.objects.create(kind="legal", **mine)
    refuse(
        lambda: CustomerTopicDenial.objects.create(customer=alder, topic=newsletter, by=alice),
        lambda: CustomerTopicDenial.objects.create(customer=alder, by=alice),  # no class fits in
        lambda: CustomerRecipient.objects.create(topic=newsletter, **mine),
        lambda: CustomerRecipient.objects.create(notice_class_id="legal", **mine),
        lambda: CustomerRecipient.objects.create(topic=newsletter, notice_class_id="legal", **mine),
        lambda: CustomerRecipient.objects.create(**mine),
        lambda: ContactRole.objects.create(kind="legal", **mine),
        lambda: ContactRole.objects.create(kind="party", **mine),
    )
    assert set(CONTACT_CLASSES) == set(ContactKind)


def test_topics_for_resellers_are_visible_to_resellers(bob, alder, promotions):
    Topic.objects.filter(pk=promotions.pk).update(resellers_only=True)
    assert promotions not in Topic.objects.visible_to(bob)
    Reseller.objects.create(customer=alder, since=timezone.now())
    assert promotions in Topic.objects.visible_to(bob)
