"""A notice to named recipients alone: former members, suspended people and subscribers too."""

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership, User
from accounts.services.memberships import remove_membership
from preferences.choices import CampaignState, Reason
from preferences.gate import campaign_sending
from preferences.models import Campaign, Candidate, Message, NamedRecipient, Recipient
from preferences.services.campaigns import CampaignRefused
from preferences.services.choices import stop_all_optional
from preferences.services.named_audiences import find_or_create_recipients, name_recipients
from preferences.services.notices import send_notice

SUBJECTS = {"en": "About your data", "fr": "À propos de vos données"}
BODIES = {"en": "Please change your password.", "fr": "Veuillez changer votre mot de passe."}


@pytest.fixture
def send_named(olive):
    """Return a function that sends a legal notice to these recipients."""

    def send(recipients):
        return send_notice(
            actor=olive,
            notice_class="legal",
            subjects=SUBJECTS,
            bodies=BODIES,
            recipients=recipients,
        )

    return send


@pytest.fixture
def named_draft(olive):
    words = {f"{x}_{y}": "Words" for x in ("subject", "body") for y in ("en", "fr")}
    return Campaign.objects.create(notice_class_id="legal", named=True, created_by=olive, **words)


def test_people_who_left_or_refused_and_subscribers_get_it_L22(
    send_named, alice, bob, emma, olive, alder, deliver, subscriber
):
    remove_membership(actor=alice, membership=Membership.objects.get(user=bob, customer=alder))
    User.objects.filter(pk=bob.pk).update(is_active=False)
    stop_all_optional(actor=emma)
    sam = subscriber("sam@elsewhere.example", language="fr")
    Recipient.objects.filter(pk=sam.pk).update(unreachable_since="2026-01-01T00:00Z")
    deliver()
    keys = [bob.recipient.pk, emma.recipient.pk, sam.pk]

    campaign = send_named(keys)
    mails = {mail.to[0]: mail for mail in deliver() if mail.subject in SUBJECTS.values()}

    assert mails.keys() == {bob.email, emma.email, sam.address}, "nobody else gets it"
    assert mails[sam.address].subject == SUBJECTS["fr"]
    assert BODIES["fr"] in mails[sam.address].body
    assert mails[bob.email].subject == SUBJECTS["en"]
    decided = dict(Candidate.objects.filter(campaign=campaign).values_list("recipient", "reason"))
    assert decided == {**dict.fromkeys(keys, Reason.MANDATORY), sam.pk: Reason.ESCALATE}


def test_somebody_who_never_had_an_account_gets_it_L22(send_named, olive, bob, deliver):
    addresses = {"nina@elsewhere.example": "fr", "Omar@Elsewhere.example": "en", bob.email: "fr"}
    keys = find_or_create_recipients(actor=olive, addresses=addresses)
    assert find_or_create_recipients(actor=olive, addresses=addresses) == keys, "made once"

    send_named(keys)
    subjects = {mail.to[0]: mail.subject for mail in deliver()}

    assert subjects == {
        "nina@elsewhere.example": SUBJECTS["fr"],
        "omar@elsewhere.example": SUBJECTS["en"],
        bob.email: SUBJECTS["en"],  # a person's own language
    }
    with pytest.raises(ValidationError):
        find_or_create_recipients(actor=olive, addresses={"nobody": "en"})


def test_a_subscriber_who_became_a_person_gets_it_once(
    named_draft, olive, alice, subscriber, deliver
):
    """The address of a subscriber moves to a person, before or after they were named (R50)."""
    sam = subscriber("sam@elsewhere.example")
    name_recipients(actor=olive, campaign=named_draft, recipients=[sam.pk, alice.recipient.pk])
    User.objects.filter(pk=alice.pk).update(email="sam@elsewhere.example")
    Campaign.objects.filter(pk=named_draft.pk).update(state=CampaignState.RUNNING)

    campaign_sending.dispatch(named_draft.pk)

    [message] = Message.objects.filter(campaign=named_draft)
    assert message.recipient == alice.recipient


def test_a_subscriber_who_was_followed_is_named_as_that_person(
    named_draft, olive, alice, subscriber
):
    sam = subscriber("sam@elsewhere.example")
    User.objects.filter(pk=alice.pk).update(email="sam@elsewhere.example")

    assert name_recipients(actor=olive, campaign=named_draft, recipients=[sam.pk]) == 1

    assert named_draft.named_recipients.get().recipient == alice.recipient


@pytest.mark.parametrize("as_query", [True, False])
def test_naming_twice_names_once_L22(named_draft, olive, as_query):
    everyone = Recipient.objects.order_by("pk")
    recipients = everyone if as_query else list(everyone.values_list("pk", flat=True))
    count = everyone.count()

    assert name_recipients(actor=olive, campaign=named_draft, recipients=recipients) == count
    assert name_recipients(actor=olive, campaign=named_draft, recipients=recipients) == 0
    assert NamedRecipient.objects.filter(campaign=named_draft).count() == count


def test_nobody_named_is_nobody_reached(send_named, deliver):
    campaign = send_named(Recipient.objects.none())

    assert deliver() == []
    assert not Candidate.objects.filter(campaign=campaign).exists()


def test_thousands_are_named_in_few_statements_L22(named_draft, olive, monkeypatch):
    monkeypatch.setattr("preferences.services.named_audiences.BATCH", 500)
    addresses = {f"p{number}@many.example": "en" for number in range(1500)}

    with CaptureQueriesContext(connection) as creating:
        keys = find_or_create_recipients(actor=olive, addresses=addresses)
    with CaptureQueriesContext(connection) as naming:
        assert name_recipients(actor=olive, campaign=named_draft, recipients=keys) == 1500

    assert len(creating) <= 30
    assert len(naming) <= 6


def test_an_audience_is_frozen_once_it_is_sent_L22(send_named, bob, alice, olive, deliver):
    campaign = send_named([bob.recipient.pk])

    with pytest.raises(CampaignRefused):
        name_recipients(actor=olive, campaign=campaign, recipients=[alice.recipient.pk])
    with pytest.raises(DatabaseError), transaction.atomic():
        NamedRecipient.objects.create(campaign=campaign, recipient=alice.recipient)
    deliver()
    with pytest.raises(DatabaseError), transaction.atomic():
        Candidate.objects.create(
            campaign=campaign, recipient=alice.recipient, send=True, reason=Reason.MANDATORY
        )


def test_a_topic_never_has_a_named_audience(named_draft, newsletter, olive, bob, send_named):
    for values in ({"topic": newsletter, "notice_class": None}, {"named": False}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Campaign.objects.filter(pk=named_draft.pk).update(**values)
    to_everyone = Campaign.objects.create(topic=newsletter, created_by=olive)
    with pytest.raises(CampaignRefused):
        name_recipients(actor=olive, campaign=to_everyone, recipients=[bob.recipient.pk])


def test_the_messages_page_counts_the_named_audience(send_named, as_, olive, bob, emma, deliver):
    campaign = send_named([bob.recipient.pk, emma.recipient.pk])
    deliver()

    text = as_(olive).get(reverse("preferences:campaign", args=[campaign.pk])).text

    assert "goes to the people named for it alone" in " ".join(text.split())
    assert "2 people get it" in text
