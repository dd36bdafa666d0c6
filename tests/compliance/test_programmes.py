"""The referral and reseller programmes (L62, L63)."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from compliance import registry
from compliance.choices.programmes import ReferralState, ResellerRequestState
from compliance.models import Referral, ResellerRequest
from compliance.permissions import UseNotBegun
from compliance.selectors.programmes import programme_of
from compliance.services.erasures import go_on_with_erasures
from compliance.services.referrals import (
    KEPT_FOR,
    MOST,
    ReferralRefused,
    answer_referral,
    blank_old_referrals,
    mark_referral_joined,
    refer_contact,
)
from compliance.services.reseller_requests import (
    ProgrammeRefused,
    ask_to_resell,
    choose_reseller_alerts,
    decide_reseller_request,
    leave_reseller_programme,
)
from compliance.tokens import BadToken, read_referral_token
from preferences.audience import audience_counts
from preferences.choices import Reason
from preferences.models import Choice, ConsentRecord, Message, Recipient, Reseller, Topic
from preferences.models.consent import address_hashes
from preferences.selectors import may_send, send_decision_for
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.choices import choose_topic
from preferences.services.resellers import ResellerRefused, unmark_reseller
from tests.compliance.whole_person import found_in_database

LINK = re.compile(r"/referral/([^/\s]+)/")
SAM = "sam@shop.example"


@pytest.fixture
def told(in_force):
    """Everybody was told about the programmes, and the notice is in force."""
    return in_force(slug="privacy", kind="notice", asked_of="nobody")


@pytest.fixture
def refer(alice, alder):
    """Return a function that refers a contact of Alice's."""

    def do(address=SAM, actor=alice, customer=alder, **values):
        values = {
            "name": "Sam Poirier", "language": "en", "relation": "business", "confirmed": True,
            **values,
        }  # fmt: skip
        refer_contact(actor=actor, customer=customer, address=address, **values)

    return do


@pytest.fixture
def referred(told, refer, deliver):
    """A contact who got the email; the value is its token."""
    deliver()
    refer()
    [mail] = [mail for mail in deliver() if mail.to == [SAM]]
    return LINK.search(mail.body)[1]


def mails_to(mails, address):
    return [mail for mail in mails if mail.to == [address]]


# --- Referrals ---------------------------------------------------------------------------------


def test_the_one_email_names_the_referrer_and_offers_to_stop_L62(told, refer, deliver, alice):
    refer(language="fr")
    [mail] = mails_to(deliver(), SAM)

    assert alice.name in mail.subject
    assert f"{alice.name} of Alder Dental" in mail.subject or "Alder Dental" in mail.subject
    assert "1 Harbour Street" in mail.body  # who sends it, and where they are
    assert mail.extra_headers["List-Unsubscribe"]
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    record = ConsentRecord.objects.get(recipient__address=SAM)
    assert (record.basis, record.source, record.actor) == ("referral", "referral", alice)


def test_an_address_gets_no_second_email_ever_L62(told, refer, deliver, charlie, birch):
    refer()
    refer()
    refer(actor=charlie, customer=birch)
    assert len(mails_to(deliver(), SAM)) == 1
    with time_machine.travel(timezone.now() + KEPT_FOR + timedelta(days=1)):
        blank_old_referrals()
        refer(actor=charlie, customer=birch)
        assert len(mails_to(deliver(), SAM)) == 1
    assert Referral.objects.count() == 1


@pytest.mark.parametrize("refused", ["topic", "all", "taken back"])
def test_no_email_where_the_address_ever_refused_L62(
    told, refer, deliver, subscriber_of, consent_of, refused
):
    recipient = subscriber_of(SAM)
    consent_of(recipient, None if refused == "all" else Topic.objects.get(slug="newsletter"), False)
    if refused == "taken back":
        consent_of(recipient, Topic.objects.get(slug="newsletter"), True)
    refer()

    assert mails_to(deliver(), SAM) == []
    assert Referral.objects.get().state == ReferralState.LAPSED


def test_nobody_learns_whether_an_address_has_an_account_L62(told, as_, alice, bob, deliver):
    client, answers = as_(alice), []
    for address in (bob.email, SAM, SAM):
        answer = client.post(
            "/c/alder/programme/",
            {"name": "Sam", "address": address, "language": "en", "relation": "family",
             "confirmed": "on"},
            follow=True,
        )  # fmt: skip
        answers.append("Sam gets one email from us, if we may write" in answer.text)
    assert answers == [True] * 3
    assert not [mail for mail in mails_to(deliver(), bob.email) if "referred" in mail.subject]
    assert Referral.objects.get(address=bob.email).state == ReferralState.LAPSED


