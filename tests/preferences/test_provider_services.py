"""The staff's services for topics and campaigns (R22, R23, R24, R31, R36, R41)."""

import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import AuditEvent, User
from accounts.selectors import history_of
from preferences.gate import campaign_sending
from preferences.gate.preview import previews_of
from preferences.models import Activation, NoticeClass, Reseller, Topic
from preferences.selectors.audiences import answers_by_month, audience_of
from preferences.selectors.campaigns import (
    estimate_audience,
    outcomes_of,
    progress_of,
    resolved_audience,
    warnings_of,
)
from preferences.selectors.evidence import evidence_of
from preferences.selectors.mandatory_mail_statistics import mandatory_sends
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.choices import choose_topic, stop_all_optional
from preferences.services.evidence import export_evidence
from preferences.services.notice_classes import ActivationRefused, activate_notice_class
from preferences.services.recipients import choose_digest
from preferences.services.resellers import ResellerRefused, mark_reseller, unmark_reseller
from preferences.services.test_sends import SendTestRefused, send_test
from preferences.services.topics import create_topic, update_topic
from preferences.tokens import BadToken, read_unsubscribe_token

OTHERS = ["alice", "bob", "dana"]
WORDS = {
    "subject_en": "What is new",
    "subject_fr": "Quoi de neuf",
    "body_en": "A calmer inbox.",
    "body_fr": "Une boîte plus calme.",
}
TOPIC = {
    "name_en": "Status",
    "name_fr": "État",
    "purpose_en": "How services do.",
    "purpose_fr": "Comment vont les services.",
    "cadence_en": "Weekly",
    "cadence_fr": "Chaque semaine",
}


@pytest.fixture
def legal(db):
    return NoticeClass.objects.get(code="legal")


@pytest.fixture
def draft(olive, newsletter):
    return lambda **values: create_campaign(actor=olive, **{"topic": newsletter, **WORDS, **values})


@pytest.fixture
def second_operator(dana):
    """Dana, with permission to approve classes."""
    from django.contrib.auth.models import Permission

    dana.user_permissions.add(Permission.objects.get(codename="add_activation"))
    return User.objects.get(pk=dana.pk)


@pytest.fixture
def legal_is_new(monkeypatch):
    """The class as if a change of the code had just added it; the founding ones shrink for now."""
    founding = ["transactional", "critical", "maintenance", "security"]
    for module in ("models.categories", "services.notice_classes", "views.topics"):
        monkeypatch.setattr(f"preferences.{module}.FOUNDING_CLASSES", founding)


# --- Topics ------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["legal", "security"])
def test_a_topic_is_never_mandatory_R41(olive, slug):
    with pytest.raises(ValidationError):
        create_topic(actor=olive, slug=slug, **TOPIC)
    assert not Topic.objects.filter(slug=slug).exists()


@pytest.mark.parametrize("slug", ["new", "import", "digest"])
def test_a_topic_with_a_reserved_slug_is_refused_by_its_field(olive, slug):
    with pytest.raises(ValidationError) as refusal:
        create_topic(actor=olive, slug=slug, **TOPIC)
    assert set(refusal.value.message_dict) == {"slug"}


def test_on_by_default_without_implied_consent_is_refused(olive, promotions):
    with pytest.raises(ValidationError) as refusal:
        update_topic(actor=olive, topic=promotions, default_on=True)
    assert "implied consent" in str(refusal.value)
    promotions.refresh_from_db()
    assert not promotions.default_on


# --- Notice classes ----------------------------------------------------------------------------


def test_a_new_class_needs_two_different_staff_R41(olive, second_operator, legal, legal_is_new):
    assert not legal.is_active
    activate_notice_class(actor=olive, notice_class=legal)
    assert not legal.is_active
    with pytest.raises(ActivationRefused) as refusal:
        activate_notice_class(actor=olive, notice_class=legal)  # replayed, or said twice
    assert refusal.value.code == "same_person"
    activate_notice_class(actor=second_operator, notice_class=legal)

    assert legal.is_active
    with pytest.raises(ActivationRefused):
        activate_notice_class(actor=second_operator, notice_class=legal)
    kinds = AuditEvent.objects.filter(kind__startswith="notice_class.").order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == [
        "notice_class.approved",
        "notice_class.activated",
    ]


def test_the_founding_classes_need_no_approval_R41(olive, legal):
    with pytest.raises(ActivationRefused):
        activate_notice_class(actor=olive, notice_class=legal)
    assert not Activation.objects.exists()


@pytest.mark.parametrize("who", OTHERS)
def test_only_permitted_staff_approve_a_class(who, request, legal, legal_is_new):
    with pytest.raises(PermissionDenied):
        activate_notice_class(actor=request.getfixturevalue(who), notice_class=legal)
    assert not Activation.objects.exists()


# --- Resellers ---------------------------------------------------------------------------------


