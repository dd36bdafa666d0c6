"""Log requests, their money, referrals, resellers and deadlines under attack."""
# ruff: noqa: F811 -- fixtures of another folder

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership
from accounts.signals import periodic_tick
from compliance.models import LogRequest, Policy
from compliance.selectors import due
from compliance.selectors.due import DueSource, due_list
from compliance.selectors.log_requests import MOST_RESOURCES, kept_logs
from compliance.selectors.programmes import programme_of
from compliance.services.due import alarm_of_overdue
from compliance.services.external_payments import record_external_payment
from compliance.services.payments import reverse_payment
from compliance.services.referrals import MOST, ReferralRefused, answer_referral, refer_contact
from compliance.services.representatives import end_representative
from hub.example import acts
from portals.choices import PortalKind, Scope
from portals.models import Portal
from portals.services.credentials import issue_credentials, issue_portal_token
from preferences.models import Choice, Reseller, Topic
from preferences.services.choices import choose_topic
from preferences.services.resellers import unmark_reseller
from tests import log_scene
from tests.compliance.conftest import (  # noqa: F401 -- fixtures
    announced,
    draft,
    in_force,
    officer,
    pascal,
    petra,
    published,
)
from tests.test_wrong_actors import signed_in

DAY = timedelta(days=1)
SAM = "sam@shop.example"
LINK = re.compile(r"/referral/([^/\s]+)/")


@pytest.fixture
def report(db):
    """A usage report of Alder, and the price of its logs."""
    log_scene.price()
    return log_scene.report()


@pytest.fixture
def keyed(report, bob, membership):
    """Bob with both keys to the report."""
    representative = log_scene.representative(membership(bob))
    log_scene.give_key(membership(bob), report)
    return representative


# --- Representatives who lose a key ----------------------------------------------------------


@pytest.mark.parametrize("renewed", [True, False])
def test_a_release_to_a_former_representative_says_why_L34(
    keyed, bob, alice, olive, report, membership, renewed
):
    request = log_scene.ready(bob, report)
    end_representative(actor=alice, representative=keyed)
    if renewed:
        log_scene.representative(membership(bob))

    page = reverse("compliance:provider-log-request", args=[request.uuid])
    answer = signed_in(olive).post(page, {"is_checked": "on"})

    assert answer.status_code == 200
    assert "no longer a representative" in answer.content.decode()
    assert LogRequest.objects.get(pk=request.pk).state == "ready"


def test_nobody_pays_for_logs_that_nobody_can_download_L34(keyed, bob, alice, report):
    log_scene.ask(bob, report)
    charge = log_scene.approve(log_scene.ask(bob, report))
    part_paid = log_scene.approve(log_scene.ask(bob, report), "INV-2")
    payment = log_scene.pay(part_paid, 100)
    end_representative(actor=alice, representative=keyed)
    periodic_tick.send(sender=None)

    states = LogRequest.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["withdrawn", "withdrawn", "approved"]
    late = record_external_payment(
        actor=log_scene.BOOKS, charge=charge, external_id="p-1", cents=charge.total_cents,
        currency="CAD", method="billing",
    )  # fmt: skip
    assert late.payment is None
    reverse_payment(actor=log_scene.staff(), payment=payment, reason="It went back.")
    periodic_tick.send(sender=None)
    assert set(states.all()) == {"withdrawn"}
    assert not kept_logs(log_scene.statistics()).exists()


@pytest.mark.parametrize("key", ["9" * 50, "-1", "x", "\x00", "\ud800"])
def test_a_resource_that_cannot_be_is_a_wrong_choice(keyed, bob, key):
    form = {"purpose": "audit", "first_day": "2026-11-01", "last_day": "2026-11-02", "rate": "1"}
    key = key.encode(errors="surrogatepass")
    answer = signed_in(bob).post(
        reverse("compliance:log-request-new", args=["alder"]), {**form, "resources": key}
    )
    assert answer.status_code == 200
    assert not LogRequest.objects.exists()


def test_logs_can_be_asked_of_each_resource_of_a_large_company(report, bob, membership):
    for number in range(MOST_RESOURCES):
        log_scene.give_key(membership(bob), log_scene.report(f"a-{number:02}"))
    log_scene.representative(membership(bob))
    log_scene.give_key(membership(bob), report)

    page = signed_in(bob).get(reverse("compliance:log-request-new", args=["alder"]))
    assert f'value="{report.pk}"' in page.text, "the last one by name"


# --- The API of billing systems --------------------------------------------------------------


