"""One statement answers for one recipient and for all (R19, R42, R43, R46)."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer, Membership, User
from portals.models import Portal, Subscription
from preferences.audience import (
    audience_counts,
    notice_verdicts,
    resolve_campaign,
    topic_verdicts,
    verdicts_on_topics,
)
from preferences.choices import ConsentBasis, Digest, Reason
from preferences.gate.delivery import decide_sending
from preferences.models import (
    Campaign,
    Candidate,
    ConsentRecord,
    CustomerRecipient,
    CustomerTopicDenial,
    Message,
    NoticeClass,
    Recipient,
    Reseller,
    Topic,
)
from preferences.selectors import preference_centre, send_decision_for, verdicts_for_portal

DAY = timedelta(days=1)
LONG = 3 * 365 * DAY  # past every clock
SENDING = {Reason.CHOSE_YES, Reason.IMPLIED, Reason.ADDED_BY_CUSTOMER, Reason.DEFAULT_ON}


# --- The rule once more, in plain Python ---


def present(membership, now):
    ends = membership.ends_at
    return membership.ended_at is None and (ends is None or ends > now)


def live(membership, now):
    trades = membership.customer.status == "active"
    return present(membership, now) and membership.suspended_at is None and trades


def offering(topic, memberships, now):
    """The live memberships in active companies through which a topic is offered."""
    found = [m for m in memberships if live(m, now)]
    if topic.portal is not None:
        found = [
            m
            for m in found
            if Subscription.objects.filter(
                customer=m.customer, portal=topic.portal, status="active"
            ).exists()
        ]
    if topic.resellers_only:
        found = [m for m in found if Reseller.objects.filter(customer=m.customer).exists()]
    return found


def expected(recipient, topic, now, told):
    """Why this reader gets this topic, or does not."""
    person = recipient.user
    memberships = list(Membership.objects.filter(user=person)) if person else []
    offers = offering(topic, memberships, now)
    allowed = [
        m
        for m in offers
        if not CustomerTopicDenial.objects.filter(customer=m.customer, topic=topic).exists()
    ]
    added = topic.basis == "implied" and any(
        CustomerRecipient.objects.filter(membership=m, topic=topic).exists() for m in offers
    )
    related = person is not None and (
        person.is_staff
        or any((m.ended_at or m.ends_at or now) > now - LONG / 3 * 2 for m in memberships)
    )
    said = ConsentRecord.objects.filter(recipient=recipient, topic=topic).order_by("pk").last()
    stop = ConsentRecord.objects.filter(recipient=recipient, topic=None).order_by("pk").last()
    stopped = stop is not None and not stop.wants
    if not topic.active:
        return Reason.TOPIC_CLOSED
    if person is not None and not person.is_active:
        return Reason.ACCOUNT_CLOSED
    companies = {m.customer.status for m in memberships if present(m, now)}
    if companies == {"suspended"}:
        return Reason.SUSPENDED
    if (topic.portal or topic.resellers_only) and not offers:
        return Reason.NOT_THEIRS
    if recipient.unreachable_since:
        return Reason.UNREACHABLE
    if stopped and not (said and said.wants and said.pk > stop.pk):
        return Reason.STOPPED_ALL
    if offers and not allowed:
        return Reason.DENIED
    if said and not said.wants:
        return Reason.CHOSE_NO
    reason = asked(said, topic, added, person, related, now)
    if topic.resellers_only and reason in SENDING and not told:
        return Reason.NOT_TOLD
    if reason in SENDING and recipient.paused_until and recipient.paused_until > now:
        return Reason.PAUSED
    return reason


def served(recipient, portal):
    """Whether a portal hears about somebody: who is in a company that has it, suspended or not."""
    return any(
        present(m, timezone.now())
        and m.customer.subscriptions.filter(portal=portal, status="active").exists()
        for m in Membership.objects.filter(user=recipient.user)
    )


def asked(said, topic, added, person, related, now):
    if said is None:
        if added:
            return Reason.ADDED_BY_CUSTOMER
        if not topic.default_on or person is None:
            return Reason.DEFAULT_OFF
        return Reason.DEFAULT_ON if related else Reason.LAPSED
    if said.basis == ConsentBasis.EXPRESS:
        return Reason.CHOSE_YES
    if topic.basis == "express":
        return Reason.DEFAULT_OFF
    age = now - said.at
    if said.basis == ConsentBasis.INQUIRY and age > 200 * DAY:
        return Reason.LAPSED
    if said.basis in ("purchase", "contract") and age > LONG / 3 * 2 and not related:
        return Reason.LAPSED
    return Reason.IMPLIED


# --- Worlds ---


@dataclass
class Reader:
    """What is drawn for one reader."""

    said: list
    membership: str
    unreachable: bool
    paused: bool
    digest: str
    active: bool
    added: bool


SAYINGS = ["yes", "no", "stop", "resume", *(b.value for b in ConsentBasis)]
readers = st.builds(
    Reader,
    said=st.lists(st.tuples(st.sampled_from(SAYINGS), st.sampled_from([1, 300, 1000])), max_size=4),
    membership=st.sampled_from(["live", "live", "suspended", "ended", "long ago"]),
    unreachable=st.sampled_from([False, False, False, True]),
    paused=st.sampled_from([False, False, True]),
    digest=st.sampled_from(Digest.values),
    active=st.sampled_from([True, True, True, False]),
    added=st.booleans(),
)
topics = st.fixed_dictionaries(
    {
        "active": st.sampled_from([True, True, True, False]),
        "default_on": st.booleans(),
        "express": st.booleans(),
        "portal": st.sampled_from([None, None, "domains", "nowhere"]),
        "resellers_only": st.sampled_from([False, False, True]),
        "told": st.booleans(),
        "denied_by": st.sets(st.sampled_from(["alder", "birch"])),
        "resellers": st.sets(st.sampled_from(["alder", "birch"])),
        "suspended": st.sampled_from([set(), set(), {"alder"}, {"birch"}, {"alder", "birch"}]),
    }
)


def build(reader, recipient, topic, consent):
    for what, days in reader.said:
        at = timezone.now() - days * DAY
        try:
            with transaction.atomic():
                if what in ("stop", "resume"):
                    consent(recipient, None, wants=what == "resume")
                elif what in ("yes", "no"):
                    consent(recipient, topic, wants=what == "yes")
                else:
                    consent(recipient, topic, basis=what, at=at)
        except IntegrityError:
            assert what not in ("yes", "no", "stop", "resume", "express")  # a refusal stands
    Recipient.objects.filter(pk=recipient.pk).update(
        unreachable_since=timezone.now() if reader.unreachable else None,
        paused_until=timezone.now() + DAY if reader.paused else None,
        digest=reader.digest,
    )
    if recipient.user is None:
        return
    User.objects.filter(pk=recipient.user.pk).update(is_active=reader.active)
    mine = Membership.objects.filter(user=recipient.user)
    if reader.added and mine:
        CustomerRecipient.objects.create(membership=mine[0], topic=topic, by=recipient.user)
    changed = {
        "live": {},
        "suspended": {"suspended_at": timezone.now()},
        "ended": {"ended_at": timezone.now() - 300 * DAY},
        "long ago": {"ends_at": timezone.now() - LONG},
    }[reader.membership]
    if changed:
        mine.filter(user__email="bob@alder.example").update(**changed)


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=st.tuples(readers, readers, readers, readers), about=topics)
def test_single_and_bulk_answers_follow_the_rule_R42_R43(
    bob, alice, charlie, olive, alder, birch, newsletter, consent, drawn, about, membership
):
    told = User.objects.all() if about["told"] else User.objects.none()
    with transaction.atomic(), patch("preferences.audience.limits._limits", [lambda: told]):
        sam = Recipient.objects.create(
            address="sam@elsewhere.example", language="fr", address_hash="looked up"
        )
        Membership.objects.create(customer=birch, user=bob, work_name="Bob")  # in two companies
        nowhere = Portal.objects.create(slug="nowhere", label_en="N", label_fr="N", kind="webmail")
        customer_emails = {"alder": alder, "birch": birch}
        Topic.objects.filter(pk=newsletter.pk).update(
            active=about["active"],
            default_on=about["default_on"],
            basis="express" if about["express"] and not about["default_on"] else "implied",
            portal={"nowhere": nowhere, "domains": Portal.objects.get(slug="domains")}.get(
                about["portal"]
            ),
            # A topic for resellers goes to subscribers alone (L63).
            resellers_only=about["resellers_only"] and about["express"] and not about["default_on"],
        )
        for slug in about["denied_by"]:
            CustomerTopicDenial.objects.create(
                customer=customer_emails[slug], topic=newsletter, by=alice
            )
        for slug in about["resellers"]:
            Reseller.objects.create(customer=customer_emails[slug])
        Customer.objects.filter(slug__in=about["suspended"]).update(status="suspended")
        them = [bob.recipient, charlie.recipient, olive.recipient, sam]
        for reader, recipient in zip(drawn, them, strict=True):
            build(reader, recipient, newsletter, consent)

        keys = [recipient.pk for recipient in them]
        everyone = Recipient.objects.filter(pk__in=keys)
        topic = Topic.objects.get(pk=newsletter.pk)
        rule = {
            r.pk: expected(r, topic, timezone.now(), about["told"])
            for r in everyone.select_related("user")
        }
        verdicts = topic_verdicts(topics=Topic.objects.filter(pk=topic.pk), recipients=everyone)
        assert {v.recipient_id: v.reason for v in verdicts} == rule
        assert {v.recipient_id: v.send for v in verdicts} == {
            key: reason in SENDING for key, reason in rule.items()
        }
        for recipient in everyone:
            answer = send_decision_for(recipient, topic)
            assert (answer.send, answer.reason) == (
                rule[recipient.pk] in SENDING,
                rule[recipient.pk],
            )
        assert audience_counts(category=topic, recipients=everyone) == Counter(rule.values())
        for recipient in them:
            of_all = topic_verdicts(topics=Topic.objects.all(), recipients=[recipient.pk])
            assert sorted(verdicts_on_topics(recipient.pk)) == sorted(of_all)

        # a portal hears the same of whom it serves, of many or of one, and nothing of the others
        domains = Portal.objects.get(slug="domains")
        people = [recipient for recipient in them if recipient.user]
        subs = [str(recipient.user.sub) for recipient in people]
        for category in (topic, NoticeClass.objects.get(code="legal")):
            told = verdicts_for_portal(domains, category, subs)
            for recipient, sub, verdict in zip(people, subs, told, strict=True):
                assert verdicts_for_portal(domains, category, [sub]) == [verdict]
                assert (verdict is not None) == served(recipient, domains)
                if verdict is not None and category is topic:
                    assert verdict.reason == rule[recipient.pk]
                elif verdict is not None:
                    assert verdict.send

        # and none of all this is looked at for mandatory mail (R42)
        for verdict in notice_verdicts(recipients=everyone):
            assert verdict.send
            unreachable = everyone.get(pk=verdict.recipient_id).unreachable_since
            assert verdict.reason == (Reason.ESCALATE if unreachable else Reason.MANDATORY)
        for recipient in everyone:
            message = Message(recipient=recipient, address=recipient.email, notice_class_id="legal")
            assert decide_sending(message).send
            message = Message(recipient=recipient, address=recipient.email, topic=topic)
            assert decide_sending(message).reason == rule[recipient.pk]
        transaction.set_rollback(True)


# --- Stories ---


def test_company_and_person_must_both_agree_R43(
    bob, alice, alder, birch, promotions, newsletter, consent
):
    consent(bob.recipient, promotions)
    CustomerTopicDenial.objects.create(customer=alder, topic=promotions, by=alice)
    assert send_decision_for(bob.recipient, promotions).reason == Reason.DENIED
    # who belongs to a second company that does not mind gets it there
    Membership.objects.create(customer=birch, user=bob, work_name="Bob")
    assert send_decision_for(bob.recipient, promotions).send
    # a company adds recipients, never over their opt-out
    mine = Membership.objects.get(user=alice)
    CustomerRecipient.objects.create(membership=mine, topic=newsletter, by=alice)
    assert send_decision_for(alice.recipient, newsletter).reason == Reason.ADDED_BY_CUSTOMER
    consent(alice.recipient, newsletter, wants=False)
    assert send_decision_for(alice.recipient, newsletter).reason == Reason.CHOSE_NO


def test_a_digest_changes_when_and_not_whether(bob, newsletter):
    Recipient.objects.filter(user=bob).update(digest=Digest.WEEKLY)
    [verdict] = topic_verdicts(
        topics=Topic.objects.filter(pk=newsletter.pk),
        recipients=Recipient.objects.filter(user=bob),
    )
    assert (verdict.send, verdict.digest) == (True, "weekly")


@pytest.mark.parametrize("mandatory", [False, True])
def test_a_campaign_has_a_decision_for_everyone_once_R46_R49(
    olive, bob, newsletter, consent, mandatory, django_assert_num_queries
):
    no = consent(bob.recipient, newsletter, wants=False)
    category = {"notice_class_id": "legal"} if mandatory else {"topic": newsletter}
    campaign = Campaign.objects.create(created_by=olive, subject_en="A", **category)
    everyone = Recipient.objects.all()
    count = everyone.count()
    with django_assert_num_queries(4):  # savepoint, lock, one statement, release
        assert resolve_campaign(campaign=campaign, recipients=everyone) == count
    assert resolve_campaign(campaign=campaign, recipients=everyone) == 0
    row = Candidate.objects.get(recipient=bob.recipient)
    if mandatory:
        assert set(Candidate.objects.values_list("send", "reason")) == {(True, "mandatory")}
    else:
        assert (row.send, row.reason, row.consent) == (False, "chose_no", no)
    counts = audience_counts(category=campaign.topic, recipients=everyone)
    assert counts == Counter(map(Reason, Candidate.objects.values_list("reason", flat=True)))


@pytest.mark.parametrize(("early", "paused"), [(1, True), (0, False)])
def test_a_pause_ends_in_its_moment(bob, newsletter, early, paused):
    until = timezone.now() + DAY
    Recipient.objects.filter(user=bob).update(paused_until=until)
    with time_machine.travel(until - timedelta(microseconds=early), tick=False):
        verdict = send_decision_for(bob.recipient, newsletter)
        assert (verdict.reason == Reason.PAUSED) is paused
        assert (preference_centre(bob).paused_until is not None) is paused
