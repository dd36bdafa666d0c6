"""Answers on paper or by email, which staff record, and answers with an invitation (L7)."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Invitation, Membership, User
from accounts.selectors import sentence_of
from accounts.services.customers import create_customer
from accounts.services.invitations import invite_main_super_user, invite_person
from accounts.timezones import today_of_provider
from compliance.models import Acceptance
from compliance.selectors import policies_to_answer, unanswered_of
from compliance.services.recorded_answers import record_answer
from preferences.models import ConsentRecord

PASSWORD = "three unrelated words"
RECORD = "/provider/policies/terms-of-use/1/record/"


@pytest.fixture
def record(petra):
    """A function that records an answer on paper."""

    def write(person, version, **more):
        facts = {
            "actor": petra, "verb": "accepted", "language": "fr", "way": "paper",
            "given_on": today_of_provider(), "reference": "Binder 7, page 3", **more,
        }  # fmt: skip
        return record_answer(person=person, version=version, **facts)

    return write


# --- On paper or by email ---


def test_staff_record_an_answer_that_came_on_paper_L7(in_force, bob, petra, as_, deliver):
    version, client = in_force(), as_(petra)
    day = today_of_provider() - timedelta(days=3)
    assert RECORD in client.get("/provider/policies/terms-of-use/1/").content.decode()
    sent = {
        "person": bob.email.upper(), "verb": "accepted", "language": "fr", "way": "paper",
        "given_on": day.isoformat(), "reference": "Binder 7, page 3",
    }  # fmt: skip
    shown = client.post(RECORD, sent, follow=True).content.decode()

    row = Acceptance.objects.get()
    assert (row.version, row.person, row.customer, row.verb) == (version, bob, None, "accepted")
    assert (row.language, row.sha256, row.way) == ("fr", version.sha256, "paper")
    assert (row.reference, row.recorded_by) == ("Binder 7, page 3", petra)
    assert timezone.localdate(row.at, timezone.get_default_timezone()) == day
    assert timezone.now() - row.recorded_at < timedelta(minutes=1)
    assert (row.network_address, row.browser) == (None, ""), "it came from no device"
    assert "Binder 7, page 3" in shown and "Recorded by Petra Lindqvist" in shown
    assert not unanswered_of(bob), "it counts like an answer on the page"

    event = AuditEvent.objects.get(kind="policy.accepted_recorded")
    assert (event.actor, event.person, event.customer) == (petra, bob, None)
    assert "recorded that Bob Tremblay accepted version 1" in sentence_of(event)
    assert (event.data["way"]["en"], event.data["filed"]) == ("On paper", "Binder 7, page 3")
    [email] = [m for m in deliver() if "recorded your answer" in m.subject]
    assert email.to == [bob.email] and email.subject.endswith("to Terms of service")
    for words in ("Binder 7, page 3", "On paper", "/privacy/", "/profile/agreements/"):
        assert words in email.body


def test_a_company_is_told_and_its_colleagues_see_it_L7_L14(
    in_force, record, alice, bob, alder, as_, deliver, membership
):
    version = in_force(asked_of="company")
    Membership.objects.filter(pk=membership(bob).pk).update(role="super_user")
    record(bob, version, customer=alder, way="email", reference="Mail of 3 March")

    assert Acceptance.objects.get().customer == alder
    assert not policies_to_answer(alice)
    told = {m.to[0]: m for m in deliver() if "recorded the answer" in m.subject}
    assert told.keys() == {bob.email, alice.email}, "who answered, and the main Super User"
    assert "the answer of Alder Dental" in told[alice.email].subject
    page = as_(alice).get("/profile/agreements/").content.decode()
    assert "By email, Mail of 3 March." in page and "Tell us if this is not right" in page
    receipt = as_(alice).get(
        reverse("compliance:agreement-receipt", args=[Acceptance.objects.get().pk])
    )
    content = json.loads(receipt.content)["receipt"]
    assert (content["way"], content["reference"]) == ("email", "Mail of 3 March")
    assert content["recorded_by"] == "Harbour" and content["recorded_at"]


def test_only_staff_with_the_permission_record_L7(
    announced, bob, alice, charlie, dana, as_, record
):
    version = announced()
    for person in (alice, charlie, dana, bob):
        with pytest.raises(PermissionDenied):
            record(bob, version, actor=person)
        assert as_(person).get(RECORD).status_code == 403
        assert as_(person).post(RECORD, {"person": bob.email}).status_code == 403
    assert as_(None).get(RECORD).status_code == 302
    assert not Acceptance.objects.exists()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"verb": "acknowledged"}, "verb"),
        ({"way": "page"}, "way"),
        ({"way": "invitation"}, "way"),
        ({"reference": "  "}, "reference"),
        ({"given_on": today_of_provider() + timedelta(days=2)}, "given_on"),  # a midnight may pass
        ({"given_on": today_of_provider() - timedelta(days=60)}, "given_on"),
        ({"language": "de"}, "language"),
    ],
)
def test_what_is_wrong_is_named_L7(more, field, in_force, bob, record):
    """The version was published 40 days ago."""
    version = in_force()
    with pytest.raises(ValidationError) as refusal:
        record(bob, version, **more)
    assert set(refusal.value.error_dict) == {field}
    assert not Acceptance.objects.exists()


def test_who_is_not_asked_has_no_answer_on_paper_L14(in_force, bob, frank, alder, dana, record):
    version = in_force(asked_of="company")
    for person, customer in ((bob, alder), (frank, alder), (frank, None), (dana, alder)):
        with pytest.raises(ValidationError) as refusal:
            record(person, version, customer=customer)
        assert set(refusal.value.error_dict) == {"person"}
    assert not Acceptance.objects.exists()


def test_nobody_records_their_own_answer_L7(in_force, petra, record):
    version = in_force()
    User.objects.filter(pk=petra.pk).update(is_staff=True)
    with pytest.raises(ValidationError):
        record(petra, version)


def test_an_answer_is_on_record_once_L7(in_force, bob, record, answer):
    version = in_force()
    record(bob, version)
    for verb in ("accepted", "declined"):
        with pytest.raises(ValidationError):
            record(bob, version, verb=verb)
    answer(bob, version)  # on the page: it changes nothing
    assert Acceptance.objects.count() == 1


def test_a_draft_a_withdrawn_version_and_one_that_asks_nobody_are_not_answered_L7(
    draft, corrected, petra, bob, as_, record
):
    begun = draft()
    with pytest.raises(ValidationError):
        record(bob, begun)
    assert as_(petra).get(RECORD).status_code == 404
    corrected(slug="privacy", kind="notice", asked_of="nobody")
    assert as_(petra).get("/provider/policies/privacy/1/record/").status_code == 404


def test_the_paper_of_an_earlier_version_is_no_answer_to_the_newer_L7(in_force, bob, record):
    with time_machine.travel(timezone.now() - timedelta(days=100)):
        first = in_force()
    second = in_force(body_en="Other words.")
    record(bob, first)
    assert [item.version for item in policies_to_answer(bob)] == [second]


def test_a_declined_paper_is_told_to_the_privacy_staff_L13(in_force, bob, petra, record, deliver):
    record(bob, in_force(), verb="declined")
    assert petra.email in {m.to[0] for m in deliver()}


def test_sql_lets_only_staff_record_for_somebody_L7(in_force, bob, alice, petra):
    version = in_force()
    facts = {
        "version": version, "person": bob, "verb": "accepted", "language": "en",
        "sha256": version.sha256, "way": "paper", "reference": "Binder 7",
        "recorded_by": petra, "at": timezone.now(), "recorded_at": timezone.now(),
    }  # fmt: skip
    wrong = [
        {"recorded_by": alice}, {"recorded_by": None}, {"reference": ""}, {"recorded_at": None},
        {"way": "page"}, {"way": "fax"}, {"browser": "Browser/1"},
        {"network_address": "192.0.2.7"}, {"at": timezone.now() + timedelta(days=1)},
    ]  # fmt: skip
    for values in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Acceptance.objects.create(**{**facts, **values})
    assert Acceptance.objects.create(**facts).pk and connection.vendor


# --- With an invitation ---


@pytest.fixture
def offer(alice, alder):
    return invite_person(actor=alice, customer=alder, address="gina@alder.example", name="Gina")


def page_of_offer(offer):
    return reverse("accounts:invitation-accept", args=[offer.token])


def token_of(version, *, company="", language="en"):
    return f"{version.policy.slug}/{version.number}/{company}/{language}/{version.sha256}"


NEW = {"name": "Gina Côté", "password": PASSWORD}


def test_a_policy_is_accepted_with_the_invitation_L7(in_force, announced, offer, as_):
    version, client = in_force(), as_(None)
    notice = in_force(slug="privacy", kind="notice")
    announced(slug="cookies")  # not in force yet, so nobody has to answer it here
    html = client.get(page_of_offer(offer), headers={"Accept-Language": "fr"}).content.decode()
    tokens = [token_of(each, language="fr") for each in (notice, version)]
    assert all(token in html for token in tokens)
    assert "Nous gardons les journaux neuf jours." in html and "cookies/" not in html
    assert " checked" not in html, "nothing is ticked beforehand"

    client.post(
        page_of_offer(offer),
        {**NEW, "policies": tokens},
        headers={"User-Agent": "Browser/1", "Accept-Language": "fr"},
        REMOTE_ADDR="192.0.2.7",
    )
    gina = User.objects.get(email=offer.address)
    rows = {row.version: row for row in Acceptance.objects.all()}
    assert (rows[version].verb, rows[notice].verb) == ("accepted", "acknowledged")
    for row in rows.values():
        assert (row.person, row.way, row.invitation) == (gina, "invitation", offer)
        assert (row.language, row.network_address) == ("fr", "192.0.2.7")
        assert (row.browser, row.recorded_by) == ("Browser/1", None)
    assert not [item for item in policies_to_answer(gina) if item.binds]
    assert client.get("/").status_code == 200, "no page waits"
    assert not ConsentRecord.objects.filter(recipient__user=gina, actor=gina).exists()


def test_an_unticked_policy_is_asked_after_joining_L7_L13(in_force, offer, as_):
    version, client = in_force(), as_(None)
    client.post(page_of_offer(offer), NEW)
    gina = User.objects.get(email=offer.address)
    assert [item.version for item in policies_to_answer(gina)] == [version]
    assert not Acceptance.objects.exists()
    assert "/agree/" in client.get("/").headers["Location"]


def test_a_text_that_changed_meanwhile_joins_nobody_L7_L8(in_force, announced, offer, as_):
    old, newer = in_force(), announced(body_en="We keep logs for ninety days.")
    Invitation.objects.update(expires_at=newer.effective_at + timedelta(days=3))
    with time_machine.travel(newer.effective_at + timedelta(minutes=1)):
        response = as_(None).post(page_of_offer(offer), {**NEW, "policies": [token_of(old)]})
        html = response.content.decode()
    assert "The text changed after you opened the page" in html
    assert "We keep logs for ninety days." in html and " checked" not in html
    assert not Acceptance.objects.exists()
    assert not User.objects.filter(email=offer.address).exists()


def test_a_refused_answer_undoes_the_acceptance_too_L7(in_force, offer, as_, monkeypatch):
    version = in_force()
    monkeypatch.setattr("compliance.services.answers.policies_to_answer", lambda person: [])
    as_(None).post(page_of_offer(offer), {**NEW, "policies": [token_of(version)]})
    assert not Acceptance.objects.exists()
    assert not User.objects.filter(email=offer.address).exists()
    assert Invitation.objects.open().filter(pk=offer.pk).exists()


def test_a_person_with_an_account_answers_what_they_have_not_L7(
    in_force, charlie, alice, alder, as_, answer
):
    terms, cookies = in_force(), in_force(slug="cookies")
    answer(charlie, cookies)
    offer = invite_person(actor=alice, customer=alder, address=charlie.email)
    client = as_(charlie)
    html = client.get(page_of_offer(offer)).content.decode()
    assert token_of(terms) in html and token_of(cookies) not in html
    client.post(page_of_offer(offer), {"policies": [token_of(terms)]})
    assert Acceptance.objects.get(version=terms).invitation == offer


def test_the_first_main_super_user_answers_for_the_company_L7_L14(in_force, olive, as_):
    agreement = in_force(slug="hosting", asked_of="company")
    elm = create_customer(actor=olive, slug="elm", name="Elm Garden")
    offer = invite_main_super_user(
        actor=olive, customer=elm, address="ella@elm.example", name="Ella Elm"
    )
    client = as_(None)
    html = client.get(page_of_offer(offer)).content.decode()
    assert "for Elm Garden" in html
    token = token_of(agreement, company="elm")
    client.post(page_of_offer(offer), {"name": "Ella", "password": PASSWORD, "policies": [token]})
    row = Acceptance.objects.get()
    assert (row.customer, row.person.email, row.way) == (elm, "ella@elm.example", "invitation")
    assert Customer.objects.get(pk=elm.pk).status == "active"


def test_nobody_else_answers_for_the_company_with_an_invitation_L14(in_force, offer, as_):
    agreement = in_force(slug="hosting", asked_of="company")
    html = as_(None).get(page_of_offer(offer)).content.decode()
    assert token_of(agreement, company="alder") not in html
    sent = {**NEW, "policies": [token_of(agreement, company="alder")]}
    as_(None).post(page_of_offer(offer), sent)
    assert not Acceptance.objects.exists()


def test_sql_binds_an_answer_to_the_invitation_of_its_person_L7(in_force, offer, alice, bob, as_):
    version = in_force()
    as_(None).post(page_of_offer(offer), NEW)
    facts = {
        "version": version, "verb": "accepted", "language": "en", "sha256": version.sha256,
        "way": "invitation", "invitation": offer,
    }  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Acceptance.objects.create(person=bob, **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        Acceptance.objects.create(person=bob, **{**facts, "invitation": None})
    assert Acceptance.objects.create(person=User.objects.get(email=offer.address), **facts)
