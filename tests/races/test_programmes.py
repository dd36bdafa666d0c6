"""Programmes, alarms and named audiences by several at once, on PostgreSQL (L22, L62, L63)."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import AuditEvent, Customer, User
from compliance.models import DueAlarm, Policy, PrivacyRequest, Referral, ResellerRequest
from compliance.services.due import alarm_of_overdue
from compliance.services.policies import create_policy, publish_version
from compliance.services.referrals import answer_referral, refer_contact
from compliance.services.reseller_requests import ask_to_resell, decide_reseller_request
from compliance.tokens import referral_path
from preferences.models import Campaign, Message, NamedRecipient, Recipient, Reseller
from preferences.services.campaigns import start_campaign
from preferences.services.named_audiences import name_recipients
from tests.races.test_races import (
    _on_postgresql,  # noqa: F401 — the fixture that skips elsewhere
    race,
    won,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("transactional_db"),
]
SAM = "sam@shop.example"


def person(name: str) -> User:
    return User.objects.get(email__startswith=f"{name}@")


def firm(slug: str) -> Customer:
    return Customer.objects.get(slug=slug)


@pytest.fixture
def olive() -> User:
    return person("olive")


@pytest.fixture
def told(olive) -> None:
    """A notice that states the programmes is in force for everybody who joins from now on."""
    words = {f"{x}_{y}": "Words" for x in ("title", "summary", "body") for y in ("en", "fr")}
    create_policy(
        actor=olive, slug="privacy", kind="notice", asked_of="nobody", material=False,
        effective_at=timezone.now() + timedelta(seconds=0.2), **words,
    )  # fmt: skip
    draft = Policy.objects.get(slug="privacy").versions.get()
    version = publish_version(actor=olive, draft=draft)
    later = version.effective_at + timedelta(milliseconds=1)
    while timezone.now() < later:
        pass
    User.objects.update(created_at=later)


def refer(name: str, slug: str):
    return lambda: refer_contact(
        actor=person(name), customer=firm(slug), name="Sam", address=SAM, language="en",
        relation="business", confirmed=True,
    )  # fmt: skip


def test_an_address_referred_by_six_at_once_gets_one_email_L62(told):
    acts = [refer(*who) for who in (("alice", "alder"), ("charlie", "birch")) for _n in range(3)]

    results = race(*acts)

    assert won(results) == 6, "nobody learns that they were not the first"
    assert Referral.objects.count() == 1
    assert Message.objects.filter(address=SAM).count() == 1
    assert AuditEvent.objects.filter(kind="referral.made").count() == 6


def test_a_contact_who_answers_yes_and_no_at_once_gave_one_answer_L62(told):
    refer("alice", "alder")()
    referral = Referral.objects.get()
    token = referral_path(referral).split("/")[-2]

    results = race(
        *(
            lambda interested=answer: answer_referral(
                actor=None, token=token, interested=interested
            )
            for answer in (True, False, True, False)
        )
    )

    referral.refresh_from_db()
    assert won(results) == 2, "the first answer, and the same once more"
    kinds = AuditEvent.objects.filter(kind__in=["referral.interested", "referral.declined"])
    assert [event.kind for event in kinds] == [f"referral.{referral.state}"]


def test_four_who_ask_to_resell_at_once_are_one_request_L63():
    results = race(
        *(lambda: ask_to_resell(actor=person("alice"), customer=firm("alder")) for _one in range(4))
    )

    assert won(results) == 1
    assert ResellerRequest.objects.count() == 1


def test_a_request_approved_and_declined_at_once_has_one_answer_L63(olive):
    request = ask_to_resell(actor=person("alice"), customer=firm("alder"))

    results = race(
        *(
            lambda outcome=outcome: decide_reseller_request(
                actor=olive, request=request, outcome=outcome, reason="So."
            )
            for outcome in ("approved", "declined", "approved", "declined")
        )
    )

    request.refresh_from_db()
    assert won(results) == 1
    is_reseller = Reseller.objects.filter(customer=firm("alder")).exists()
    assert is_reseller == (request.state == "approved")


def test_a_missed_deadline_is_told_once_by_several_workers():
    received = timezone.now() - timedelta(days=31)
    PrivacyRequest.objects.create(
        kind="access", address=SAM, language="en", received_at=received,
        due_at=received + timedelta(days=30),
    )  # fmt: skip

    told = race(*(alarm_of_overdue for _worker in range(4)))

    assert sum(told) == 1
    assert DueAlarm.objects.count() == 1
    assert Message.objects.filter(subject="1 deadline was missed").count() >= 1
    addresses = Message.objects.filter(subject="1 deadline was missed").values_list("address")
    assert len(set(addresses)) == addresses.count()


def test_nobody_is_named_after_sending_began_L22(olive):
    words = {f"{x}_{y}": "Words" for x in ("subject", "body") for y in ("en", "fr")}
    campaign = Campaign.objects.create(
        notice_class_id="legal", named=True, state="scheduled", created_by=olive, **words
    )
    keys = list(Recipient.objects.values_list("pk", flat=True))

    def start() -> None:
        with transaction.atomic():
            locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
            start_campaign(locked, olive)

    race(
        start,
        *(
            lambda part=part: name_recipients(actor=olive, campaign=campaign, recipients=part)
            for part in (keys[:3], keys[2:6])
        ),
    )

    named = NamedRecipient.objects.filter(campaign=campaign).values_list("recipient", flat=True)
    assert len(set(named)) == len(named)
    campaign.refresh_from_db()
    assert campaign.state == "running"
