"""Attacks on the support desk: on its brakes, its verification, and its second company."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from django.utils import timezone

from accounts.adapters import AccountAdapter
from accounts.models import Customer, DelayedAct, Membership, SupportCase, User
from accounts.services import recoveries, support
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.invitations.sending import make_invitation
from accounts.services.support.delays import (
    cancel_delayed_act,
    do_due_acts,
    hurry_delayed_act,
)

WHY = {"ticket": "T-9", "reason": "Lost telephone."}
BY_PHONE = {"verification": "call_back", "called_back": "company"}
NEW, THIEFS = "bob.tremblay@alder.example", "second@evil.example"
PASSWORD = "Thief-thief-42!x"


def opened(agent, person, *, by=None, customer=None) -> SupportCase:
    """Open a case whose caller was called back, or confirmed `by` a Super User."""
    case = support.open_case(actor=agent, person=person, customer=customer, **WHY)
    proof = {"verification": "super_user", "verified_by": by} if by else BY_PHONE
    SupportCase.objects.filter(pk=case.pk).update(
        **{"verified_by": agent, "verified_at": timezone.now(), **proof}
    )
    case.refresh_from_db()
    return case


def confirmed(agent, person, by, customer) -> SupportCase:
    case = support.open_case(actor=agent, person=person, customer=customer, **WHY)
    question = support.ask_super_users(actor=agent, case=case)
    support.answer_confirmation(
        actor=by, question=question, is_right=True, signed_in_at=timezone.now()
    )
    case.refresh_from_db()
    return case


def key_of(person) -> Authenticator:
    return Authenticator.objects.create(user=person, type="webauthn", data={"name": "Blue key"})


@pytest.fixture
def waiting(dana, bob) -> DelayedAct:
    """The removal of Bob's passkey, which waits."""
    return support.remove_factor(actor=dana, case=opened(dana, bob), factor=str(key_of(bob).pk))


# --- What waits ---


def test_a_denial_cancels_what_waits_in_every_case_G5(dana, olive, alice, bob, waiting):
    other = support.open_case(actor=olive, person=bob, **WHY)
    question = support.ask_super_users(actor=olive, case=other)
    support.answer_confirmation(actor=alice, question=question, is_right=False, signed_in_at=None)
    waiting.refresh_from_db()

    assert waiting.state == "cancelled"


def test_the_agent_cancels_after_the_case_is_closed_too_G5(dana, waiting):
    support.close_case(actor=dana, case=waiting.case, outcome="helped")
    cancel_delayed_act(actor=dana, delayed=waiting)
    waiting.refresh_from_db()

    assert waiting.state == "cancelled"


def test_a_caller_who_was_not_verified_after_all_gets_nothing_later_G5(dana, waiting):
    support.close_case(actor=dana, case=waiting.case, outcome="not_verified")
    waiting.refresh_from_db()

    assert waiting.state == "cancelled"


def test_the_cool_down_runs_from_the_effect_G2(dana, bob, waiting, time_machine):
    time_machine.move_to(waiting.takes_effect_at + timedelta(seconds=1))
    do_due_acts()
    assert not Authenticator.objects.filter(user=bob).exists()
    support.close_case(actor=dana, case=waiting.case, outcome="helped")

    with pytest.raises(support.SupportRefused) as refused:
        support.send_reset_link(actor=dana, case=opened(dana, bob))
    assert refused.value.code == "both"


def test_what_waits_longer_than_the_cool_down_still_counts_G2(
    dana, alice, bob, settings, time_machine
):
    settings.HUB_SUPPORT_DELAY_HOURS = 48
    case = opened(dana, bob)
    support.remove_factor(actor=dana, case=case, factor=str(key_of(bob).pk))
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    SupportCase.objects.filter(pk=case.pk).update(verified_at=timezone.now())

    with pytest.raises(support.SupportRefused) as refused:
        support.send_reset_link(actor=dana, case=SupportCase.objects.get(pk=case.pk))
    assert refused.value.code == "both"


# --- An address that was corrected to a thief's ---