def test_a_reseller_is_marked_and_unmarked_with_an_event(olive, alder, alice):
    alerts = Topic.objects.get(slug="reseller-alerts")
    assert alerts not in Topic.objects.visible_to(alice)
    mark_reseller(actor=olive, customer=alder)
    with pytest.raises(ResellerRefused):
        mark_reseller(actor=olive, customer=alder)
    assert alerts in Topic.objects.visible_to(alice)
    unmark_reseller(actor=olive, customer=alder)
    with pytest.raises(ResellerRefused):
        unmark_reseller(actor=olive, customer=alder)

    assert alerts not in Topic.objects.visible_to(alice)
    events = AuditEvent.objects.filter(kind__startswith="reseller.", customer=alder)
    assert events.count() == 2


@pytest.mark.parametrize("who", [*OTHERS, "charlie"])
def test_only_permitted_staff_mark_resellers(who, request, alder):
    for act in (mark_reseller, unmark_reseller):
        with pytest.raises(PermissionDenied):
            act(actor=request.getfixturevalue(who), customer=alder)
    assert not Reseller.objects.filter(customer=alder).exists()


# --- Tests -------------------------------------------------------------------------------------


def test_a_test_send_reaches_only_its_author_in_both_languages(olive, draft, deliver):
    choose_topic(actor=olive, topic=Topic.objects.get(slug="newsletter"), wants=True)
    assert send_test(actor=olive, campaign=draft()) == 2

    mails = deliver()
    assert {mail.to[0] for mail in mails} == {olive.email}
    assert sorted(mail.subject for mail in mails) == ["[Test] Quoi de neuf", "[Test] What is new"]
    assert AuditEvent.objects.filter(kind="campaign.test_sent").count() == 1


def test_a_test_send_of_a_notice_is_an_ordinary_notice(olive, draft, legal, deliver):
    send_test(actor=olive, campaign=draft(topic=None, notice_class=legal))
    mails = deliver()
    assert {mail.to[0] for mail in mails} == {olive.email}
    assert all("List-Unsubscribe" not in mail.extra_headers for mail in mails)


def test_a_test_send_bypasses_no_rule(olive, draft, legal, legal_is_new, newsletter, deliver):
    choose_topic(actor=olive, topic=newsletter, wants=False)
    notice = draft(topic=None, notice_class=legal)
    empty = dict.fromkeys(WORDS, "")
    for campaign, code in ((draft(), "unwanted"), (notice, "inactive")):
        with pytest.raises(SendTestRefused) as refusal:
            send_test(actor=olive, campaign=campaign)
        assert refusal.value.code == code
    choose_topic(actor=olive, topic=newsletter, wants=True)
    with pytest.raises(SendTestRefused):
        send_test(actor=olive, campaign=draft(**empty))
    assert deliver() == []


@pytest.mark.parametrize("who", OTHERS)
def test_only_permitted_staff_send_tests(who, request, draft):
    with pytest.raises(PermissionDenied):
        send_test(actor=request.getfixturevalue(who), campaign=draft())


# --- Before it leaves --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        {"body_en": "Save 20 now, a special discount."},
        {"subject_fr": "Un rabais pour vous"},
        {"subject_en": "50% off until Monday"},
    ],
)
def test_advertising_in_a_notice_is_pointed_out_R24(draft, legal, words):
    assert warnings_of(draft(topic=None, notice_class=legal, **words))
    assert not warnings_of(draft(**words))  # a topic may


def test_a_missing_language_and_a_long_subject_are_pointed_out_R31(draft):
    assert warnings_of(draft()) == []
    [missing] = warnings_of(draft(body_fr=" "))
    assert (missing.field, missing.stops) == ("body_fr", True)
    [long] = warnings_of(draft(subject_en="x" * 71))
    assert (long.field, long.stops) == ("subject_en", False)


def test_previews_are_the_real_email_with_inert_links(draft, legal):
    english, french, subscriber, digest = previews_of(draft())
    assert "A calmer inbox." in english.mail.body
    assert "1 Harbour Street" in english.mail.body  # its foot
    assert "Une boîte plus calme." in french.mail.body
    assert french.mail.subject == "Quoi de neuf"
    assert "digest" in digest.mail.subject
    for preview in (english, french, subscriber, digest):
        link = preview.mail.extra_headers["List-Unsubscribe"].strip("<>")
        with pytest.raises(BadToken):
            read_unsubscribe_token(link.rstrip("/").rpartition("/")[2])
    notices = previews_of(draft(topic=None, notice_class=legal))
    assert [notice.language for notice in notices] == ["en", "fr"]
    assert all("List-Unsubscribe" not in notice.mail.extra_headers for notice in notices)


def test_a_preview_writes_nothing(draft, django_assert_num_queries):
    campaign = draft()
    with django_assert_num_queries(0):
        previews_of(campaign)


