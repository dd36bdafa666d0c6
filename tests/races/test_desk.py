"""The support desk: of two at one moment, exactly one takes effect (G2, G5)."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.models import CaseAct, DelayedAct, Invitation, Membership, SupportCase
from accounts.services import support
from accounts.services.invitations import accept_invitation, correct_invitation, invite_person
from accounts.services.support import limits
from accounts.services.support.delays import cancel_delayed_act, do_due_acts, hurry_delayed_act
from tests.cases import WHY, confirmed_case, verified_case
from tests.races import test_races, test_recoveries
from tests.races.test_races import ROUNDS, join, new_customer, race, won
from tests.races.test_recoveries import LONG_AGO, events_of

pytestmark = test_races.pytestmark
_on_postgresql, olive = test_races._on_postgresql, test_races.olive
dana = test_recoveries.dana


@pytest.fixture(autouse=True)
def _many_rounds(monkeypatch):
    """One agent has as many cases as there are rounds."""
    for limit in ("MOST_CASES", "MOST_ACTS"):
        monkeypatch.setattr(limits, limit, 100 * ROUNDS)


def member(olive):
    """A company with a member, who has a second factor."""
    customer, main = new_customer(olive)
    bob = join(customer, main, "bob").user
    key = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Key"})
    return customer, main, bob, key


def delayed(olive, dana, ago=LONG_AGO):
    """A factor whose removal waits since so long ago."""
    customer, _main, bob, key = member(olive)
    with time_machine.travel(timezone.now() - ago):
        case = verified_case(dana, bob)
        support.remove_factor(actor=dana, case=case, factor=str(key.pk))
    return customer, bob, key, DelayedAct.objects.get(person=bob)


def test_two_agents_one_delay(olive, dana):
    for _round in range(ROUNDS):
        _customer, _main, bob, key = member(olive)
        cases = [verified_case(agent, bob) for agent in (olive, dana)]

        results = race(
            *(
                lambda case=case, key=key: support.remove_factor(
                    actor=case.opened_by, case=case, factor=str(key.pk)
                )
                for case in cases
            )
        )

        assert won(results) == 1, results
        assert DelayedAct.objects.filter(person=bob).count() == 1


def test_cancel_against_effect(olive, dana):
    for _round in range(ROUNDS):
        customer, bob, key, act = delayed(olive, dana)

        results = race(
            do_due_acts, lambda act=act, bob=bob: cancel_delayed_act(actor=bob, delayed=act)
        )

        act.refresh_from_db()
        is_gone = not Authenticator.objects.filter(pk=key.pk).exists()
        assert act.state == ("done" if is_gone else "cancelled")
        assert results[0] == (1 if is_gone else 0)
        assert (won(results) == 1) == is_gone
        done = ("support.factor_removed", "support.delayed_act_cancelled")
        assert events_of(customer, *done) == 1


def test_two_workers_act_once(olive, dana):
    for _round in range(ROUNDS):
        customer, *_rest = delayed(olive, dana)
        assert sum(race(*[do_due_acts] * 4)) == 1
        assert events_of(customer, "support.factor_removed") == 1


def test_one_agent_hurries_one_delay_twice_while_it_falls_due(olive, dana):
    """Two windows of the agent, and the worker: one effect, and the receipts of one."""
    for _round in range(ROUNDS):
        customer, main, bob, key = member(olive)
        with time_machine.travel(timezone.now() - LONG_AGO):
            case = verified_case(dana, bob)
            act = support.remove_factor(actor=dana, case=case, factor=str(key.pk))
        SupportCase.objects.filter(pk=case.pk).update(
            verification="super_user", verified_at=timezone.now(), verified_by=main.user,
            called_back="",
        )  # fmt: skip

        hurries = [lambda act=act: hurry_delayed_act(actor=dana, delayed=act)] * 2
        results = race(*hurries, do_due_acts)

        assert won(results[:2]) + results[2] == 1, results
        assert events_of(customer, "support.factor_removed") == 1


def test_one_agent_resets_the_password_or_removes_the_factor_G2(olive, dana):
    """Two windows of one agent within the cool-down: one of the two keys, never both."""
    for _round in range(ROUNDS):
        _customer, _main, bob, key = member(olive)
        case = confirmed_case(dana, bob)

        results = race(
            lambda case=case: support.send_reset_link(actor=dana, case=case),
            lambda case=case, key=key: support.remove_factor(
                actor=dana, case=case, factor=str(key.pk)
            ),
        )

        assert won(results) == 1, results
        assert CaseAct.objects.filter(case=case).count() == 1


def test_two_agents_each_turn_one_key_G2(olive, dana):
    """A colleague may do the other one. Then neither of them can do both."""
    for _round in range(ROUNDS):
        customer, _main, bob, key = member(olive)
        hers, his = verified_case(dana, bob), verified_case(olive, bob)

        results = race(
            lambda case=hers: support.send_reset_link(actor=dana, case=case),
            lambda case=his, key=key: support.remove_factor(
                actor=olive, case=case, factor=str(key.pk)
            ),
        )
        crossed = race(
            lambda case=his: support.send_reset_link(actor=olive, case=case),
            lambda case=hers, key=key: support.remove_factor(
                actor=dana, case=case, factor=str(key.pk)
            ),
        )

        assert (won(results), won(crossed)) == (2, 0), (results, crossed)
        assert events_of(customer, "support.reset_link_sent") == 1
        assert DelayedAct.objects.filter(person=bob).count() == 1


def test_one_code_verifies_one_case(olive, dana):
    for _round in range(ROUNDS):
        _customer, _main, bob, _key = member(olive)
        code = support.make_support_code(actor=bob)

        def open_and_verify(agent, bob=bob, code=code):
            case = support.open_case(actor=agent, person=bob, **WHY)
            return support.verify_by_code(actor=agent, case=case, code=code)

        results = race(lambda: open_and_verify(dana), lambda: open_and_verify(olive))

        assert sorted(results) == [False, True], results
        verified = SupportCase.objects.filter(person=bob, verification="hub_code")
        assert verified.count() == 1


def test_one_open_case_of_an_agent(olive, dana):
    for _round in range(ROUNDS):
        _customer, _main, bob, _key = member(olive)
        opened = race(*[lambda bob=bob: support.open_case(actor=dana, person=bob, **WHY)] * 3)

        assert won(opened) == 1, opened


def test_an_invitation_is_corrected_once_or_accepted(olive, dana):
    """By the desk, by the Super User, while whoever has the wrong address accepts."""
    for _round in range(ROUNDS):
        customer, main = new_customer(olive)
        sent = invite_person(
            actor=main.user, customer=customer, address=f"typo@{customer.slug}.example"
        )
        case, right = verified_case(dana, main.user), f"@{customer.slug}.example"

        results = race(
            lambda case=case, sent=sent.pk, right=right: support.correct_invitation(
                actor=dana, case=case, invitation=Invitation.objects.get(pk=sent),
                address=f"desk{right}",
            ),
            lambda main=main, sent=sent.pk, right=right: correct_invitation(
                actor=main.user, invitation=Invitation.objects.get(pk=sent),
                address=f"main{right}",
            ),
            lambda sent=sent: accept_invitation(
                actor=None, token=sent.token, name="Typo", password="a long passphrase 1"
            ),
        )  # fmt: skip

        assert won(results) == 1, results
        corrected = customer.invitations.acceptable().count()
        joined = Membership.objects.filter(customer=customer).count() - 1
        assert corrected + joined == 1
        assert events_of(customer, "invitation.corrected", "invitation.accepted") == 1 + 1


def test_an_idle_case_lapses_or_its_act_is_done(olive, dana, settings):
    settings.HUB_SUPPORT_CASE_DAYS = 1
    for _round in range(ROUNDS):
        _customer, _main, bob, _key = member(olive)
        with time_machine.travel(timezone.now() - timedelta(days=2)):
            case = support.open_case(actor=dana, person=bob, **WHY)
        code = support.make_support_code(actor=bob)

        lapsed, *others = race(
            support.lapse_cases,
            support.lapse_cases,
            lambda case=case, code=code: support.verify_by_code(actor=dana, case=case, code=code),
        )

        case.refresh_from_db()
        assert lapsed + others[0] == (0 if case.is_open else 1)
        assert case.is_verified is case.is_open
        assert (won(others[1:]) == 1) is case.is_open


def test_several_windows_stay_below_the_limit_together_G6(olive, dana, monkeypatch):
    monkeypatch.setattr(limits, "MOST_CASES", 3)
    for round_ in range(ROUNDS):
        customer, main = new_customer(olive)
        people = [join(customer, main, f"p{number}").user for number in range(5)]

        with time_machine.travel(timezone.now() + timedelta(hours=2 * round_)):  # another hour
            results = race(
                *(
                    lambda person=person: support.open_case(actor=dana, person=person, **WHY)
                    for person in people
                )
            )

        assert won(results) == 3, results
