"""The notice about a breach: who gets it, who releases it, holds, and what it looks like."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Membership, User
from accounts.services.memberships import remove_membership
from accounts.signals import periodic_tick
from compliance.choices.breaches import Outcome
from compliance.models import Affected, Hold, Wave
from compliance.selectors.affected import list_hash, outcome_counts, with_outcome
from compliance.selectors.breaches import holds_in_force
from compliance.services.affected import add_by_hand, add_by_import, remove_affected
from compliance.services.holds import end_hold, place_hold, review_hold
from compliance.services.waves import release_wave, write_wave
from hub.example import acts
from preferences.models import Campaign, Escalation, Message, Recipient
from preferences.services.campaigns import cancel_campaign
from preferences.services.choices import stop_all_optional
from preferences.services.delivery_events import record_delivery_event
from tests.compliance.breaches import HOLD, TEXTS, add_company, real, released, written


@pytest.fixture
def breach(petra):
    return real(petra)


def notices():
    return {m.to[0]: m for m in mail.outbox if "breach" in m.subject or "atteinte" in m.subject}


def test_people_who_left_or_refused_and_subscribers_get_it_L22(
    breach, petra, pascal, alice, bob, emma, alder, deliver
):
    remove_membership(actor=alice, membership=Membership.objects.get(user=bob, customer=alder))
    User.objects.filter(pk=bob.pk).update(is_active=False)
    stop_all_optional(actor=emma)
    Recipient.objects.filter(user=alice).update(unreachable_since=timezone.now())
    Membership.objects.filter(user=emma).update(suspended_at=timezone.now())
    add_company(petra, breach, alder)
    add_by_hand(actor=petra, breach=breach, address="sam@elsewhere.example", language="fr")
    deliver()
    mail.outbox.clear()

    wave = released(petra, pascal, breach)
    deliver()

    expected = {alice.email, bob.email, emma.email, "sam@elsewhere.example"}
    assert notices().keys() == expected, "everybody in the list and nobody else"
    assert len(notices()) == len(mail.outbox), "each of them once, and no copies (L22)"
    assert "circumstances in fr." in notices()["sam@elsewhere.example"].body
    assert wave.list_count == 4


def test_the_notice_links_to_its_public_page_alone_L28(
    breach, petra, pascal, bob, alder, deliver, as_, settings
):
    add_company(petra, breach, alder)
    page = f"/notices/{written(petra, breach).slug}/"
    assert as_(None).get(page).status_code == 404, "not before the release"
    released(petra, pascal, breach)
    deliver()

    email = notices()[bob.email]
    for heading in (
        "What happened", "What information was involved", "What we are doing",
        "What you can do", "For more information",
    ):  # fmt: skip
        assert heading in email.body
    [html] = [part for part, kind in email.alternatives if kind == "text/html"]
    assert settings.HUB_BASE_URL + page in email.body
    assert "/accounts/" not in email.body + html and "<img" not in html
    assert "List-Unsubscribe" not in email.extra_headers
    shown = as_(None).get(page).content.decode()
    assert "This notice is ours" in shown and "circumstances in en." in shown


@pytest.mark.parametrize("text", ["See https://bank.example", "www.x.example", "[x](y)"])
def test_a_text_has_no_links_L28(text, breach, petra):
    with pytest.raises(ValidationError) as refusal:
        write_wave(actor=petra, breach=breach, **{**TEXTS, "advice_en": text})
    assert set(refusal.value.error_dict) == {"advice_en"}


@pytest.mark.parametrize("name", TEXTS)
def test_no_part_is_empty_in_either_language_L19(name, breach, petra, pascal, alder):
    add_company(petra, breach, alder)
    wave = write_wave(actor=petra, breach=breach, **{**TEXTS, name: "  "})

    with pytest.raises(ValidationError) as refusal:
        release_wave(actor=pascal, wave=wave)
    assert set(refusal.value.error_dict) == {name}
    with pytest.raises(IntegrityError), transaction.atomic():
        Wave.objects.filter(pk=wave.pk).update(
            released_at=timezone.now(), released_by=pascal, sha256="1", list_sha256="1",
            list_count=1,
        )  # fmt: skip
    assert not Campaign.objects.exists()


def test_the_writer_releases_alone_only_with_a_reason_L23(breach, petra, alder):
    add_company(petra, breach, alder)
    wave = written(petra, breach)

    with pytest.raises(ValidationError) as refusal:
        release_wave(actor=petra, wave=wave, alone_reason=" ")
    assert set(refusal.value.error_dict) == {"alone_reason"}
    assert release_wave(actor=petra, wave=wave, alone_reason="On call alone.").alone_reason


def test_a_released_notice_and_its_list_never_change_L21(
    breach, petra, pascal, alder, frank, deliver
):
    add_company(petra, breach, alder)
    wave = released(petra, pascal, breach)

    assert wave.list_sha256 == list_hash(wave)
    for change in ({"advice_en": "Other"}, {"list_count": 1}, {"released_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Wave.objects.filter(pk=wave.pk).update(**change)
    told = wave.affected.first()
    with pytest.raises(ValidationError):
        remove_affected(actor=petra, affected=told)
    with pytest.raises(IntegrityError), transaction.atomic():
        Affected.objects.filter(pk=told.pk).update(address="x@x.example")

    add_by_hand(actor=petra, breach=breach, address=frank.email)
    second = released(petra, pascal, breach)
    deliver()
    assert [row.address for row in second.affected.all()] == [frank.email]
    assert len(notices()) == len([m for m in mail.outbox if "breach" in m.subject]) == 4
    with pytest.raises(ValidationError, match="nobody who was not told"):
        released(petra, pascal, breach)


def test_an_import_counts_unknown_bad_and_double_addresses_L21(breach, petra, bob, as_):
    text = f"{bob.email}\n{bob.email.upper()}, new@elsewhere.example; not an address"
    page = f"/provider/breaches/{breach}/people/add/import/"
    client = as_(petra)

    shown = client.post(page, {"text": text, "unknown": "on", "language": "en"}).content.decode()
    for words in ("1 known address to add", "1 unknown address", "1 duplicate", "1 line is no"):
        assert words in shown
    assert not breach.affected.exists(), "nothing before it is confirmed"
    with pytest.raises(ValidationError):
        add_by_import(actor=petra, breach=breach, text=text, unknown=True)
    good = {"text": text.replace("; not an address", ""), "unknown": "on", "language": "en"}
    assert client.post(page, {**good, "confirm": "on"}).status_code == 302
    assert sorted(breach.affected.values_list("address", flat=True)) == [
        bob.email,
        "new@elsewhere.example",
    ]


def test_nothing_is_sent_during_a_hold_which_ends_by_itself_L24(
    breach, petra, pascal, alder, deliver
):
    add_company(petra, breach, alder)
    until = timezone.now() + timedelta(days=10)
    hold = place_hold(actor=petra, breach=breach, until=until, **HOLD)
    review_hold(actor=pascal, hold=hold)
    released(petra, pascal, breach)
    deliver()
    periodic_tick.send(sender=None)
    deliver()
    assert not notices()

    with time_machine.travel(until - timedelta(seconds=1), tick=False):
        periodic_tick.send(sender=None)
        deliver()
        assert not notices(), "a second before its end"
        assert holds_in_force(breach, until - timedelta(seconds=1)).exists()
        assert not holds_in_force(breach, until).exists(), "it is over at its second"
    with time_machine.travel(until + timedelta(minutes=1), tick=False):
        periodic_tick.send(sender=None)  # looks once a minute for what stands still
        deliver()
    assert len(notices()) == 3, "nobody had to end it, and no worker ran meanwhile"


def test_a_hold_is_looked_at_for_each_email_L24(breach, petra, pascal, alder, deliver, monkeypatch):
    from preferences.gate import delivery

    add_company(petra, breach, alder)
    wave = released(petra, pascal, breach)
    sent = []

    def transmit(message):
        sent.append(message)
        place_hold(actor=petra, breach=breach, until=timezone.now() + timedelta(days=1), **HOLD)
        return 1

    monkeypatch.setattr(delivery, "transmit", transmit)
    deliver()

    assert len(sent) == 1, "the hold came between two emails of one batch"
    states = Message.objects.filter(campaign=wave.campaign).values_list("state", flat=True)
    assert sorted(states) == ["queued", "queued", "sent"]


def test_a_hold_without_a_review_ends_after_three_days_L24(breach, petra, pascal, alder, deliver):
    add_company(petra, breach, alder)
    place_hold(actor=petra, breach=breach, until=timezone.now() + timedelta(days=20), **HOLD)
    released(petra, pascal, breach)
    with time_machine.travel(timezone.now() + timedelta(days=2, hours=23)):
        periodic_tick.send(sender=None)
        deliver()
        assert not notices()
    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1)):
        periodic_tick.send(sender=None)
        deliver()
        assert len(notices()) == 3


@pytest.mark.parametrize("name", HOLD)
def test_a_hold_names_its_authority_L24(name, breach, petra):
    until = timezone.now() + timedelta(days=1)
    with pytest.raises(ValidationError) as refusal:
        place_hold(actor=petra, breach=breach, until=until, **{**HOLD, name: " "})
    assert set(refusal.value.error_dict) == {name}


def test_a_hold_lasts_thirty_days_at_most_and_another_reviews_it_L24(breach, petra, pascal):
    for until in (timezone.now(), timezone.now() + timedelta(days=30, minutes=1)):
        with pytest.raises(ValidationError):
            place_hold(actor=petra, breach=breach, until=until, **HOLD)
    hold = place_hold(actor=petra, breach=breach, until=timezone.now() + timedelta(30), **HOLD)
    with pytest.raises(ValidationError, match="colleague"):
        review_hold(actor=petra, hold=hold)
    for change in ({"until": hold.until + timedelta(1)}, {"reviewed_by": petra}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Hold.objects.filter(pk=hold.pk).update(**change)
    review_hold(actor=pascal, hold=hold)
    end_hold(actor=petra, hold=hold)
    with pytest.raises(ValidationError, match="over"):
        end_hold(actor=petra, hold=hold)


def test_a_hold_never_stops_the_record_R26(breach, petra, pascal, alder):
    place_hold(actor=petra, breach=breach, until=timezone.now() + timedelta(days=1), **HOLD)
    add_company(petra, breach, alder)
    assert released(petra, pascal, breach).released_at


def test_an_exercise_reaches_staff_only_L32(petra, pascal, bob, alder, dana, deliver):
    exercise = real(petra, exercise=True)
    with pytest.raises(ValidationError, match="staff only"):
        add_company(petra, exercise, alder)
    with pytest.raises(ValidationError, match="staff only"):
        add_by_hand(actor=petra, breach=exercise, name="Out Sider", post="1 Main St")
    add_by_hand(actor=petra, breach=exercise, address=dana.email)
    with pytest.raises(IntegrityError), transaction.atomic():
        Affected.objects.create(
            breach=exercise, recipient=bob.recipient, address=bob.email, source="hand",
            added_by=petra,
        )  # fmt: skip
    wave = released(petra, pascal, exercise)
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(
            campaign=wave.campaign, recipient=bob.recipient, address=bob.email,
            notice_class_id="legal", subject="x", message_id="<x@x>",
        )  # fmt: skip
    deliver()
    assert {m.to[0]: m.subject[:10] for m in mail.outbox} == {dana.email: "[Exercise]"}


def test_the_campaign_of_a_notice_is_on_no_list_L33(breach, petra, pascal, alder, as_):
    operator = acts.hire("oscar", "Oscar Doyle", "Operators")
    add_company(petra, breach, alder)
    wave = released(petra, pascal, breach)

    shown = as_(operator)
    assert "breach" not in shown.get("/provider/messages/").content.decode().lower()
    assert "Notice of data" not in shown.get("/").content.decode()
    assert shown.get(f"/provider/messages/{wave.campaign_id}/").status_code == 404
    with pytest.raises(PermissionDenied):
        cancel_campaign(actor=operator, campaign=wave.campaign)
    assert not AuditEvent.objects.filter(kind__startswith="campaign.").exists()


def test_the_outcome_of_each_person_follows_the_reports_L29(
    breach, petra, pascal, alice, bob, alder, deliver
):
    add_company(petra, breach, alder)
    assert outcome_counts(breach) == {Outcome.TO_TELL: 3}
    released(petra, pascal, breach)
    assert outcome_counts(breach) == {Outcome.WAITING: 3}
    deliver()
    assert outcome_counts(breach) == {Outcome.SENT: 3}
    [message] = Message.objects.filter(address=bob.email, campaign__confidential=True)
    for kind, outcome in (("delivered", Outcome.PROVED), ("hard", Outcome.WAITING)):
        record_delivery_event(message=message, kind=kind, event=f"x:{kind}", diagnostic="5.1.1")
        row = with_outcome(breach.affected.filter(address=bob.email)).get()
        assert row.outcome == outcome
    Escalation.objects.update(state="staff")
    assert outcome_counts(breach) == {Outcome.SENT: 2, Outcome.LETTER: 1}


@pytest.mark.parametrize("name", ["bob", "alice", "dana"])
def test_only_privacy_staff_release_and_hold(name, request, breach, petra, alder):
    person = request.getfixturevalue(name)
    add_company(petra, breach, alder)
    wave, until = written(petra, breach), timezone.now() + timedelta(days=1)
    hold = place_hold(actor=petra, breach=breach, until=until, **HOLD)
    events = AuditEvent.objects.count()
    for act in (
        lambda: release_wave(actor=person, wave=wave),
        lambda: write_wave(actor=person, breach=breach, **TEXTS),
        lambda: place_hold(actor=person, breach=breach, until=until, **HOLD),
        lambda: review_hold(actor=person, hold=hold),
        lambda: end_hold(actor=person, hold=hold),
        lambda: add_company(person, breach, alder),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert AuditEvent.objects.count() == events