def test_half_a_character_in_a_choice_is_a_wrong_value_not_a_server_error(keyed, bob, report):
    charge = log_scene.approve(log_scene.ask(bob, report))
    books = Portal.objects.create(
        slug="books", kind=PortalKind.BILLING, label_en="Books", label_fr="Livres",
        home_url="https://books.harbour.example/",
    )  # fmt: skip
    issue_credentials(actor=None, portal=books)
    books.refresh_from_db()
    token = issue_portal_token(client=books.client, scopes=[Scope.BILLING_WRITE], resources=[])

    answer = Client().post(
        reverse("compliance-api:charge-payments", args=[charge.uuid]),
        r'{"external_id": "p-1", "cents": 1, "currency": "\ud800"}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 400
    assert "currency" in answer.json()["error"]["fields"]


# --- Deadlines -------------------------------------------------------------------------------


def test_a_representative_who_ends_on_their_day_is_no_missed_deadline(keyed, deliver):
    with time_machine.travel(timezone.now() + 201 * DAY, tick=False):
        periodic_tick.send(sender=None)
        assert not [mail for mail in deliver() if "representative ends" in mail.body]


def test_old_missed_deadlines_do_not_hide_new_ones(db, officer, monkeypatch, deliver):
    long_ago = timezone.now() - DAY
    Policy.objects.bulk_create(
        Policy(slug=f"old-{number}", kind="agreement", asked_of="nobody", created_at=long_ago)
        for number in range(due.MOST_COUNTED)
    )
    monkeypatch.setattr(due, "_SOURCES", {})
    due.register_due_source(
        DueSource(
            code="test", label="Test", permission="compliance.view_privacyrequest",
            rows=lambda now: Policy.objects.filter(kind="agreement", asked_of="nobody"),
            due_at="created_at", facts={"key": "slug"},
            text=lambda facts: facts["key"], url=lambda facts: "/", key=lambda facts: facts["key"],
        )
    )  # fmt: skip
    missed = Policy.objects.filter(asked_of="nobody").count()
    assert alarm_of_overdue() == missed >= due.MOST_COUNTED
    Policy.objects.create(
        slug="new", kind="agreement", asked_of="nobody", created_at=timezone.now()
    )
    with time_machine.travel(timezone.now() + DAY, tick=False):
        assert alarm_of_overdue() == 1


def test_an_authorisation_is_due_when_it_ends_with_its_giver_L47(keyed, bob, alice, olive):
    log_scene.give(bob, log_scene.authorisation())
    end_representative(actor=alice, representative=keyed)
    keyed.refresh_from_db()

    [row] = [row for row in due_list(olive).rows if row.source.code == "authorisation"]
    assert abs(row.clock.due_at - (keyed.ended_at + 30 * DAY)) < timedelta(seconds=1)


# --- Referrals -------------------------------------------------------------------------------


@pytest.fixture
def told(in_force):
    """Everybody was told about the programmes."""
    return in_force(slug="privacy", kind="notice", asked_of="nobody")


def refer(person, customer, address=SAM):
    refer_contact(
        actor=person, customer=customer, name="Sam Poirier", address=address, language="en",
        relation="business", confirmed=True,
    )  # fmt: skip


def test_the_number_of_contacts_does_not_tell_who_was_referred_before_L62(
    told, alice, alder, charlie, birch
):
    refer(alice, alder)
    refer(charlie, birch)
    assert programme_of(birch, charlie).referred == 1


def test_the_limit_counts_what_a_company_asks_not_what_was_new_L62(
    told, alice, alder, charlie, birch
):
    refer(alice, alder)
    for _number in range(MOST):
        refer(charlie, birch)
    with pytest.raises(ReferralRefused, match="Wait some days"):
        refer(charlie, birch)


def test_a_contact_with_an_account_meanwhile_can_still_say_no_L62(told, alice, alder, deliver):
    refer(alice, alder)
    [mail] = [mail for mail in deliver() if mail.to == [SAM]]
    token = LINK.search(mail.body)[1]
    acts.hire("sam", "Sam Poirier", "Privacy")
    person = acts.person("sam@harbour.example")
    person.email = SAM
    person.save()

    assert answer_referral(actor=None, token=token, interested=False).state == "declined"


# --- Resellers -------------------------------------------------------------------------------


@pytest.fixture
def alerts(olive):
    """A topic for resellers alone."""
    return Topic.objects.create(
        slug="alerts", name_en="Alerts", name_fr="Alertes", purpose_en="Prices",
        purpose_fr="Prix", cadence_en="Monthly", cadence_fr="Mensuel", resellers_only=True,
    )  # fmt: skip


def test_the_yes_of_a_former_member_ends_with_the_programme_too_L63(
    told, alerts, alder, emma, olive
):
    Reseller.objects.create(customer=alder)
    choose_topic(actor=emma, topic=alerts, wants=True)
    Membership.objects.filter(user=emma).update(ended_at=timezone.now())
    unmark_reseller(actor=olive, customer=alder)
    assert not Choice.objects.get(recipient__user=emma, topic=alerts).wants


def test_the_preferences_page_is_no_way_around_the_email_of_a_new_use_L18(frank):
    """Frank's company resells in the example, and no notice states the programmes."""
    topic = Topic.objects.get(slug="reseller-alerts")
    answer = signed_in(frank).post(
        reverse("preferences:choose"), {"topic": topic.slug, "wants": "yes"}, follow=True
    )
    assert "first we have to tell you by email" in answer.text
    assert not Choice.objects.filter(recipient__user=frank, topic=topic, wants=True).exists()