def test_a_referral_waits_until_the_referrer_was_told_of_this_use_L18(refer, alice, as_):
    with pytest.raises(UseNotBegun):
        refer()
    assert "You can’t refer anybody yet." in as_(alice).get("/c/alder/programme/").text
    assert not Referral.objects.exists()


def test_who_may_not_refer(told, refer, bob, charlie, dana):
    for person in (bob, charlie, dana):
        with pytest.raises(PermissionDenied):
            refer(actor=person)
    with pytest.raises(ReferralRefused):
        refer(confirmed=False)
    assert not Referral.objects.exists()


def test_a_company_refers_so_many_a_month(told, refer, monkeypatch):
    monkeypatch.setattr("compliance.services.referrals.MOST", 2)
    assert MOST > 2
    for number in range(2):
        refer(f"p{number}@shop.example")
    with pytest.raises(ReferralRefused, match="within a month"):
        refer("p9@shop.example")
    with time_machine.travel(timezone.now() + KEPT_FOR + timedelta(days=1)):
        refer("p9@shop.example")


def test_without_a_postal_address_nobody_is_referred(told, refer, settings):
    settings.HUB_BRAND_ADDRESS = ""
    with pytest.raises(ReferralRefused):
        refer()


def test_a_contact_answers_yes_and_staff_call_back_L62(
    referred, client, as_, olive, alice, deliver
):
    page = reverse("compliance:referral", args=[referred])
    assert "Alice Martin of Alder Dental gave us" in " ".join(client.get(page).text.split())
    assert Referral.objects.get().state == ReferralState.ASKED, "a look changes nothing"
    for _twice in range(2):
        assert "We contact you soon." in client.post(page, {"interested": "yes"}).text
    assert len([m for m in deliver() if "would like to hear from you" in m.subject]) >= 1

    shown = as_(olive).get("/provider/referrals/").text
    assert "Sam Poirier" in shown
    referral = Referral.objects.get()
    as_(olive).post(reverse("compliance:referral-joined", args=[referral.uuid]))
    referral.refresh_from_db()
    assert referral.joined_at
    programme = programme_of(referral.customer, alice)
    assert (programme.referred, programme.joined) == (1, 0), "not without the contact's yes"


def test_joined_counts_with_the_contacts_yes_alone_L62(referred, olive, alice, alder, as_):
    answer_referral(actor=None, token=referred, interested=True, may_tell=True)
    assert programme_of(alder, alice).joined == 0
    mark_referral_joined(actor=olive, referral=Referral.objects.get())

    assert programme_of(alder, alice).joined == 1
    assert SAM not in as_(alice).get("/c/alder/programme/").text
    with pytest.raises(ReferralRefused):
        mark_referral_joined(actor=olive, referral=Referral.objects.get())


def test_a_contact_who_says_no_is_unsubscribed_L62(referred, client):
    answer = client.post(reverse("compliance:referral", args=[referred]), {"interested": "no"})
    assert "We don’t write to you again." in answer.text
    assert Referral.objects.get().state == ReferralState.DECLINED
    assert not Choice.objects.get(recipient__address=SAM).wants
    with pytest.raises(ReferralRefused):
        answer_referral(actor=None, token=referred, interested=True)


def test_bad_input_of_a_contact(referred, client):
    page = reverse("compliance:referral", args=[referred])
    for data in ({}, {"interested": "perhaps"}, {"interested": "yes", "more": "x"}):
        assert client.post(page, data).status_code == 200
    assert Referral.objects.get().state == ReferralState.ASKED
    for token in ("forged", referred[:-4]):
        assert client.get(reverse("compliance:referral", args=[token])).status_code == 404


def test_a_contact_is_blanked_after_thirty_days_and_the_hash_stays_L62(referred, client):
    digest = Referral.objects.get().address_hash
    with time_machine.travel(timezone.now() + KEPT_FOR - timedelta(hours=1)):
        assert blank_old_referrals() == 0
    with time_machine.travel(timezone.now() + KEPT_FOR + timedelta(minutes=1)):
        assert blank_old_referrals() == 1
        assert blank_old_referrals() == 0
        assert client.get(reverse("compliance:referral", args=[referred])).status_code == 404
    referral = Referral.objects.get()
    assert (referral.contact_name, referral.address) == ("", "")
    assert (referral.address_hash, referral.state) == (digest, ReferralState.LAPSED)
    with pytest.raises(BadToken):
        read_referral_token(referred)


def test_the_address_of_a_contact_is_found_nowhere_after_thirty_days_L62(referred, deliver):
    assert found_in_database((SAM,))
    deliver()
    with time_machine.travel(timezone.now() + KEPT_FOR + timedelta(minutes=1)):
        blank_old_referrals()
        for _tick in range(3):
            go_on_with_erasures()
        assert not found_in_database((SAM,))
        assert Referral.objects.get().address_hash in address_hashes(SAM)