@pytest.fixture
def corrected(dana, alice, bob, deliver, as_):
    """Bob's address is the thief's by now. Returns the path that cancels it."""
    case = opened(dana, bob, by=alice)
    support.correct_address(actor=dana, case=case, address=NEW)
    mails = {mail.to[0]: mail.body for mail in deliver()}
    proof = re.search(r"http://[^/\s]+(/accounts/confirm-email/\S+)", mails[NEW])[1]
    cancel = re.search(r"http://[^/\s]+(/address-correction/\S+)", mails["bob@alder.example"])[1]
    as_(None).post(proof)
    assert User.objects.get(pk=bob.pk).email == NEW
    return cancel


def test_a_cancelled_correction_takes_the_thiefs_keys_away_G5(corrected, bob, deliver, as_):
    bob.refresh_from_db()
    bob.set_password(PASSWORD)
    bob.save()
    key_of(bob)

    as_(None).post(corrected)
    visitor = as_(None)
    visitor.post("/accounts/login/", {"login": "bob@alder.example", "password": PASSWORD})

    assert visitor.get("/profile/").status_code == 302
    assert not Authenticator.objects.filter(user=bob).exists()
    assert User.objects.get(pk=bob.pk).email == "bob@alder.example"
    assert [mail.to for mail in deliver() if "/accounts/password/reset/key/" in mail.body] == [
        ["bob@alder.example"]
    ]


def test_it_is_cancelled_wherever_the_thief_moved_on_to_G5(corrected, bob, as_):
    row = EmailAddress.objects.create(user=bob, email=THIEFS, verified=False, primary=False)
    as_(None).post(f"/accounts/confirm-email/{EmailConfirmationHMAC(row).key}/")
    assert User.objects.get(pk=bob.pk).email == THIEFS

    as_(None).post(corrected)
    assert User.objects.get(pk=bob.pk).email == "bob@alder.example"


def test_a_link_that_cancelled_once_undoes_no_later_change_G5(corrected, bob, as_):
    as_(None).post(corrected)
    row = EmailAddress.objects.create(user=bob, email=THIEFS, verified=False, primary=False)
    as_(None).post(f"/accounts/confirm-email/{EmailConfirmationHMAC(row).key}/")

    as_(None).post(corrected)
    assert User.objects.get(pk=bob.pk).email == THIEFS


def links_of(dana, alice, bob, deliver):
    support.correct_address(actor=dana, case=opened(dana, bob, by=alice), address=NEW)
    mails = {mail.to[0]: mail.body for mail in deliver()}
    proof = re.search(r"http://[^/\s]+(/accounts/confirm-email/\S+)", mails[NEW])[1]
    cancel = re.search(r"http://[^/\s]+(/address-correction/\S+)", mails["bob@alder.example"])[1]
    return proof, cancel


def test_a_cancel_between_the_reading_and_the_writing_wins_G5(
    dana, alice, bob, deliver, as_, monkeypatch
):
    proof, cancel = links_of(dana, alice, bob, deliver)
    confirm = AccountAdapter.confirm_email

    def late(self, request, email_address):
        as_(None).post(cancel)
        return confirm(self, request, email_address)

    monkeypatch.setattr(AccountAdapter, "confirm_email", late)
    as_(None).post(proof)

    assert User.objects.get(pk=bob.pk).email == "bob@alder.example"
    assert not EmailAddress.objects.filter(email=NEW).exists()


def test_who_became_staff_keeps_their_address_G7(dana, alice, bob, deliver, as_):
    proof, _cancel = links_of(dana, alice, bob, deliver)
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    as_(None).post(proof)

    assert User.objects.get(pk=bob.pk).email == "bob@alder.example"


# --- Invitations, and another company ---


@pytest.fixture
def pending(alice, alder):
    """An invitation of a second Super User, to a mistyped address."""
    return invite_person(
        actor=alice, customer=alder, address="typo@alder.example", role="super_user"
    )


