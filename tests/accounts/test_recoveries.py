"""A company whose only Super User is gone gets a new one: two of the staff, and time to object."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Invitation, Membership, SuperUserRecovery
from accounts.permissions import FreshSignInRequired
from accounts.selectors import sentence_of
from accounts.services.invitations import InvitationRefused, accept_invitation
from accounts.services.memberships import change_role, remove_membership, suspend_membership
from accounts.services.recoveries import (
    RecoveryRefused,
    accept_recovery,
    approve_recovery,
    lapse_recoveries,
    offer_due_recoveries,
    propose_recovery,
    stop_recovery,
    withdraw_recovery,
)
from accounts.tokens import recovery_token

WHY = {
    "ticket": "T-2001",
    "evidence": "The register names Bob Tremblay as director.",
    "proof": "Register extract 311-44",
}


def propose(actor, customer, address, **more):
    fields = {"name": "", "signed_in_at": timezone.now(), **WHY, **more}
    return propose_recovery(actor=actor, customer=customer, address=address, **fields)


def approve(actor, recovery):
    return approve_recovery(actor=actor, recovery=recovery, signed_in_at=timezone.now())


def accept(actor, recovery):
    return accept_recovery(actor=actor, recovery=recovery, signed_in_at=timezone.now())


@pytest.fixture
def proposed(dana, alder, bob):
    """Dana proposes Bob, a user."""
    return propose(dana, alder, bob.email)


@pytest.fixture
def waiting(proposed, olive):
    return approve(olive, proposed)


@pytest.fixture
def offered(waiting, time_machine):
    time_machine.move_to(waiting.takes_effect_at)
    assert offer_due_recoveries() == 1
    return again(waiting)


def again(recovery):
    return SuperUserRecovery.objects.get(pk=recovery.pk)


def unchanged(alder, alice):
    assert Customer.objects.get(pk=alder.pk).main_super_user.user == alice


def test_a_recovery_from_proposal_to_acceptance_by_a_member(
    proposed, dana, olive, alder, alice, bob, emma, deliver, time_machine
):
    assert deliver() == []  # nobody of the company is told before a colleague approves
    waiting = approve(olive, proposed)

    told = {mail.to[0]: mail for mail in deliver()}
    assert set(told) == {alice.email, bob.email, emma.email}
    assert "in place of you" in told[alice.email].subject
    assert "Takes over: You" in told[bob.email].body
    assert all("/recoveries/" in mail.body for mail in told.values())
    unchanged(alder, alice)

    time_machine.move_to(waiting.takes_effect_at - timedelta(seconds=1), tick=False)
    assert offer_due_recoveries() == 0
    before = len(deliver())
    time_machine.move_to(waiting.takes_effect_at, tick=False)
    assert offer_due_recoveries() == 1
    assert offer_due_recoveries() == 0  # once
    sent = [mail for mail in deliver()[before:] if "become the main Super User" in mail.subject]
    assert [mail.to for mail in sent] == [[bob.email]]
    unchanged(alder, alice)

    accept(bob, waiting)

    alder.refresh_from_db()
    assert alder.main_super_user.user == bob
    assert alder.main_super_user.role == "super_user"
    assert Membership.objects.get(user=alice).is_live  # the new one decides about the former
    kinds = AuditEvent.objects.filter(kind__startswith="recovery.").order_by("pk")
    assert [event.kind for event in kinds] == [
        "recovery.proposed", "recovery.approved", "recovery.offered", "recovery.done",
    ]  # fmt: skip
    assert sentence_of(kinds[0]).startswith("Dana Okafor proposed Bob")
    assert {mail.to[0] for mail in deliver()[before + 1 :]} == {alice.email, bob.email}


def test_somebody_new_takes_over_by_invitation(dana, olive, alder, alice, deliver, time_machine):
    recovery = approve(olive, propose(dana, alder, "notary@law.example", name="Nora Roy"))
    time_machine.move_to(recovery.takes_effect_at)
    offer_due_recoveries()

    [mail] = [mail for mail in deliver() if mail.to == ["notary@law.example"]]
    assert "because Alice Martin can no longer" in mail.body
    token = mail.body.split("/invitations/")[1].split("/")[0]

    member = accept_invitation(
        actor=None, token=token, name="Nora Roy", password="three unrelated words"
    )

    alder.refresh_from_db()
    assert alder.main_super_user == member
    assert again(recovery).state == "done"
    assert deliver()[-1].to == [alice.email]


def test_a_member_keeps_their_name_and_somebody_new_gets_the_proposed_one(dana, alder, bob):
    recovery = propose(dana, alder, bob.email, name="Somebody Else")
    assert (recovery.member.user, recovery.name, recovery.address) == (bob, "", "")
    withdraw_recovery(actor=dana, recovery=recovery)

    recovery = propose(dana, alder, "notary@law.example", name="Nora Roy")
    assert (recovery.member, recovery.name) == (None, "Nora Roy")
    assert recovery.address == "notary@law.example"


def test_staff_recovery_is_two_person_and_audited_C5(proposed, dana, alice, alder, events):
    before = events()
    with pytest.raises(RecoveryRefused) as refusal:
        approve(dana, proposed)

    assert refusal.value.code == "own"
    assert (again(proposed).state, events()) == ("proposed", before)
    now = timezone.now()
    facts = {"state": "waiting", "approved_at": now, "takes_effect_at": now + timedelta(hours=1)}
    with pytest.raises(IntegrityError), transaction.atomic():  # by the database too
        SuperUserRecovery.objects.filter(pk=proposed.pk).update(approved_by=dana, **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        SuperUserRecovery.objects.filter(pk=proposed.pk).update(state="offered", offered_at=now)
    unchanged(alder, alice)


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
@pytest.mark.parametrize("act", ["propose", "approve", "withdraw"])
def test_only_the_desk_may(act, who, request, proposed, birch, events):
    actor, before = request.getfixturevalue(who), events()
    acts = {
        "propose": lambda: propose(actor, birch, "new@birch.example"),
        "approve": lambda: approve(actor, proposed),
        "withdraw": lambda: withdraw_recovery(actor=actor, recovery=proposed),
    }
    with pytest.raises(PermissionDenied):
        acts[act]()
    assert events() == before


def test_proposal_and_approval_want_a_fresh_sign_in(dana, olive, alder, bob):
    with pytest.raises(FreshSignInRequired):
        propose(dana, alder, bob.email, signed_in_at=None)
    recovery = propose(dana, alder, bob.email)
    with pytest.raises(FreshSignInRequired):
        approve_recovery(actor=olive, recovery=recovery, signed_in_at=None)
    assert again(recovery).state == "proposed"


@pytest.mark.parametrize("field", ["ticket", "evidence", "proof"])
@pytest.mark.parametrize("value", ["", "  ", "a\x07b", "x" * 501])
def test_a_proposal_needs_ticket_evidence_and_proof(field, value, dana, alder, bob, events):
    before = events()
    with pytest.raises(ValidationError) as refusal:
        propose(dana, alder, bob.email, **{field: value})
    assert list(refusal.value.message_dict) == [field]
    assert events() == before


@pytest.mark.parametrize("act", ["propose", "approve"])
def test_staff_who_belong_to_the_company_decide_nothing_about_it(act, dana, olive, alder, bob):
    recovery = propose(dana, alder, bob.email) if act == "approve" else None
    Membership.objects.create(user=olive, customer=alder, work_name="Olive")
    with pytest.raises(RecoveryRefused) as refused:
        approve(olive, recovery) if recovery else propose(olive, alder, bob.email)

    assert refused.value.code == "insider"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("alice@alder.example", "main Super User already"),
        ("dana@harbour.example", "Staff never"),
        ("nobody", "email address is not complete"),
    ],
)
def test_some_people_can_not_be_proposed(address, text, dana, alder):
    with pytest.raises(RecoveryRefused, match=text):
        propose(dana, alder, address)


def test_a_suspended_or_leaving_member_can_not_be_proposed(dana, alice, alder, bob, membership):
    suspend_membership(actor=alice, membership=membership(bob))
    with pytest.raises(RecoveryRefused, match="stays"):
        propose(dana, alder, bob.email)


def test_where_another_super_user_can_act_only_they_can_be_proposed(
    dana, olive, alder, alice, bob, join
):
    gina = join("gina", role="super_user")
    for address in (bob.email, "new@alder.example"):
        with pytest.raises(RecoveryRefused, match="Gina"):
            propose(dana, alder, address)
    assert propose(dana, alder, gina.email).member.user == gina


def test_a_super_user_who_comes_meanwhile_overtakes_the_recovery(
    proposed, waiting, alice, emma, membership, time_machine, alder
):
    change_role(actor=alice, membership=membership(emma), role="super_user")
    time_machine.move_to(waiting.takes_effect_at)

    assert offer_due_recoveries() == 0

    assert again(waiting).state == "lapsed"
    unchanged(alder, alice)


def test_one_recovery_at_a_time(proposed, olive, alder, emma):
    with pytest.raises(RecoveryRefused, match="open already"):
        propose(olive, alder, emma.email)
    withdraw_recovery(actor=olive, recovery=proposed)
    assert propose(olive, alder, emma.email).is_open


@pytest.mark.parametrize("who", ["alice", "emma", "bob"])
def test_any_member_stops_it_and_the_desk_is_alarmed(
    who, request, waiting, dana, olive, alder, alice, deliver
):
    member = request.getfixturevalue(who)
    before = len(deliver())

    stop_recovery(actor=member, recovery=waiting, membership=Membership.objects.get(user=member))

    assert again(waiting).state == "stopped"
    told = {mail.to[0] for mail in deliver()[before:]}
    assert told == {dana.email, olive.email, alice.email, member.email}
    assert AuditEvent.objects.filter(kind="recovery.stopped", customer=alder).count() == 1
    with pytest.raises(RecoveryRefused):
        approve(olive, waiting)


def test_a_stranger_a_leaver_and_another_member_stop_nothing(
    waiting, alice, bob, emma, charlie, membership
):
    acts = [
        (charlie, membership(charlie)),
        (bob, membership(emma)),
    ]
    for actor, member in acts:
        with pytest.raises(PermissionDenied):
            stop_recovery(actor=actor, recovery=waiting, membership=member)
    place = membership(emma)
    remove_membership(actor=alice, membership=place)
    with pytest.raises(PermissionDenied):
        stop_recovery(actor=None, recovery=waiting, membership=place)
    assert again(waiting).state == "waiting"


def test_a_stopped_offer_can_not_be_accepted(offered, bob, alice, alder, membership):
    stop_recovery(actor=alice, recovery=offered, membership=membership(alice))
    with pytest.raises(RecoveryRefused):
        accept(bob, offered)
    unchanged(alder, alice)


def test_the_invitation_of_a_stopped_recovery_is_useless(
    dana, olive, alder, alice, membership, time_machine, deliver
):
    recovery = approve(olive, propose(dana, alder, "notary@law.example"))
    time_machine.move_to(recovery.takes_effect_at)
    offer_due_recoveries()
    [mail] = [mail for mail in deliver() if mail.to == ["notary@law.example"]]
    token = mail.body.split("/invitations/")[1].split("/")[0]
    stop_recovery(actor=alice, recovery=recovery, membership=membership(alice))

    with pytest.raises(InvitationRefused):
        accept_invitation(actor=None, token=token, name="Nora", password="three unrelated words")

    assert Invitation.objects.get(address="notary@law.example").revoked_at
    unchanged(alder, alice)


@pytest.mark.parametrize("who", ["alice", "emma", "charlie", "dana"])
def test_only_the_successor_accepts(who, request, offered, alder, alice, events):
    before = events()
    with pytest.raises(PermissionDenied):
        accept(request.getfixturevalue(who), offered)
    assert events() == before
    unchanged(alder, alice)


def test_acceptance_is_early_late_or_twice_refused(waiting, bob, alder, alice, time_machine):
    with pytest.raises(RecoveryRefused):
        accept(bob, waiting)
    time_machine.move_to(waiting.takes_effect_at)
    offer_due_recoveries()
    time_machine.move_to(again(waiting).expires_at)
    with pytest.raises(RecoveryRefused, match="too old"):
        accept(bob, waiting)
    assert lapse_recoveries() == 1
    assert again(waiting).state == "lapsed"
    unchanged(alder, alice)


def test_a_proposal_that_nobody_approves_runs_out(proposed, olive, time_machine):
    time_machine.move_to(proposed.expires_at)
    with pytest.raises(RecoveryRefused, match="too old"):
        approve(olive, proposed)
    assert lapse_recoveries() == 1
    assert again(proposed).state == "lapsed"


# --- Pages ---


def test_the_pages_of_the_desk(as_, fresh, dana, olive, alder, bob, alice):
    page = reverse("accounts:desk-recovery", args=["alder"])
    html = as_(dana).get(page).content.decode()
    assert "Propose the recovery" in html
    answer = fresh(dana).post(page, {"address": bob.email, "name": "", **WHY})
    assert answer.status_code == 302
    html = as_(dana).get(page).content.decode()
    assert "a colleague approves it" in html
    assert "Approve the recovery" not in html
    assert "Alder Dental" in as_(olive).get(reverse("accounts:desk-recoveries")).content.decode()
    assert "Approve the recovery" in as_(olive).get(page).content.decode()
    recovery = SuperUserRecovery.objects.get()
    fresh(olive).post(reverse("accounts:desk-recovery-approve", args=[recovery.uuid]))
    assert again(recovery).state == "waiting"
    assert "Waiting until" in as_(dana).get(page).content.decode()


def test_a_refused_proposal_shows_its_form_again(as_, dana, alder, alice):
    page = reverse("accounts:desk-recovery", args=["alder"])
    html = as_(dana).post(page, {"address": alice.email, "name": "", **WHY}).content.decode()
    assert "main Super User already" in html
    assert not SuperUserRecovery.objects.exists()


def test_the_company_sees_it_on_home_and_the_lost_one_stops_it_at_once(
    as_, waiting, alice, bob, emma, charlie
):
    page = reverse("accounts:recovery", args=["alder", waiting.uuid])
    assert page in as_(emma).get("/").content.decode()
    assert page not in as_(charlie).get("/").content.decode()
    assert as_(charlie).get(page).status_code == 404
    assert "Stop the recovery" in as_(emma).get(page).content.decode()
    stop = reverse("accounts:recovery-stop", args=["alder", waiting.uuid])
    assert stop in as_(alice).get("/").content.decode()

    as_(alice).post(stop)

    assert again(waiting).state == "stopped"
    assert stop not in as_(alice).get("/").content.decode()


def test_the_successor_accepts_on_the_page(as_, fresh, offered, bob, alder):
    page = reverse("accounts:recovery", args=["alder", offered.uuid])
    html = as_(bob).get(page).content.decode()
    assert "Accept the role" in html

    answer = fresh(bob).post(reverse("accounts:recovery-accept", args=["alder", offered.uuid]))

    assert answer.url == reverse("accounts:company", args=["alder"])
    alder.refresh_from_db()
    assert alder.main_super_user.user == bob


def test_the_link_stops_it_without_a_sign_in(client, waiting, emma, membership):
    link = reverse(
        "accounts:recovery-stop-by-link", args=[recovery_token(waiting, membership(emma))]
    )
    html = client.get(link).content.decode()
    assert "Stop the recovery of Alder Dental?" in html
    assert again(waiting).state == "waiting"  # a GET changes nothing

    assert "is stopped" in client.post(link).content.decode()

    assert again(waiting).state == "stopped"
    answer = client.post(link)  # replayed
    assert answer.status_code == 409
    assert client.get(link).status_code == 200


@pytest.mark.parametrize("spoil", [lambda t: t[:-2], lambda t: "x" + t, lambda t: "x" * 40])
def test_a_spoilt_link_says_nothing(spoil, client, waiting, emma, membership):
    token = spoil(recovery_token(waiting, membership(emma)))
    answer = client.post(reverse("accounts:recovery-stop-by-link", args=[token]))
    assert answer.status_code == 404
    assert "Alder" not in answer.content.decode()
    assert again(waiting).state == "waiting"
