"""A new use of data begins person by person, after its email (L18)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from compliance import registry
from compliance.models import PolicyVersion
from compliance.permissions import UseNotBegun, require_use
from compliance.registry.items import Purpose
from compliance.registry.uses import REFERRALS, RESELLER_ALERTS, USES, Use
from compliance.selectors.uses import is_told, may_use, people_for
from compliance.services.announcements import announce_version
from preferences.models import Message, Topic
from preferences.services.campaigns import start_due_campaigns
from preferences.services.choices import choose_topic

NOTICE = {"slug": "privacy", "kind": "notice", "asked_of": "nobody"}
SUPPORT = Use("calls", "your name", "messages", Purpose.SUPPORT)


@pytest.fixture
def stated_before(in_force, monkeypatch):
    """A notice that is in force and does not state the programmes yet."""
    before = tuple(item for item in registry.ITEMS if item.code not in ("account",))
    with monkeypatch.context() as patch:
        patch.setattr(registry, "ITEMS", before)
        with time_machine.travel(timezone.now() - timedelta(days=100)):
            return in_force(**NOTICE)


def test_without_any_notice_no_new_use_begins_L18(bob):
    assert not any(may_use(use, bob) for use in USES)


def test_a_new_use_waits_for_the_notice_and_its_email_L18(
    stated_before, published, pascal, deliver, bob, alice
):
    assert not may_use(REFERRALS, bob), "the notice in force does not state it"
    version = published(**NOTICE)
    assert not may_use(REFERRALS, bob), "published is not told"
    announce_version(actor=pascal, version=version)
    deliver()
    assert not may_use(REFERRALS, bob), "told, and not in force yet"

    start_due_campaigns()
    with time_machine.travel(version.effective_at + timedelta(minutes=1)):
        assert may_use(REFERRALS, bob)
        assert set(people_for(REFERRALS)) >= {alice, bob}


def test_it_begins_only_for_those_who_got_the_email_L18(stated_before, in_force, bob, dana):
    version = in_force(**NOTICE)
    User.objects.update(created_at=timezone.now() - timedelta(days=900))
    told = Message.objects.filter(campaign=version.announcement.campaign, state="sent")
    reached = set(told.values_list("recipient__user", flat=True))
    assert bob.pk in reached
    assert dana.pk not in reached, "she is staff"

    assert may_use(REFERRALS, bob)
    assert {person.pk for person in people_for(REFERRALS)} == reached
    with pytest.raises(UseNotBegun):
        require_use(REFERRALS, dana)


def test_whoever_came_under_the_statement_needs_no_email_L18(stated_before, in_force):
    in_force(**NOTICE)
    newcomer = User.objects.create_user("nina@alder.example", name="Nina")

    assert may_use(REFERRALS, newcomer)


def test_a_use_that_a_newer_version_no_longer_states_has_ended_L18(in_force, bob, monkeypatch):
    with time_machine.travel(timezone.now() - timedelta(days=100)):
        in_force(**NOTICE)
    assert may_use(REFERRALS, bob)
    with monkeypatch.context() as patch:
        patch.setattr(
            registry, "ITEMS", tuple(item for item in registry.ITEMS if item.code != "account")
        )
        in_force(**NOTICE)

    assert not may_use(REFERRALS, bob)


def test_where_consent_is_needed_only_those_who_gave_it_L18_R29(in_force, frank, alice):
    """Frank's company resells in the example."""
    in_force(**NOTICE)
    assert is_told(RESELLER_ALERTS, frank)
    assert not may_use(RESELLER_ALERTS, frank)
    choose_topic(actor=frank, topic=Topic.objects.get(slug="reseller-alerts"), wants=True)

    assert may_use(RESELLER_ALERTS, frank)
    assert not may_use(RESELLER_ALERTS, alice)


def test_each_use_is_of_a_purpose_that_its_item_declares_L18():
    """Otherwise no notice could ever state it."""
    items = {item.code: item for item in registry.ITEMS}
    assert all(use.purpose in items[use.item].purposes for use in USES)
    assert len({use.code for use in USES}) == len(USES)


def test_a_draft_states_nothing_L18(draft, bob):
    draft(**NOTICE)
    assert PolicyVersion.objects.filter(policy__slug="privacy", published_at=None).exists()
    assert not may_use(REFERRALS, bob)