def test_a_contact_who_subscribed_keeps_the_subscription_L62(referred, deliver, consent_of):
    recipient = Recipient.objects.get(address=SAM)
    consent_of(recipient, Topic.objects.get(slug="newsletter"), True)
    deliver()
    with time_machine.travel(timezone.now() + KEPT_FOR + timedelta(minutes=1)):
        blank_old_referrals()
        for _tick in range(3):
            go_on_with_erasures()
    assert Recipient.objects.get(pk=recipient.pk).address == SAM


def test_no_campaign_reaches_people_who_were_referred_L62(referred, olive, as_):
    topic = Topic.objects.get(basis="referral")
    words = {f"{x}_{y}": "Words" for x in ("subject", "body") for y in ("en", "fr")}
    with pytest.raises((DatabaseError, ValidationError)), transaction.atomic():
        schedule_campaign(actor=olive, campaign=create_campaign(actor=olive, topic=topic, **words))
    assert topic not in Topic.objects.for_anyone()
    assert topic not in Topic.objects.visible_to(olive)


def test_the_rows_of_referrals_stay_by_sql_L62(referred):
    row = Referral.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Referral.objects.filter(pk=row.pk).delete()
    for values in ({"address_hash": "x"}, {"address": "other@shop.example"}, {"confirmed": False}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Referral.objects.filter(pk=row.pk).update(**values)
    assert connection.vendor in ("sqlite", "postgresql")


# --- The reseller programme --------------------------------------------------------------------


def test_a_company_asks_to_resell_and_staff_approve_L63(as_, alice, alder, olive, deliver):
    as_(alice).post("/c/alder/programme/join/")
    request = ResellerRequest.objects.get()
    assert [mail.to for mail in deliver()] and not Reseller.objects.filter(customer=alder).exists()
    with pytest.raises(ProgrammeRefused):
        ask_to_resell(actor=alice, customer=alder)
    page = reverse("compliance:reseller-request", args=[request.uuid])
    assert page in as_(olive).get("/provider/referrals/").text
    as_(olive).post(page, {"outcome": "approved", "reason": ""})

    assert Reseller.objects.filter(customer=alder).exists()
    assert mails_to(deliver(), alice.email)[-1].subject.startswith(
        "Alder Dental is in the reseller"
    )
    assert not Choice.objects.filter(topic__resellers_only=True).exists(), "joining is no consent"
    with pytest.raises(ProgrammeRefused):
        ask_to_resell(actor=alice, customer=alder)
    kinds = AuditEvent.objects.filter(customer=alder, kind__startswith="reseller.")
    assert [event.kind for event in kinds.order_by("pk")] == ["reseller.asked", "reseller.joined"]


def test_declining_needs_a_reason_that_the_company_reads_L63(alice, alder, olive, as_, deliver):
    request = ask_to_resell(actor=alice, customer=alder)
    with pytest.raises(ProgrammeRefused):
        decide_reseller_request(actor=olive, request=request, outcome="declined", reason=" ")
    decide_reseller_request(actor=olive, request=request, outcome="declined", reason="Too new.")

    assert "Too new." in mails_to(deliver(), alice.email)[-1].body
    assert "Too new." in as_(alice).get("/c/alder/programme/").text
    with pytest.raises(ProgrammeRefused):
        decide_reseller_request(actor=olive, request=request, outcome="approved")
    assert ResellerRequest.objects.get().state == ResellerRequestState.DECLINED
    ask_to_resell(actor=alice, customer=alder)


def test_who_may_not_act_on_the_programme_L63(alice, alder, bob, charlie, dana, petra, as_):
    request = ask_to_resell(actor=alice, customer=alder)
    for person in (bob, charlie, dana):
        for service in (ask_to_resell, leave_reseller_programme):
            with pytest.raises(PermissionDenied):
                service(actor=person, customer=alder)
        with pytest.raises(PermissionDenied):
            choose_reseller_alerts(actor=person, customer=alder, wants=True)
    for person in (alice, dana, petra):
        with pytest.raises(PermissionDenied):
            decide_reseller_request(actor=person, request=request, outcome="approved")
        assert as_(person).get("/provider/referrals/").status_code == 403


def test_alerts_reach_only_resellers_with_a_yes_L63(told, frank, cedar, alice, olive, deliver):
    """Frank's company resells in the example; nobody subscribed to the alerts yet."""
    topic = Topic.objects.get(slug="reseller-alerts")
    words = {f"{x}_{y}": "Prices" for x in ("subject", "body") for y in ("en", "fr")}

    def reached():
        deliver()
        campaign = create_campaign(actor=olive, topic=topic, **words)
        schedule_campaign(actor=olive, campaign=campaign)
        deliver()
        sent = Message.objects.filter(campaign=campaign, state="sent")
        return set(sent.values_list("address", flat=True))

    assert reached() == set()
    choose_reseller_alerts(actor=frank, customer=cedar, wants=True)
    assert reached() == {frank.email}
    with pytest.raises(ValidationError):
        choose_topic(actor=alice, topic=topic, wants=True)


def test_an_alert_asks_at_each_send_who_was_told_L18_L63(
    told, in_force, frank, cedar, olive, deliver, monkeypatch
):
    """A yes doesn't outlive the notice that stated the use."""
    topic = Topic.objects.get(slug="reseller-alerts")
    choose_reseller_alerts(actor=frank, customer=cedar, wants=True)
    assert may_send(frank, topic)
    with time_machine.travel(timezone.now() + timedelta(days=100)):
        with monkeypatch.context() as patch:
            kept = tuple(item for item in registry.ITEMS if item.code != "email_settings")
            patch.setattr(registry, "ITEMS", kept)
            in_force(slug="privacy", kind="notice", asked_of="nobody")

        decision = send_decision_for(frank.recipient, topic)
        assert (decision.send, decision.reason) == (False, Reason.NOT_TOLD)
        audience = audience_counts(category=topic, recipients=Recipient.objects.filter(user=frank))
        assert audience == {Reason.NOT_TOLD: 1}
        words = {f"{x}_{y}": "Prices" for x in ("subject", "body") for y in ("en", "fr")}
        campaign = create_campaign(actor=olive, topic=topic, **words)
        schedule_campaign(actor=olive, campaign=campaign)
        deliver()
        assert not Message.objects.filter(campaign=campaign, state="sent").exists()
    assert may_send(frank, topic), "the former notice holds until then"
    assert Choice.objects.filter(recipient__user=frank, topic=topic, wants=True).exists()


def test_a_topic_for_resellers_needs_their_yes_by_sql_L63(newsletter_topic):
    with pytest.raises(IntegrityError), transaction.atomic():
        Topic.objects.filter(pk=newsletter_topic.pk).update(resellers_only=True)


@pytest.mark.parametrize("by", ["company", "staff"])
def test_leaving_ends_the_alerts_too_L63(told, frank, cedar, olive, by):
    choose_reseller_alerts(actor=frank, customer=cedar, wants=True)
    if by == "company":
        leave_reseller_programme(actor=frank, customer=cedar)
        with pytest.raises(ResellerRefused):
            leave_reseller_programme(actor=frank, customer=cedar)
    else:
        unmark_reseller(actor=olive, customer=cedar)

    assert not Reseller.objects.filter(customer=cedar).exists()
    choice = Choice.objects.select_related("consent").get(topic__slug="reseller-alerts")
    assert (choice.wants, choice.consent.source) == (False, "programme")
    Reseller.objects.create(customer=cedar)
    assert not Choice.objects.get(topic__slug="reseller-alerts").wants, "joining again is no yes"


def test_the_box_for_alerts_is_separate_and_unticked_L63(told, frank, as_):
    client = as_(frank)
    html = client.get("/c/cedar/programme/").text
    box = re.search(r"<input[^>]*name=\"wants\"[^>]*>", html)[0]
    assert "checked" not in box
    client.post("/c/cedar/programme/alerts/", {"wants": "on"})
    assert (
        "checked"
        in re.search(r"<input[^>]*name=\"wants\"[^>]*>", client.get("/c/cedar/programme/").text)[0]
    )
    client.post("/c/cedar/programme/alerts/", {})
    assert not Choice.objects.get(topic__slug="reseller-alerts").wants


def test_alerts_wait_until_the_person_was_told_L18(frank, cedar, as_):
    with pytest.raises(UseNotBegun):
        choose_reseller_alerts(actor=frank, customer=cedar, wants=True)
    assert "You can’t subscribe yet." in as_(frank).get("/c/cedar/programme/").text


def test_pages_have_a_budget(told, as_, alice, olive, django_assert_max_num_queries):
    client, staff = as_(alice), as_(olive)
    with django_assert_max_num_queries(18):
        client.get("/c/alder/programme/")
    with django_assert_max_num_queries(10):
        staff.get("/provider/referrals/")


@pytest.fixture
def newsletter_topic(db):
    return Topic.objects.get(slug="newsletter")


@pytest.fixture
def subscriber_of(db):
    return lambda address: Recipient.objects.create(address=address, language="en")


@pytest.fixture
def consent_of(db):
    """Return a function that writes a yes or no of a recipient."""
    from preferences.models.consent import address_hash

    def write(recipient, topic, wants):
        return ConsentRecord.objects.create(
            recipient=recipient, address_hash=address_hash(recipient.email), topic=topic,
            wants=wants, wording="w", wording_hash="-", language="en", source="page",
        )  # fmt: skip

    return write
