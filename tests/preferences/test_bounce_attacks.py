"""Attacks on a company's email choices, on bounces and on what staff settle."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from accounts.models import AuditEvent
from accounts.services.customers import suspend_customer
from accounts.services.memberships import change_role, suspend_membership
from preferences.gate.bounce_parsing import record_reports
from preferences.gate.escalation_steps import run_escalations
from preferences.models import (
    ContactRole,
    CustomerRecipient,
    CustomerTopicDenial,
    Escalation,
    Message,
    Recipient,
    Topic,
)
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.customer_email import add_recipient, deny_topic, name_contact
from preferences.services.delivery_events import record_delivery_event
from tests.preferences.test_delivery_events import dsn

WORDS = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}
MAIL = "/c/alder/mail/"


def decided():
    """What companies have decided."""
    return (
        list(ContactRole.objects.values_list("pk", flat=True)),
        list(CustomerTopicDenial.objects.values_list("pk", flat=True)),
        list(CustomerRecipient.objects.values_list("pk", flat=True)),
        AuditEvent.objects.filter(kind__startswith="firm.").count(),
    )


@pytest.fixture
def scene(alice, alder, bob, membership, newsletter):
    """One of everything at Alder, and the posts that would change it."""
    contact = name_contact(actor=alice, membership=membership(bob), kind="legal")
    added = add_recipient(actor=alice, membership=membership(bob), category=newsletter)
    deny_topic(actor=alice, customer=alder, topic=newsletter)
    return {
        f"{MAIL}contacts/": {"contact-person": bob.email, "contact-kind": "billing"},
        f"{MAIL}contacts/{contact.pk}/remove/": {},
        f"{MAIL}recipients/": {"added-person": bob.email, "added-category": "security"},
        f"{MAIL}recipients/{added.pk}/remove/": {},
        f"{MAIL}topics/promotions/deny/": {},
        f"{MAIL}topics/newsletter/allow/": {},
    }


@pytest.fixture
def notice(bob, deliver, send_legal):
    send_legal(bob)
    deliver()
    return Message.objects.get(notice_class="legal")


# --- A company's mail ---


def test_other_companies_are_not_found(scene, as_, charlie, birch):
    """By Alder's own address, and by Birch's with Alder's rows in it."""
    before = decided()
    client = as_(charlie)
    for path, data in scene.items():
        assert client.post(path, data).status_code == 404
        if "topics/" not in path and path not in (f"{MAIL}contacts/", f"{MAIL}recipients/"):
            assert client.post(path.replace("alder", "birch"), data).status_code == 404
    assert client.get(MAIL).status_code == 404
    answer = client.post("/c/birch/mail/contacts/", scene[f"{MAIL}contacts/"])
    assert "Nobody in your company has this address." in answer.text  # as for any stranger
    assert decided() == before


def test_former_and_suspended_super_users_change_nothing(scene, as_, alice, emma, membership):
    change_role(actor=alice, membership=membership(emma), role="super_user")
    client = as_(emma)
    assert client.get(MAIL).status_code == 200
    before = decided()
    suspend_membership(actor=alice, membership=membership(emma))
    for path, data in scene.items():
        assert client.post(path, data).status_code in (302, 403, 404)
    assert decided() == before


def test_in_a_suspended_company_nothing_changes(scene, as_, alice, alder, olive):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    before, client = decided(), as_(alice)
    for path, data in scene.items():
        client.post(path, data)
    assert decided() == before
    assert client.get(MAIL).status_code == 200


def test_cross_site_posts_are_refused(scene, alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="accounts.backends.PersonBackend")
    before = decided()
    for path, data in scene.items():
        assert client.post(path, data).status_code == 403
    assert decided() == before


def test_topics_not_offered_to_a_company_are_not_found(as_, charlie, birch):
    """A topic for resellers alone, and a class of notices, are told from nothing by nobody."""
    Topic.objects.create(
        slug="secret-prices", name_en="S", name_fr="S", purpose_en="S", purpose_fr="S",
        cadence_en="S", cadence_fr="S", basis="express", resellers_only=True,
    )  # fmt: skip
    assert not hasattr(birch, "reseller")
    client, before = as_(charlie), decided()
    for act in ("deny", "allow"):
        for slug in ("secret-prices", "no-such", "legal"):
            assert client.post(f"/c/birch/mail/topics/{slug}/{act}/").status_code == 404
    assert decided() == before


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"added-person": "bob@alder.example"},
        {"added-person": "bob@alder.example", "added-category": "promotions"},
        {"added-person": "bob@alder.example", "added-category": "no-such"},
        {"added-person": "bob@alder.example\x00", "added-category": "security"},
        {"added-person": "x" * 5000, "added-category": "security"},
        {"added-person": "bob@alder.example", "added-category": "security", "added-by": "1"},
    ],
)
def test_bad_additions_change_nothing(as_, alice, data):
    before = decided()
    answer = as_(alice).post(f"{MAIL}recipients/", data)
    assert answer.status_code == 200
    assert decided() == before