def test_a_super_users_invitation_takes_a_super_users_word(dana, alice, pending):
    with pytest.raises(support.SupportRefused) as refused:
        support.correct_invitation(
            actor=dana, case=opened(dana, alice), invitation=pending, address="zoe@alder.example"
        )
    assert refused.value.code == "verification"


def test_no_invitation_is_led_to_staff(dana, alice, bob, alder, membership):
    invitation = invite_person(actor=alice, customer=alder, address="typo@alder.example")
    with pytest.raises(support.SupportRefused) as refused:
        support.correct_invitation(
            actor=dana, case=opened(dana, alice), invitation=invitation, address=dana.email
        )
    assert "address" in refused.value.message_dict


@pytest.fixture
def in_both(alice, birch):
    """Alder's Super User is a plain member of Birch too."""
    return Membership.objects.create(user=alice, customer=birch, work_name="Alice")


def test_a_case_of_one_company_corrects_no_invitation_of_another(
    dana, alice, charlie, birch, in_both, pending
):
    case = confirmed(dana, alice, charlie, birch)
    with pytest.raises(support.SupportRefused):
        support.correct_invitation(
            actor=dana, case=case, invitation=pending, address="zoe@alder.example"
        )


def test_the_word_of_one_company_is_not_enough_for_two(dana, alice, charlie, birch, in_both):
    case, key = confirmed(dana, alice, charlie, birch), key_of(alice)
    delayed = support.remove_factor(actor=dana, case=case, factor=str(key.pk))

    assert delayed is not None and delayed.is_waiting
    with pytest.raises(support.SupportRefused) as refused:
        hurry_delayed_act(actor=dana, delayed=delayed)
    assert refused.value.code == "companies"


# --- Numbers on file ---


def test_a_number_that_came_with_an_invitation_is_too_new_G9(dana, alice, charlie, alder):
    invitation = make_invitation(
        actor=alice, customer=alder, address=charlie.email, work_phone="+1 416 555 0199"
    )
    accept_invitation(actor=charlie, token=invitation.token)
    case = support.open_case(actor=dana, person=charlie, customer=alder, **WHY)
    with pytest.raises(support.SupportRefused):
        support.verify_by_call_back(actor=dana, case=case, phone="work")


@pytest.mark.parametrize("ended", ["membership", "company"])
def test_the_number_of_a_company_that_is_over_verifies_nobody_G9(ended, dana, bob, alder):
    Customer.objects.filter(pk=alder.pk).update(phone="+1 416 555 0100")
    case = support.open_case(actor=dana, person=bob, **WHY)
    if ended == "membership":
        Membership.objects.filter(user=bob).update(ended_at=timezone.now())
    else:
        Customer.objects.filter(pk=alder.pk).update(status="closed")
    with pytest.raises(support.SupportRefused):
        support.verify_by_call_back(actor=dana, case=case, phone="company")


def test_a_verification_that_lapsed_is_no_bar_to_another(dana, alice, bob, alder, time_machine):
    case = opened(dana, bob, by=alice)
    Customer.objects.filter(pk=alder.pk).update(phone="+1 416 555 0100")
    time_machine.move_to(timezone.now() + timedelta(days=1))

    support.verify_by_call_back(actor=dana, case=case, phone="company")
    case.refresh_from_db()
    assert case.verification == "call_back"


# --- Recovery ---


def test_nobody_who_became_staff_takes_over_a_company_C5(dana, olive, alder, time_machine):
    now = timezone.now()
    others = Membership.objects.filter(customer=alder, role="super_user")
    others.exclude(pk=alder.main_super_user_id).update(role="user")
    recovery = recoveries.propose_recovery(
        actor=dana, customer=alder, address="new@alder.example", name="New", ticket="T",
        evidence="E", proof="P", signed_in_at=now,
    )  # fmt: skip
    recoveries.approve_recovery(actor=olive, recovery=recovery, signed_in_at=now)
    User.objects.create(email="new@alder.example", name="New", is_staff=True)
    recovery.refresh_from_db()
    time_machine.move_to(recovery.takes_effect_at)
    recoveries.offer_due_recoveries()
    recovery.refresh_from_db()

    assert recovery.state != "offered"
