"""Announcing a version: who releases it, how early, whom it reaches, withdrawing (L4 to L6)."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.signals import periodic_tick
from compliance.models import Announcement, PolicyReminder, PolicyVersion
from compliance.selectors import history_of_policy, people_to_answer, policies_to_answer
from compliance.services.announcements import announce_version, withdraw_version
from preferences.choices import CampaignState
from preferences.models import Campaign, Message
from preferences.services.campaigns import start_due_campaigns
from tests.compliance.conftest import AHEAD

REASONS = {"early_reason_en": "The law changes.", "early_reason_fr": "La loi change."}


def test_the_writer_does_not_announce_alone(published, petra, pascal):
    version = published()

    with pytest.raises(ValidationError) as refusal:
        announce_version(actor=petra, version=version, alone_reason=" ")
    assert set(refusal.value.error_dict) == {"alone_reason"}
    assert not Campaign.objects.exists()

    announced = announce_version(actor=petra, version=version, alone_reason="I work alone.")
    assert announced.alone_reason == "I work alone."


def test_raw_sql_needs_a_second_person_too(published, petra):
    version = published()
    campaign = Campaign.objects.create(
        notice_class_id="legal", created_by=petra, subject_en="x", body_en="x"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Announcement.objects.create(version=version, campaign=campaign, announced_by=petra)


def test_a_version_is_announced_thirty_days_ahead_or_says_why_L4(published, pascal):
    version = published(effective_at=timezone.now() + timedelta(days=29, hours=23))

    for given in ({}, {"early_reason_en": "The law changes."}):
        with pytest.raises(ValidationError) as refusal:
            announce_version(actor=pascal, version=version, **given)
        missing = {"early_reason_en", "early_reason_fr"} - given.keys()
        assert set(refusal.value.error_dict) == missing
    assert not Announcement.objects.exists()

    announce_version(actor=pascal, version=version, **REASONS)
    campaign = Campaign.objects.get()
    assert "The law changes." in campaign.body_en and "La loi change." in campaign.body_fr


def test_a_long_notice_needs_no_reason_L4(published, pascal, settings):
    settings.HUB_POLICY_NOTICE_DAYS = 10
    version = published(effective_at=timezone.now() + timedelta(days=11))

    with pytest.raises(ValidationError, match="Leave the reason empty"):
        announce_version(actor=pascal, version=version, **REASONS)
    announce_version(actor=pascal, version=version)


def test_an_unannounced_version_is_never_required_L5(published, bob):
    version = published()

    with time_machine.travel(timezone.now() + timedelta(days=400)):
        assert policies_to_answer(bob) == []
        history = history_of_policy(version.policy)
        assert history.in_force is None and history.floor is None


def test_a_notice_that_is_still_being_sent_binds_nobody_L5(published, pascal, bob, deliver):
    version = published()
    announce_version(actor=pascal, version=version)

    with time_machine.travel(timezone.now() + AHEAD + timedelta(days=1)):
        [item] = policies_to_answer(bob)
        assert not item.binds
        deliver()
        start_due_campaigns()
        [item] = policies_to_answer(bob)
        assert item.binds


def test_a_cancelled_notice_asks_nobody_L5(published, pascal, bob):
    announced = announce_version(actor=pascal, version=published())
    Campaign.objects.filter(pk=announced.campaign_id).update(state=CampaignState.CANCELLED)

    with time_machine.travel(timezone.now() + AHEAD + timedelta(days=1)):
        assert policies_to_answer(bob) == []


def test_every_active_person_gets_the_announcement_once_L6(
    announced, alice, bob, emma, charlie, frank, deliver
):
    announced()
    deliver()
    periodic_tick.send(sender=None)
    deliver()

    people = [alice, bob, emma, charlie, frank]
    assert sorted(m.to[0] for m in mail.outbox) == sorted(person.email for person in people)
    assert set(Message.objects.values_list("notice_class_id", flat=True)) >= {"legal"}
    [to_bob] = [m for m in mail.outbox if m.to == [bob.email]]
    assert to_bob.subject.startswith("Terms of service changes on ")
    assert "/policies/terms-of-use/1/" in to_bob.body
    assert "List-Unsubscribe" not in to_bob.extra_headers


def test_the_banner_shows_on_each_page_until_the_answer_L6(announced, bob, as_, answer):
    version, client = announced(), as_(bob)

    for page in ("/", "/profile/", "/preferences/", "/policies/"):
        assert b"Please read it and answer by then" in client.get(page).content, page
    answer(bob, version)
    assert b"Please read it and answer by then" not in client.get("/").content


def test_the_announcement_is_in_both_languages_L6(announced, bob):
    bob.language = "fr"
    bob.save()

    announced()

    [to_bob] = [m for m in mail.outbox if m.to == [bob.email]]
    assert to_bob.subject.startswith("Conditions d’utilisation")
    assert "Nous gardons maintenant les journaux 14 jours." in to_bob.body


def test_people_are_reminded_once_a_week_before(announced, answer, alice, bob, deliver):
    version = announced()
    answer(alice, version)
    mail.outbox.clear()
    with time_machine.travel(version.effective_at - timedelta(days=7, minutes=1)):
        periodic_tick.send(sender=None)
        assert not PolicyReminder.objects.exists()
    with time_machine.travel(version.effective_at - timedelta(days=6)):
        periodic_tick.send(sender=None)
        periodic_tick.send(sender=None)
        deliver()

    reminded = [m.to[0] for m in mail.outbox if m.subject.startswith("Please answer by ")]
    assert len(reminded) == len({*reminded}) == people_to_answer(version).count() == 4
    assert bob.email in reminded and alice.email not in reminded


def test_nobody_is_reminded_of_what_is_in_force(in_force, deliver):
    in_force()
    mail.outbox.clear()
    periodic_tick.send(sender=None)
    assert not PolicyReminder.objects.exists()


def test_a_version_is_withdrawn_with_a_reason_that_people_read(announced, pascal, bob, deliver):
    version = announced()
    mail.outbox.clear()

    for missing in ("reason_en", "reason_fr"):
        given = {"reason_en": "We were wrong.", "reason_fr": "Nous avions tort.", missing: " "}
        with pytest.raises(ValidationError) as refusal:
            withdraw_version(actor=pascal, version=version, **given)
        assert set(refusal.value.error_dict) == {missing}
    withdraw_version(
        actor=pascal, version=version, reason_en="We were wrong.", reason_fr="Nous avions tort."
    )
    deliver()

    [to_bob] = [m for m in mail.outbox if m.to == [bob.email]]
    assert "does not change" in to_bob.subject and "We were wrong." in to_bob.body
    with time_machine.travel(timezone.now() + AHEAD + timedelta(days=1)):
        assert policies_to_answer(bob) == []
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.filter(pk=version.pk).update(withdrawn_at=None)


def test_withdrawing_stops_the_emails_that_are_left(published, pascal, deliver):
    version = published()
    announcement = announce_version(actor=pascal, version=version)

    withdraw_version(actor=pascal, version=version, reason_en="No.", reason_fr="Non.")
    deliver()

    announcement.campaign.refresh_from_db()
    assert announcement.campaign.state == CampaignState.CANCELLED
    assert not [m for m in mail.outbox if "changes on" in m.subject]


def test_a_version_in_force_is_not_withdrawn(in_force, pascal):
    with pytest.raises(ValidationError, match="is in force"):
        withdraw_version(actor=pascal, version=in_force(), reason_en="No.", reason_fr="Non.")


@pytest.mark.parametrize("name", ["bob", "alice", "dana"])
def test_only_privacy_staff_announce_and_withdraw(name, request, published):
    person, version = request.getfixturevalue(name), published()
    events = AuditEvent.objects.count()
    with pytest.raises(PermissionDenied):
        announce_version(actor=person, version=version)
    with pytest.raises(PermissionDenied):
        withdraw_version(actor=person, version=version, reason_en="x", reason_fr="x")
    assert AuditEvent.objects.count() == events


def test_a_version_is_announced_once(published, pascal):
    version = published()
    announce_version(actor=pascal, version=version)
    with pytest.raises(ValidationError, match="already announced"):
        announce_version(actor=pascal, version=version)
    assert Campaign.objects.count() == 1
