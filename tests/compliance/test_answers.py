"""Answers: what they hold; only the right text is answered, by the right person (L7, L8)."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.services.memberships import change_role
from compliance.models import Acceptance, PolicyVersion
from compliance.selectors import people_to_answer, policies_to_answer, unanswered_of
from compliance.services.announcements import withdraw_version
from compliance.services.answers import OutdatedText
from preferences.models import Choice, ConsentRecord

AGREE, ANSWER = "/agree/", "/agree/answer/"


def sent(version, verb="accepted", **more):
    return {
        "policy": version.policy.slug,
        "number": version.number,
        "sha256": version.sha256,
        "language": "en",
        "verb": verb,
        **more,
    }


def test_an_acceptance_holds_what_was_shown_L7(in_force, bob, as_):
    version, client = in_force(), as_(bob)
    page = client.get(AGREE, headers={"Accept-Language": "fr"}).content.decode()
    assert version.sha256 in page

    client.post(
        ANSWER,
        sent(version, language="fr"),
        headers={"User-Agent": "Browser/1"},
        REMOTE_ADDR="192.0.2.7",
    )

    row = Acceptance.objects.get()
    assert (row.version, row.person, row.customer) == (version, bob, None)
    assert (row.sha256, row.language, row.verb) == (version.sha256, "fr", "accepted")
    assert (row.network_address, row.browser) == ("192.0.2.7", "Browser/1")
    assert timezone.now() - row.at < timedelta(minutes=1)


def test_an_acceptance_is_append_only_L7(in_force, bob, answer):
    row = answer(bob, in_force())
    for act in (
        lambda: Acceptance.objects.filter(pk=row.pk).update(verb="declined"),
        lambda: Acceptance.objects.filter(pk=row.pk).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


def test_raw_sql_answers_only_the_text_of_a_published_version_L7(in_force, draft, bob):
    version = in_force()
    unpublished = draft(effective_at=timezone.now() + timedelta(days=80))
    for key, sha256 in ((version.pk, "0" * 64), (unpublished.pk, version.sha256)):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO compliance_acceptance"
                " (version_id, person_id, verb, language, sha256, at, browser, way, reference)"
                " VALUES (%s, %s, 'accepted', 'en', %s, CURRENT_TIMESTAMP, '', 'page', '')",
                [key, bob.pk, sha256],
            )


def test_the_receipt_is_downloadable_by_its_person_alone_L7(in_force, bob, alice, as_, answer):
    version = in_force()
    row = answer(bob, version, network_address="192.0.2.7")
    address = reverse("compliance:agreement-receipt", args=[row.pk])

    file = json.loads(as_(bob).get(address).content)["receipt"]
    assert (file["sha256"], file["answer"], file["version"]) == (version.sha256, "accepted", 1)
    assert (file["language"], file["network_address"]) == ("en", "192.0.2.7")
    assert as_(alice).get(address).status_code == 404
    assert as_(None).get(address).status_code == 302
    assert b"Download receipt" in as_(bob).get("/profile/agreements/").content


def test_a_form_from_before_a_newer_version_is_refused_L8(in_force, announced, bob, as_):
    old, client = in_force(), as_(bob)
    form = sent(old)
    newer = announced(body_en="We keep logs for ninety days.")
    with time_machine.travel(newer.effective_at + timedelta(minutes=1)):
        client = as_(bob)
        answer = client.post(ANSWER, form, follow=True)

        page = answer.content.decode()
        assert "The text changed after you opened the page" in page
        assert "We keep logs for ninety days." in page and newer.sha256 in page
    assert not Acceptance.objects.exists()


def test_a_hash_of_another_text_is_refused_L8(in_force, bob, answer):
    version = in_force()
    with pytest.raises(OutdatedText):
        answer(bob, version, sha256="0" * 64)
    assert not Acceptance.objects.exists()


def test_sending_twice_makes_one_answer_L8(in_force, bob, as_):
    version, client = in_force(), as_(bob)
    for _time in range(2):
        assert client.post(ANSWER, sent(version)).status_code == 302
    assert Acceptance.objects.count() == 1
    assert AuditEvent.objects.filter(kind="policy.accepted").count() == 1


def test_declining_can_be_followed_by_accepting_but_not_the_other_way(in_force, bob, answer):
    version = in_force()
    answer(bob, version, "declined")
    answer(bob, version, "accepted")
    answer(bob, version, "declined")  # a repeated one changes nothing
    assert [row.verb for row in Acceptance.objects.order_by("pk")] == ["declined", "accepted"]


def test_who_accepted_does_not_decline_afterwards(in_force, bob, answer):
    version = in_force()
    answer(bob, version)
    with pytest.raises(ValidationError, match="already accepted"):
        answer(bob, version, "declined")


def test_what_is_announced_can_be_answered_ahead(announced, bob, answer, as_):
    version = announced()
    answer(bob, version)
    with time_machine.travel(version.effective_at + timedelta(minutes=1)):
        assert as_(bob).get("/").status_code == 200


@pytest.mark.parametrize("verb", ["acknowledged", "read"])
def test_an_agreement_takes_no_other_verb(verb, in_force, bob, answer):
    with pytest.raises(ValidationError):
        answer(bob, in_force(), verb)


def test_a_notice_is_acknowledged_and_gives_no_consent_L15(in_force, bob, answer, as_):
    version = in_force(slug="privacy", kind="notice")
    records, choices = ConsentRecord.objects.count(), Choice.objects.count()
    page = as_(bob).get(AGREE).content
    assert b"I have read it" in page and b"Decline" not in page
    with pytest.raises(ValidationError):
        answer(bob, version, "accepted")

    answer(bob, version, "acknowledged")

    assert as_(bob).get("/").status_code == 200
    assert (ConsentRecord.objects.count(), Choice.objects.count()) == (records, choices)


def test_declining_never_signs_out_and_offers_what_to_do_L13(in_force, bob, as_, deliver):
    version, client = in_force(), as_(bob)

    answer = client.post(ANSWER, sent(version, "declined"), follow=True)

    page = answer.content.decode()
    assert answer.status_code == 200 and answer.wsgi_request.user == bob
    assert "You declined. Your choices" in page
    for text in ("See your data", "Leave Alder Dental", "Accept policy"):
        assert text in page, text
    assert client.get("/profile/history/").status_code == 200
    assert client.get("/profile/data/").status_code == 200
    assert client.get("/c/alder/requests/new/?kind=leave").status_code == 200


def test_a_declined_policy_is_told_to_the_privacy_staff(in_force, bob, petra, answer, deliver):
    version = in_force()
    deliver().clear()
    answer(bob, version, "declined")
    assert "Bob Tremblay declined Terms of service" in [
        m.subject for m in deliver() if m.to == [petra.email]
    ]


def test_staff_and_strangers_do_not_answer(in_force, dana, bob, as_, answer):
    version = in_force()
    with pytest.raises(PermissionDenied):
        answer(dana, version)
    assert as_(None).post(ANSWER, sent(version)).status_code == 302
    bob.is_active = False
    with pytest.raises(PermissionDenied):
        answer(bob, version)
    assert not Acceptance.objects.exists()


def test_a_company_agreement_is_answered_by_a_live_super_user_L14(
    in_force, alice, bob, charlie, alder, as_, answer
):
    version = in_force(slug="hosting", asked_of="company")
    for person in (bob, charlie):
        with pytest.raises(PermissionDenied):
            answer(person, version, customer=alder)
    with pytest.raises(PermissionDenied):
        answer(alice, version)  # for herself

    client = as_(alice)
    assert b"Accept for Alder Dental" in client.get(AGREE).content
    client.post(ANSWER, sent(version, customer="alder"))

    row = Acceptance.objects.get()
    assert (row.person, row.customer) == (alice, alder)
    event = AuditEvent.objects.get(kind="policy.accepted")
    assert event.customer == alder


def test_raw_sql_answers_for_a_company_only_as_its_super_user_L14(in_force, bob, alder):
    version = in_force(slug="hosting", asked_of="company")
    with pytest.raises(IntegrityError), transaction.atomic():
        Acceptance.objects.create(
            version=version, person=bob, customer=alder, verb="accepted", language="en",
            sha256=version.sha256,
        )  # fmt: skip


def test_each_colleague_sees_who_answered_for_the_company_L14(
    in_force, alice, bob, charlie, alder, as_, answer
):
    row = answer(alice, in_force(slug="hosting", asked_of="company"), customer=alder)
    User.objects.filter(pk=alice.pk).update(name="Alice at home")  # her name at work stays

    page = as_(bob).get("/profile/agreements/").content.decode()
    assert "Alice Martin for Alder Dental" in " ".join(page.split())
    receipt = as_(bob).get(reverse("compliance:agreement-receipt", args=[row.pk]))
    facts = json.loads(receipt.content)["receipt"]
    assert "network_address" not in facts
    assert facts["person"] == {"name": "Alice Martin"}
    assert b"Alice Martin" not in as_(charlie).get("/profile/agreements/").content


def test_two_super_users_answer_for_the_company_once_L14(
    in_force, alice, bob, alder, membership, answer
):
    change_role(actor=alice, membership=membership(bob), role="super_user")
    version = in_force(slug="hosting", asked_of="company")
    first = answer(alice, version, customer=alder)
    assert answer(bob, version, customer=alder) == first


def test_whether_a_company_exists_is_not_told(in_force, bob, as_):
    version = in_force(slug="hosting", asked_of="company")
    for slug in ("birch", "nobody"):
        assert as_(bob).post(ANSWER, sent(version, customer=slug)).status_code == 404


@pytest.mark.parametrize("wanted", ["foo", "home", "//evil.example/", "https://evil.example/"])
def test_a_page_that_is_no_path_of_this_host_is_not_gone_back_to(wanted, in_force, bob, as_):
    answered = as_(bob).post(ANSWER, sent(in_force(), next=wanted))

    assert (answered.status_code, answered.url) == (302, "/profile/agreements/")


def test_an_answer_to_a_withdrawn_version_counts_for_no_other_L5(
    in_force, announced, bob, answer, pascal
):
    in_force()
    second = announced()
    answer(bob, second)
    assert not policies_to_answer(bob)
    withdraw_version(actor=pascal, version=second, reason_en="A mistake.", reason_fr="Une erreur.")

    assert [(item.version.number, item.binds) for item in policies_to_answer(bob)] == [(1, True)]
    assert [(row.number, row.binds) for row in unanswered_of(bob)] == [(1, True)]
    assert bob in people_to_answer(PolicyVersion.objects.get(policy=second.policy, number=1))


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "x"}, {"number": "99"}, {"policy": "nothing"}, {"customer": "nobody"},
        {"number": "1" * 30},
    ],
)  # fmt: skip
def test_a_form_about_nothing_is_not_found(changed, in_force, bob, as_):
    assert as_(bob).post(ANSWER, sent(in_force()) | changed).status_code == 404


@pytest.mark.parametrize(
    "changed", [{"sha256": "x"}, {"language": "xx"}, {"verb": "maybe"}, {"extra": "1"}]
)
def test_a_bad_form_is_refused_and_changes_nothing(changed, in_force, bob, as_):
    answer = as_(bob).post(ANSWER, sent(in_force()) | changed)
    assert answer.status_code == 302 and answer.url == AGREE
    assert not Acceptance.objects.exists()


def test_a_foreign_page_is_not_gone_back_to(in_force, bob, as_):
    version, client = in_force(), as_(bob)
    answer = client.post(ANSWER, sent(version, next="https://evil.example/"))
    assert answer.url == "/profile/agreements/"
    page = client.get(f"{AGREE}?next=https://evil.example/").content
    assert b'href="https://evil.example' not in page and b'value="https://evil' not in page