def test_the_audience_is_estimated_with_reasons_in_one_statement(
    draft, bob, emma, newsletter, django_assert_num_queries
):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    stop_all_optional(actor=emma)
    campaign = draft()
    with django_assert_num_queries(1):
        counted = estimate_audience(campaign)

    assert dict(counted.kept_back) | {"chose_no": 1, "stopped_all": 1} == dict(counted.kept_back)
    assert counted.recipients + counted.others == User.objects.count()
    assert audience_of(newsletter) == counted


def test_a_notice_counts_everyone_it_concerns(draft, legal, bob, emma):
    before = estimate_audience(draft(topic=None, notice_class=legal))
    stop_all_optional(actor=emma)
    choose_digest(actor=bob, digest="weekly")
    assert estimate_audience(draft(topic=None, notice_class=legal)) == before
    assert before.kept_back == []


# --- While it is sent, and after ---------------------------------------------------------------


def test_progress_counts_queued_sent_and_digest_messages(draft, olive, bob, deliver):
    choose_digest(actor=bob, digest="weekly")
    campaign = schedule_campaign(actor=olive, campaign=draft())
    campaign_sending._resolve(campaign.pk)
    campaign.refresh_from_db()
    counted = resolved_audience(campaign).recipients
    begun = progress_of(campaign)
    assert (begun.total, begun.done, begun.in_digests) == (counted, 0, 1)
    deliver()
    campaign.resolved_at = None  # as another look, later: nothing kept
    now = progress_of(campaign)

    assert (now.sent, now.waiting, now.in_digests) == (counted - 1, 0, 1)
    assert 0 < now.percent < 100
    assert sum(count for _outcome, _why, count in outcomes_of(campaign)) == counted - 1


def test_progress_is_counted_once_for_all_viewers(draft, olive, django_assert_num_queries):
    campaign = schedule_campaign(actor=olive, campaign=draft())
    campaign_sending._resolve(campaign.pk)
    campaign.refresh_from_db()
    with django_assert_num_queries(1):
        assert progress_of(campaign) == progress_of(campaign)


def test_monthly_subscriptions_come_from_the_evidence(newsletter, bob, emma, alice):
    choose_topic(actor=bob, topic=newsletter, wants=True)
    choose_topic(actor=bob, topic=newsletter, wants=False)
    choose_topic(actor=emma, topic=newsletter, wants=False)
    months = answers_by_month(newsletter)

    assert len(months) == 12
    assert (months[-1].yes, months[-1].no) == (1, 2)
    assert not any(month.yes or month.no for month in months[:-1])


# --- Evidence ----------------------------------------------------------------------------------


def test_evidence_holds_consent_choices_decisions_and_messages_R22(
    olive, bob, newsletter, draft, deliver, send_legal
):
    choose_topic(actor=bob, topic=newsletter, wants=True)
    send_legal(bob)
    campaign = schedule_campaign(actor=olive, campaign=draft())
    deliver()
    found = export_evidence(actor=olive, recipient=bob.recipient)

    assert json.loads(json.dumps(found)) == found
    [record] = found["consent_records"]
    assert (record["topic"], record["wants"]) == ("newsletter", True)
    assert len(record["wording_sha256"]) == 64
    assert found["choices"] == [
        {"topic": "newsletter", "wants": True, "consent_record": record["id"]}
    ]
    assert found["campaign_decisions"][0]["consent_record"] == record["id"]
    notice, news = found["messages"]
    assert (notice["category"], notice["mandatory"]) == ("legal", True)
    assert news["campaign"] == campaign.pk
    assert news["decision"]["consent_record"] == record["id"]
    assert all(len(message["content_sha256"]) == 64 for message in (notice, news))
    event = AuditEvent.objects.get(kind="evidence.exported")
    assert bob.email not in json.dumps(event.data)
    assert event in history_of(bob)


@pytest.mark.parametrize("who", OTHERS)
def test_only_permitted_staff_export_evidence(who, request, bob, subscriber):
    for reader in (bob.recipient, subscriber()):
        with pytest.raises(PermissionDenied):
            export_evidence(actor=request.getfixturevalue(who), recipient=reader)
    assert not AuditEvent.objects.filter(kind="evidence.exported").exists()


def test_evidence_has_a_constant_number_of_queries(
    bob, newsletter, consent, django_assert_num_queries
):
    for _round in range(5):
        consent(bob.recipient, newsletter)
    recipient = bob.recipient
    with django_assert_num_queries(4):
        evidence_of(recipient)


def test_the_public_count_has_classes_and_no_people(olive, bob, draft, legal, deliver, settings):
    from django.core.cache import cache

    cache.clear()
    before = mandatory_sends()[0]
    cache.clear()
    schedule_campaign(actor=olive, campaign=draft(topic=None, notice_class=legal))
    schedule_campaign(actor=olive, campaign=draft())  # optional mail is not counted
    sent = [mail for mail in deliver() if "Auto-Submitted" in mail.extra_headers]
    months = mandatory_sends()

    assert len(months) == 12
    assert months[0].total - before.total == len(sent) > 0
    assert dict(months[0].by_class)["Legal notices"] == len(sent)
    cache.clear()
