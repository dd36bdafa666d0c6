"""A worker killed during a campaign, at named points, over seeded rounds (R45, R49).

No email is lost. Only the one that was accepted but not yet committed is repeated, with the same
Message-ID.
"""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.mail.backends.locmem import EmailBackend
from django_tasks_db.models import DBTaskResult

from accounts.models import User
from preferences.choices import CampaignState, MessageState, Outcome
from preferences.gate import campaign_sending, delivery, digests
from preferences.models import Campaign, DeliveryDecision, Message, Topic
from preferences.services.campaigns import create_campaign, schedule_campaign
from preferences.services.recipients import choose_digest

ROUNDS = 50
SEED = 20261122
POINTS = ("resolving", "queueing", "claiming", "sending", "accepted", "marking", "marked")
ONCE = ("resolving", "queueing")  # passed once in a campaign
WINDOW = ("accepted", "marking", "marked")  # the transport said yes, the mark is not committed
AGAIN = timedelta(minutes=15)  # every claim has run out, every retry is due


class Killed(BaseException):
    """The process ends here: nothing after this line runs."""


class Nemesis:
    """Kills the worker once, at one point, the n-th time it is passed."""

    def __init__(self, point, passes):
        self.point, self.passes, self.struck = point, passes, False

    def at(self, point):
        if point == self.point and not self.struck:
            self.passes -= 1
            if self.passes < 0:
                self.struck = True
                raise Killed(point)


@pytest.fixture
def accepted():
    return []


@pytest.fixture
def nemesis(monkeypatch, accepted):
    """The named points, wherever they are; out: a function that says who strikes next."""
    current = [Nemesis("never", 0)]

    def around(module, name, before=None, after=None):
        inner = getattr(module, name)

        def watched(*args, **kwargs):
            if before:
                current[0].at(before)
            result = inner(*args, **kwargs)
            if after:
                current[0].at(after)
            return result

        monkeypatch.setattr(module, name, watched)

    around(campaign_sending, "resolve_campaign", before="resolving")
    around(campaign_sending, "queue_messages", after="queueing")
    around(campaign_sending, "_claim_batch", after="claiming")
    around(digests, "_claim", after="claiming")
    around(delivery, "mark", before="marking", after="marked")
    send = EmailBackend.send_messages

    def transport(self, mails):
        current[0].at("sending")
        accepted.extend((mail.extra_headers["Message-ID"], mail.to[0]) for mail in mails)
        done = send(self, mails)
        current[0].at("accepted")
        return done

    monkeypatch.setattr(EmailBackend, "send_messages", transport)
    monkeypatch.setattr(campaign_sending, "BATCH", 3)

    def choose(point, passes):
        current[0] = Nemesis(point, passes)
        return current[0]

    return choose


def work_until_killed(campaign):
    """One worker's afternoon: slices, then digests, as its jobs call them."""
    try:
        for _slice in range(20):
            if not campaign_sending.dispatch(campaign.pk):
                break
        for reader in digests.due_readers():
            digests.deliver_digest(reader)
    except Killed:
        pass


def test_a_campaign_killed_anywhere_loses_and_repeats_nothing_R49(
    transactional_db, deliver, nemesis, accepted
):
    chosen = random.Random(SEED)
    olive = User.objects.get(email="olive@harbour.example")
    newsletter = Topic.objects.get(slug="newsletter")
    for name in ("bob@alder.example", "emma@alder.example"):
        choose_digest(actor=User.objects.get(email=name), digest="daily")
    readers = User.objects.count()
    struck = Counter()
    now = datetime(2027, 3, 1, 8, 30, tzinfo=UTC)
    for _round in range(ROUNDS):
        now += timedelta(days=1)
        accepted.clear()
        with time_machine.travel(now, tick=False) as clock:
            campaign = create_campaign(
                actor=olive, topic=newsletter, subject_en="News", subject_fr="Infos",
                body_en="Text.", body_fr="Texte.",
            )  # fmt: skip
            schedule_campaign(actor=olive, campaign=campaign)
            DBTaskResult.objects.all().delete()  # the worker's jobs die with it
            deaths = Counter()
            for _death in range(2):
                point = chosen.choice(POINTS)
                killer = nemesis(point, 0 if point in ONCE else chosen.randrange(readers))
                work_until_killed(campaign)
                deaths[point] += killer.struck
                clock.shift(AGAIN)
            nemesis("never", 0)
            for _later in range(3):
                clock.shift(AGAIN)
                deliver()
            clock.shift(timedelta(days=1))  # the digests are due
            for _later in range(3):
                clock.shift(AGAIN)
                deliver()
        messages = Message.objects.filter(campaign=campaign)
        assert messages.count() == readers
        assert set(messages.values_list("state", flat=True)) == {MessageState.SENT}
        decided = DeliveryDecision.objects.filter(message__campaign=campaign)
        assert decided.filter(outcome=Outcome.SENT).count() == readers
        ours = dict(messages.values_list("message_id", "address"))
        copies = Counter(key for key, _address in accepted if key in ours)
        assert set(copies) == set(ours), "lost"
        assert Campaign.objects.get(pk=campaign.pk).state == CampaignState.DONE
        repeated = sum(copies.values()) - len(copies)
        inside = sum(deaths[point] for point in WINDOW)
        assert repeated <= inside, "repeated outside the window"
        struck += deaths
    assert set(struck) == set(POINTS), struck
