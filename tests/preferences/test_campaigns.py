"""Campaigns: who may send them, who gets them, pausing and cancelling (R13, R24, R31, R41, R45,
R46, R49)."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.models import AuditEvent, User
from portals.choices import SubscriptionStatus
from portals.models import Portal
from portals.services.subscriptions import set_subscription_status
from preferences.choices import FOUNDING_CLASSES, CampaignState, MessageState, Outcome, Reason
from preferences.gate import campaign_sending
from preferences.models import (
    Activation,
    Campaign,
    Candidate,
    DeliveryDecision,
    Message,
    NoticeClass,
)
from preferences.services.campaigns import (
    CampaignRefused,
    cancel_campaign,
    create_campaign,
    pause_campaign,
    resume_campaign,
    schedule_campaign,
    start_due_campaigns,
    unschedule_campaign,
    update_campaign,
)
from preferences.services.choices import choose_topic, stop_all_optional
from preferences.services.recipients import choose_digest

WORDS = {
    "subject_en": "What is new",
    "subject_fr": "Quoi de neuf",
    "body_en": "A calmer inbox.",
    "body_fr": "Une boîte plus calme.",
}


@pytest.fixture
def draft(olive, newsletter):
    return lambda **values: create_campaign(actor=olive, **{"topic": newsletter, **WORDS, **values})


@pytest.fixture
def legal(db):
    return NoticeClass.objects.get(code="legal")


def reasons(campaign):
    return {
        str(candidate.recipient): candidate.reason
        for candidate in Candidate.objects.filter(campaign=campaign).select_related(
            "recipient__user"
        )
    }


def later(**delta):
    return time_machine.travel(timezone.now() + timedelta(**delta), tick=False)


# --- Who may -----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["alice", "bob", "dana"])
def test_only_permitted_staff_compose_and_send(who, draft, request, newsletter, olive):
    person = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        create_campaign(actor=person, topic=newsletter, **WORDS)
    campaign = draft()
    for act in (update_campaign, schedule_campaign, unschedule_campaign, pause_campaign,
                resume_campaign, cancel_campaign):  # fmt: skip
        with pytest.raises(PermissionDenied):
            act(actor=person, campaign=campaign)
    assert Campaign.objects.get().state == CampaignState.DRAFT


def test_permission_for_optional_email_does_not_cover_notices(dana, draft, legal, newsletter):
    from django.contrib.auth.models import Permission

    dana.user_permissions.add(Permission.objects.get(codename="send_topic_campaign"))
    dana = User.objects.get(pk=dana.pk)
    with pytest.raises(PermissionDenied):
        schedule_campaign(actor=dana, campaign=draft(topic=None, notice_class=legal))
    assert schedule_campaign(actor=dana, campaign=draft()).state == CampaignState.RUNNING


# --- What is refused ---------------------------------------------------------------------------


def test_a_campaign_is_of_one_category_R39(draft, legal, olive):
    for values in ({"topic": None}, {"notice_class": legal}):
        with pytest.raises(ValidationError):
            draft(**values)


@pytest.mark.parametrize("missing", list(WORDS))
def test_nothing_is_sent_while_a_language_is_missing_R31(draft, olive, missing):
    campaign = draft(**{missing: "  "})
    with pytest.raises(CampaignRefused) as refusal:
        schedule_campaign(actor=olive, campaign=campaign)
    assert missing in refusal.value.message_dict


def test_advertising_is_never_mandatory_R24(draft, olive, legal):
    with pytest.raises(ValidationError):
        draft(topic=None, notice_class=legal, promotional=True)
    campaign = draft(topic=None, notice_class=legal)
    with pytest.raises(DatabaseError), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(promotional=True)


def test_commercial_mail_names_a_postal_address_R13(draft, olive, settings, legal):
    settings.HUB_BRAND_ADDRESS = ""
    with pytest.raises(CampaignRefused) as refusal:
        schedule_campaign(actor=olive, campaign=draft())
    assert refusal.value.code == "no_address"
    assert schedule_campaign(actor=olive, campaign=draft(topic=None, notice_class=legal))


def test_content_is_fixed_once_sent(draft, olive, deliver):
    campaign = schedule_campaign(actor=olive, campaign=draft())
    with pytest.raises(CampaignRefused):
        update_campaign(actor=olive, campaign=campaign, body_en="Something else.")
    with pytest.raises(DatabaseError), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(body_en="Something else.")


def test_each_act_needs_its_campaign_state(draft, olive):
    campaign = draft()
    for act in (unschedule_campaign, pause_campaign, resume_campaign, cancel_campaign):
        with pytest.raises(CampaignRefused):
            act(actor=olive, campaign=campaign)
    schedule_campaign(actor=olive, campaign=campaign)
    with pytest.raises(CampaignRefused):
        schedule_campaign(actor=olive, campaign=campaign)  # replayed
    cancel_campaign(actor=olive, campaign=campaign)
    for act in (schedule_campaign, pause_campaign, resume_campaign, cancel_campaign):
        with pytest.raises(CampaignRefused):
            act(actor=olive, campaign=campaign)


# --- Who gets it -------------------------------------------------------------------------------


def test_everyone_has_a_decision_and_subscribers_get_the_email_R46(
    draft, olive, bob, emma, alice, newsletter, deliver, subscriber, consent
):
    choose_topic(actor=bob, topic=newsletter, wants=False)
    stop_all_optional(actor=emma)
    sam = subscriber("sam@elsewhere.example", language="fr")
    consent(sam, newsletter)
    campaign = schedule_campaign(actor=olive, campaign=draft())
    mails = {mail.to[0]: mail for mail in deliver()}

    decided = reasons(campaign)
    assert decided[bob.email] == Reason.CHOSE_NO
    assert decided[emma.email] == Reason.STOPPED_ALL
    assert decided[alice.email] == Reason.DEFAULT_ON
    assert decided["sam@elsewhere.example"] == Reason.CHOSE_YES
    assert len(decided) == User.objects.count() + 1
    assert not {bob.email, emma.email} & mails.keys()
    assert mails[alice.email].subject == "What is new"
    assert "A calmer inbox." in mails[alice.email].body
    assert mails["sam@elsewhere.example"].subject == "Quoi de neuf"
    assert "Une boîte plus calme." in mails["sam@elsewhere.example"].body
    assert "1 Harbour Street" in mails[alice.email].body  # R13
    sent = DeliveryDecision.objects.filter(message__campaign=campaign, outcome=Outcome.SENT)
    assert sent.count() == len(mails) == Candidate.objects.filter(send=True).count()


def test_a_choice_between_resolving_and_sending_is_honoured_R45(
    draft, olive, bob, newsletter, deliver
):
    campaign = schedule_campaign(actor=olive, campaign=draft())
    campaign_sending._resolve(campaign.pk)
    assert reasons(campaign)[bob.email] == Reason.DEFAULT_ON
    choose_topic(actor=bob, topic=newsletter, wants=False)

    assert bob.email not in {mail.to[0] for mail in deliver()}
    ended = DeliveryDecision.objects.get(message__address=bob.email)
    assert (ended.outcome, ended.reason) == (Outcome.SKIPPED, Reason.CHOSE_NO)


def test_a_notice_reaches_everyone_whatever_they_chose_R38_R42(
    draft, olive, bob, emma, legal, deliver, subscriber
):
    stop_all_optional(actor=bob)
    choose_digest(actor=emma, digest="weekly")
    subscriber("sam@elsewhere.example")  # no customer of ours: a notice is not theirs
    campaign = schedule_campaign(actor=olive, campaign=draft(topic=None, notice_class=legal))
    mails = {mail.to[0]: mail for mail in deliver()}

    assert {bob.email, emma.email} <= mails.keys()
    assert "sam@elsewhere.example" not in mails
    assert set(reasons(campaign).values()) == {Reason.MANDATORY}
    assert mails[bob.email].extra_headers["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in mails[bob.email].extra_headers


def test_a_notice_about_one_portal_reaches_its_customers_people(
    draft, olive, alice, frank, deliver
):
    portal = Portal.objects.get(slug="domains")
    for subscription in portal.subscriptions.filter(customer__slug="cedar"):
        set_subscription_status(
            actor=olive, subscription=subscription, status=SubscriptionStatus.ENDED
        )
    maintenance = NoticeClass.objects.get(code="maintenance")
    schedule_campaign(
        actor=olive, campaign=draft(topic=None, notice_class=maintenance, portal=portal)
    )

    reached = {mail.to[0] for mail in deliver()}
    assert alice.email in reached
    assert frank.email not in reached


# --- When --------------------------------------------------------------------------------------


def test_a_scheduled_campaign_starts_by_the_clock_once(draft, olive, deliver, alice):
    starts = timezone.now() + timedelta(hours=2)
    campaign = schedule_campaign(actor=olive, campaign=draft(), starts_at=starts)
    start_due_campaigns()
    assert deliver() == []
    with later(hours=2, seconds=1):
        start_due_campaigns()
        start_due_campaigns()
        deliver()
    campaign.refresh_from_db()
    assert AuditEvent.objects.filter(kind="campaign.started").count() == 1
    assert Message.objects.filter(campaign=campaign, address=alice.email).count() == 1


@pytest.mark.parametrize("days", [367, 2_000_000])
def test_a_start_years_away_is_refused(draft, olive, days):
    campaign = draft()
    with pytest.raises(CampaignRefused, match="within a year"):
        schedule_campaign(
            actor=olive,
            campaign=campaign,
            starts_at=timezone.now() + timedelta(days=days),
        )
    campaign.refresh_from_db()
    assert campaign.starts_at is None


def test_a_paused_and_resumed_campaign_reaches_each_once(draft, olive, deliver, monkeypatch):
    monkeypatch.setattr(campaign_sending, "BATCH", 2)
    monkeypatch.setattr(campaign_sending, "SLICE", 0.0)  # nothing but resolving
    campaign = schedule_campaign(actor=olive, campaign=draft())
    assert campaign_sending.dispatch(campaign.pk), "more of it can be sent now"
    campaign_sending._send_batch(campaign, campaign_sending._claim_batch(campaign))
    monkeypatch.setattr(campaign_sending, "SLICE", 1.0)
    pause_campaign(actor=olive, campaign=campaign)
    assert len(deliver()) == 2

    resume_campaign(actor=olive, campaign=campaign)
    mails = deliver()
    assert len({mail.to[0] for mail in mails}) == len(mails) > 2
    with later(minutes=2):
        start_due_campaigns()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DONE


def test_a_cancelled_campaign_withdraws_unsent_messages_R46(draft, olive, deliver, monkeypatch):
    campaign = schedule_campaign(actor=olive, campaign=draft())
    campaign_sending._resolve(campaign.pk)
    total = Message.objects.count()
    monkeypatch.setattr(campaign_sending, "BATCH", 1)
    campaign_sending._send_batch(campaign, campaign_sending._claim_batch(campaign))
    cancel_campaign(actor=olive, campaign=campaign)

    assert len(deliver()) == 1
    outcomes = list(DeliveryDecision.objects.values_list("outcome", "reason"))
    assert outcomes.count(("withdrawn", "withdrawn")) == total - 1
    event = AuditEvent.objects.get(kind="campaign.cancelled")
    assert event.data["count"] == total - 1


def test_a_completely_sent_campaign_cannot_be_cancelled(draft, olive, deliver):
    campaign = schedule_campaign(actor=olive, campaign=draft())
    assert deliver()
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.RUNNING)  # before the clock
    with pytest.raises(CampaignRefused, match="no emails left to cancel"):
        cancel_campaign(actor=olive, campaign=campaign)
    start_due_campaigns()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DONE


def test_a_message_claimed_by_a_dead_worker_is_withdrawn(draft, olive, deliver):
    campaign = schedule_campaign(actor=olive, campaign=draft())
    campaign_sending._resolve(campaign.pk)
    [message, *_rest] = campaign_sending._claim_batch(campaign)  # and the worker dies
    cancel_campaign(actor=olive, campaign=campaign)
    with later(minutes=5):
        assert deliver() == []
    message.refresh_from_db()
    assert message.state == MessageState.WITHDRAWN


def test_a_single_message_cannot_be_withdrawn(draft, olive, legal):
    campaign = schedule_campaign(actor=olive, campaign=draft(topic=None, notice_class=legal))
    campaign_sending._resolve(campaign.pk)
    [message, *_rest] = campaign_sending._claim_batch(campaign)
    with pytest.raises(DatabaseError), transaction.atomic():
        DeliveryDecision.objects.create(
            message=message, outcome=Outcome.WITHDRAWN, reason=Reason.WITHDRAWN
        )


def test_a_notice_overtakes_a_running_campaign(draft, olive, bob, deliver, send_legal, monkeypatch):
    monkeypatch.setattr(
        campaign_sending, "SLICE", 0.0
    )  # a slice sends nothing: the campaign never ends
    schedule_campaign(actor=olive, campaign=draft())
    monkeypatch.setattr(
        "preferences.gate.tasks.enqueue_dispatch", lambda campaign: None
    )  # one round of its slices
    send_legal(bob)
    jobs = DBTaskResult.objects.ready()
    assert jobs[0].task_path.endswith("deliver_message")
    assert [mail.subject for mail in deliver()] == ["Our terms change"]


def test_a_failing_transport_does_not_end_a_campaign(draft, olive, deliver, monkeypatch):
    from django.core.mail.backends.locmem import EmailBackend

    with monkeypatch.context() as down:
        down.setattr("preferences.services.campaigns.PARALLEL_SLICES", 1)
        down.setattr(
            EmailBackend,
            "send_messages",
            lambda self, mails: (_ for _ in ()).throw(OSError("down")),
        )
        campaign = schedule_campaign(actor=olive, campaign=draft())
        deliver()
    states = list(Message.objects.filter(campaign=campaign).values_list("state", flat=True))
    assert states.count(MessageState.QUEUED) == len(states) - 3 > 0
    with later(minutes=3):
        start_due_campaigns()
        mails = deliver()
    assert len({mail.to[0] for mail in mails}) == len(mails) == len(states)


def test_failures_in_a_row_are_counted_anew_after_each_success(draft, olive, deliver, monkeypatch):
    """Single addresses that fail here and there do not look like a transport that is down."""
    from django.core.mail.backends.locmem import EmailBackend

    monkeypatch.setattr("preferences.services.campaigns.PARALLEL_SLICES", 1)
    take, turns = EmailBackend.send_messages, iter("ff.fff" + "." * 100)

    def now_and_then(self, mails):
        if next(turns) == "f":
            raise OSError("down")
        return take(self, mails)

    monkeypatch.setattr(EmailBackend, "send_messages", now_and_then)
    campaign = schedule_campaign(actor=olive, campaign=draft())
    deliver()

    states = (
        Message.objects.filter(campaign=campaign).order_by("pk").values_list("state", flat=True)
    )
    assert list(states)[:6] == ["waiting", "waiting", "sent", "waiting", "waiting", "waiting"]
    assert set(list(states)[6:]) == {"queued"}


# --- Digests -----------------------------------------------------------------------------------


@pytest.fixture
def monday_noon():
    with time_machine.travel("2027-03-01 12:00 -05:00", tick=False) as clock:
        yield clock


def test_a_digest_of_the_same_morning_waits_until_eight(draft, olive, bob, deliver):
    with time_machine.travel("2027-03-01 04:30 -05:00", tick=False) as clock:
        choose_digest(actor=bob, digest="weekly")
        schedule_campaign(actor=olive, campaign=draft())
        assert not [mail for mail in deliver() if "digest" in mail.subject]

        clock.move_to("2027-03-01 07:59 -05:00")
        assert not [mail for mail in deliver() if "digest" in mail.subject]
        clock.move_to("2027-03-01 08:01 -05:00")
        assert [mail.to for mail in deliver() if "digest" in mail.subject] == [[bob.email]]


def test_digests_gather_messages_until_due(
    draft, olive, bob, emma, promotions, deliver, monday_noon
):
    for person, digest in ((bob, "daily"), (emma, "weekly")):
        choose_digest(actor=person, digest=digest)
        choose_topic(actor=person, topic=promotions, wants=True)
    schedule_campaign(actor=olive, campaign=draft())
    schedule_campaign(actor=olive, campaign=draft(topic=promotions, subject_en="Half price"))
    at_once = {mail.to[0] for mail in deliver() if mail.subject in ("What is new", "Half price")}
    assert not {bob.email, emma.email} & at_once

    monday_noon.move_to("2027-03-02 08:01 -05:00")
    daily = [mail for mail in deliver() if "digest" in mail.subject]
    assert [mail.to[0] for mail in daily] == [bob.email]
    assert "What is new" in daily[0].body
    assert "Half price" in daily[0].body
    assert daily[0].extra_headers["List-Id"] == "<digest.harbour.example>"

    monday_noon.move_to("2027-03-08 08:01 -05:00")
    weekly = [mail for mail in deliver() if "digest" in mail.subject][1:]
    assert [mail.to[0] for mail in weekly] == [emma.email]
    gathered = Message.objects.filter(address=emma.email, in_digest=True)
    assert [message.decision.outcome for message in gathered] == [Outcome.SENT] * 2


@pytest.mark.parametrize(("wish", "then"), [("immediate", "02 12:01"), ("daily", "03 08:01")])
def test_a_changed_frequency_applies_to_gathered_messages(
    draft, olive, bob, deliver, monday_noon, wish, then
):
    choose_digest(actor=bob, digest="weekly")
    schedule_campaign(actor=olive, campaign=draft())
    monday_noon.move_to("2027-03-02 12:00 -05:00")
    assert not [mail for mail in deliver() if "digest" in mail.subject]
    choose_digest(actor=bob, digest=wish)

    day, hour = then.split()
    monday_noon.move_to(f"2027-03-{day} {hour} -05:00")

    assert [mail.to for mail in deliver() if "digest" in mail.subject] == [[bob.email]]


def test_a_digest_leaves_out_unsubscribed_topics(
    draft, olive, bob, newsletter, promotions, deliver, monday_noon
):
    choose_digest(actor=bob, digest="daily")
    choose_topic(actor=bob, topic=promotions, wants=True)
    schedule_campaign(actor=olive, campaign=draft())
    schedule_campaign(actor=olive, campaign=draft(topic=promotions, subject_en="Half price"))
    deliver()
    choose_topic(actor=bob, topic=promotions, wants=False)
    monday_noon.move_to("2027-03-02 08:01 -05:00")
    [digest] = [mail for mail in deliver() if "digest" in mail.subject]

    assert "What is new" in digest.body
    assert "Half price" not in digest.body


def test_urgent_and_mandatory_email_is_never_delayed(
    draft, olive, bob, legal, deliver, monday_noon
):
    choose_digest(actor=bob, digest="weekly")
    schedule_campaign(actor=olive, campaign=draft(urgent=True, subject_en="Now"))
    schedule_campaign(
        actor=olive, campaign=draft(topic=None, notice_class=legal, subject_en="GrantTerms")
    )

    assert {"Now", "GrantTerms"} <= {mail.subject for mail in deliver() if mail.to[0] == bob.email}
    message = Message.objects.get(address=bob.email, notice_class=legal)
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(in_digest=True)


def test_one_click_on_a_digest_unsubscribes_all_its_topics(
    draft, olive, bob, newsletter, promotions, deliver, monday_noon, client
):
    choose_digest(actor=bob, digest="daily")
    choose_topic(actor=bob, topic=promotions, wants=True)
    for topic in (newsletter, promotions):
        schedule_campaign(actor=olive, campaign=draft(topic=topic))
    deliver()
    monday_noon.move_to("2027-03-02 08:01 -05:00")
    [digest] = [mail for mail in deliver() if "digest" in mail.subject]
    path = digest.extra_headers["List-Unsubscribe"].strip("<>").partition("/preferences")[2]

    answer = client.post(f"/preferences{path}", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    wanted = bob.recipient.choices.filter(wants=True)
    assert not wanted.exists()


def test_a_permanently_refused_digest_is_not_retried(
    draft, olive, bob, deliver, monday_noon, monkeypatch
):
    import smtplib

    from django.core.mail.backends.locmem import EmailBackend

    choose_digest(actor=bob, digest="daily")
    schedule_campaign(actor=olive, campaign=draft())
    deliver()
    monday_noon.move_to("2027-03-02 08:01 -05:00")
    send = EmailBackend.send_messages

    def refuse(self, mails):
        if mails[0].to == [bob.email]:
            raise smtplib.SMTPRecipientsRefused({bob.email: (550, b"no such mailbox")})
        return send(self, mails)

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    deliver()

    ended = Message.objects.get(address=bob.email, in_digest=True)
    assert ended.decision.reason == Reason.ADDRESS_REFUSED


@pytest.mark.parametrize("approvals", [0, 1])
def test_a_campaign_of_an_inactive_class_is_not_scheduled_R41(
    approvals, draft, olive, dana, legal, monkeypatch
):
    """As if a change of the code had just added the class, and one of two staff approved it."""
    others = [code for code in FOUNDING_CLASSES if code != legal.code]
    monkeypatch.setattr("preferences.models.categories.FOUNDING_CLASSES", others)
    for staff in (olive, dana)[:approvals]:
        Activation.objects.create(notice_class=legal, staff=staff)
    campaign = draft(topic=None, notice_class=legal)

    for starts_at in (None, timezone.now() + timedelta(days=1)):
        with pytest.raises(CampaignRefused) as refusal:
            schedule_campaign(actor=olive, campaign=campaign, starts_at=starts_at)
        assert list(refusal.value.message_dict) == ["notice_class"]
    campaign.refresh_from_db()
    assert (campaign.state, campaign.starts_at) == ("draft", None)

    for staff in (olive, dana)[approvals:]:
        Activation.objects.create(notice_class=legal, staff=staff)
    assert schedule_campaign(actor=olive, campaign=campaign).state == "running"