@pytest.mark.parametrize("after", ["x", "-1", "%00", "9" * 400, "' OR 1=1"])
def test_invalid_page_cursors_are_refused(as_, alice, olive, after):
    assert as_(alice).get(f"{MAIL}?after={after}").status_code in (200, 400, 404)
    for name in ("after", "settled"):
        page = f"/provider/unreachable/?{name}={after}"
        assert as_(olive).get(page).status_code in (200, 400, 404)


# --- Mail that came back ---


def test_a_bounced_notice_is_shown_only_to_its_recipient(notice, as_, bob, alice, charlie, olive):
    record_reports(dsn(notice))
    for other in (alice, charlie, olive):
        client = as_(other)
        assert notice.subject not in client.get("/preferences/bounces/").text
        client.post("/preferences/bounces/", {"person": bob.pk, "escalation": notice.pk})
    assert Escalation.objects.get().state == "addresses"
    assert Recipient.objects.get(user=bob).unreachable_since


def test_opening_pages_changes_nothing(notice, as_, bob):
    record_reports(dsn(notice))
    client = as_(bob)
    before = AuditEvent.objects.count()
    for method in ("get", "head"):
        assert getattr(client, method)("/preferences/bounces/?confirm=1").status_code == 200
    assert Escalation.objects.get().state == "addresses"
    assert AuditEvent.objects.count() == before


def test_a_cross_site_post_confirms_no_address(notice, bob):
    record_reports(dsn(notice))
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob, backend="accounts.backends.PersonBackend")
    assert client.post("/preferences/bounces/").status_code == 403
    assert Escalation.objects.get().state == "addresses"


def test_staff_without_permission_see_and_settle_nothing(notice, as_, dana, alice, olive):
    record_reports(dsn(notice))
    found = Escalation.objects.get()
    page = f"/provider/unreachable/{found.pk}/"
    for who in (dana, alice):
        for path in ("/provider/unreachable/", page):
            assert as_(who).get(path).status_code == 403
        answer = as_(who).post(page, {"how": "phone", "reason": "x"})
        assert answer.status_code == 403
        assert notice.subject not in answer.text
    for how in ("read", "delivered", "", "proved"):
        as_(olive).post(page, {"how": how, "reason": "x"})
    as_(olive).post(page, {"how": "phone", "reason": "x", "by": alice.pk})
    found.refresh_from_db()
    assert found.state == "addresses"


# --- One mail says nothing of another ---


def test_message_ids_of_a_campaign_cannot_be_guessed(olive, newsletter, deliver):
    """Else who has one could have another's address marked, or their mail stopped."""
    made = create_campaign(actor=olive, topic=newsletter, **WORDS)
    schedule_campaign(actor=olive, campaign=made)
    deliver()
    names = list(Message.objects.filter(campaign=made).values_list("message_id", flat=True))
    secrets = {name.partition("@")[0].rpartition(".")[2] for name in names}
    assert len(names) == len(secrets) > 2
    assert all(len(secret) >= 32 for secret in secrets)


def test_a_bounce_is_never_attributed_to_a_colleague(notice, alice, bob, emma, deliver):
    """Reports that name one mail and another reader: whoever writes them, nothing follows."""
    for other in (alice, emma):
        assert record_reports(dsn(notice, to=other.email)) == 0
        assert record_reports(dsn(notice, to=f"{other.email}, {bob.email}")) == 0
    run_escalations()
    deliver()
    assert not Recipient.objects.exclude(unreachable_since=None).exists()


def test_no_service_accepts_a_non_member(alder, newsletter, alice, membership, bob):
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    alice.refresh_from_db()
    for act in (
        lambda: deny_topic(actor=alice, customer=alder, topic=newsletter),
        lambda: name_contact(actor=alice, membership=membership(bob), kind="legal"),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_reports_about_an_unknown_message_are_ignored(bob, send_legal):
    """Not one that waits to be sent, and not by the number in our database."""
    send_legal(bob)
    waiting = Message.objects.get()
    assert record_reports(dsn(waiting)) == 0
    assert record_reports(dsn(waiting, message_id=str(waiting.pk))) == 0
    assert record_delivery_event(
        message=waiting, kind="delayed", event="x:1"
    )  # ours to say, if we know
    assert Recipient.objects.get(user=bob).unreachable_since is None
