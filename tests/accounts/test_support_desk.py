"""Support gives people back their access and never holds it (G1, G3, G4, G6, G7)."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.choices import SUFFICIENT_FOR, CaseOutcome, SupportAct, Verification
from accounts.models import AuditEvent, CaseAct, User
from accounts.services import support
from accounts.services.audit import record_event
from accounts.services.invitations import invite_person
from accounts.services.support.limits import MOST_ACTS
from accounts.services.support.viewings import begin_viewing
from hub.limits import ACCOUNT_RATE_LIMITS
from tests.cases import WHY, verified_case

ACTS = {
    SupportAct.RESET_LINK: support.send_reset_link,
    SupportAct.END_SESSIONS: support.end_all_sessions,
    SupportAct.UNLOCK: support.lift_sign_in_limits,
    SupportAct.REMOVE_FACTOR: support.remove_factor,
    SupportAct.CORRECT_ADDRESS: support.correct_address,
    SupportAct.RESEND_INVITATION: support.resend_invitation,
    SupportAct.CORRECT_INVITATION: support.correct_invitation,
    SupportAct.SUSPEND: support.suspend_person,
    SupportAct.RESTORE: support.restore_person,
    SupportAct.STOP_COMPANY_SIGN_IN: support.switch_off_company_sign_in,
    SupportAct.VIEW_PAGES: begin_viewing,
}
each_act = pytest.mark.parametrize("act", SupportAct)


@pytest.fixture
def values(bob, emma, alice, alder):
    """Return a function that gives what an act needs for a person beside its case."""

    def prepare(act, person):
        if act == SupportAct.REMOVE_FACTOR:
            factor = Authenticator.objects.create(
                user=person, type="webauthn", data={"name": "Blue key"}
            )
            return {"factor": str(factor.pk)}
        if act == SupportAct.CORRECT_ADDRESS:
            return {"address": "right@alder.example"}
        if act == SupportAct.RESEND_INVITATION:
            sent = invite_person(actor=alice, customer=alder, address=f"{act}@alder.example")
            sent.invited_by = person if person.pk == alice.pk else alice
            return {"invitation": sent}
        if act == SupportAct.CORRECT_INVITATION:
            sent = invite_person(actor=alice, customer=alder, address="typo@alder.example")
            return {"invitation": sent, "address": "right@alder.example"}
        if act == SupportAct.VIEW_PAGES:
            return {"signed_in_at": timezone.now()}
        if act == SupportAct.RESTORE:
            User.objects.filter(pk=person.pk).update(is_active=False, suspended_at=timezone.now())
        return {}

    return prepare


def state():
    """All that an act could change, but the log of refusals."""
    return (
        list(CaseAct.objects.values_list()),
        list(User.objects.order_by("pk").values_list()),
        list(EmailAddress.objects.order_by("pk").values_list()),
        list(Authenticator.objects.order_by("pk").values_list("pk", "user")),
        AuditEvent.objects.exclude(kind="support.act_refused").count(),
    )


def refused(act, actor, case, more, error=ValidationError):
    """Try an act, and check that it is refused, unchanged, unsent and logged."""
    before = state()
    count = AuditEvent.objects.filter(kind="support.act_refused").count()
    with pytest.raises(error):
        ACTS[act](actor=actor, case=case, **more)
    assert state() == before
    logged = AuditEvent.objects.filter(kind="support.act_refused")
    assert logged.count() == count + 1
    event = logged.order_by("-pk")[0]
    assert (event.actor, event.person, event.data["act"]) == (actor, case.person, act.value)


@each_act
def test_no_act_without_a_verified_caller(act, values, dana, bob, deliver):
    case, more = support.open_case(actor=dana, person=bob, **WHY), values(act, bob)
    sent = len(deliver())
    refused(act, dana, case, more)
    assert len(deliver()) == sent


@each_act
def test_no_act_after_the_case_is_closed(act, values, dana, bob):
    case, more = verified_case(dana, bob), values(act, bob)
    support.close_case(actor=dana, case=case, outcome=CaseOutcome.HELPED)
    refused(act, dana, case, more)


@each_act
@pytest.mark.parametrize("who", ["olive", "alice", "bob", "charlie", "sam"])
def test_no_act_in_another_agents_case_or_by_anybody_else(act, who, request, values, dana, bob):
    case, more = verified_case(dana, bob), values(act, bob)
    sam = User.objects.create_user("sam@harbour.example", name="Sam", is_staff=True)
    actor = sam if who == "sam" else request.getfixturevalue(who)
    refused(act, actor, case, more, error=PermissionDenied)


@each_act
def test_no_act_on_staff_or_oneself_G3(act, values, dana, bob, alice):
    case, more = verified_case(dana, bob), values(act, bob)
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    refused(act, dana, case, more, error=PermissionDenied)
    for person in (dana, User.objects.get(email="olive@harbour.example")):
        with pytest.raises(PermissionDenied):
            support.open_case(actor=dana, person=person, **WHY)


@each_act
def test_a_weak_verification_gets_no_further(act, values, dana, bob):
    weak = set(Verification) - SUFFICIENT_FOR[act]
    more = values(act, bob)
    for method in weak:
        case = verified_case(dana, bob, method)
        refused(act, dana, case, more)
        support.close_case(actor=dana, case=case, outcome=CaseOutcome.NOT_VERIFIED)
    assert weak in (set(), {Verification.EMAIL_CODE, Verification.HUB_CODE})


ONES = [act for act in SupportAct if act != SupportAct.STOP_COMPANY_SIGN_IN]


@pytest.mark.parametrize("act", ONES)
def test_an_act_is_done_once_recorded_and_told(act, values, dana, bob, alice, alder, deliver):
    of_invitations = (SupportAct.RESEND_INVITATION, SupportAct.CORRECT_INVITATION)
    person = alice if act in of_invitations else bob
    case, more = verified_case(dana, person), values(act, person)
    deliver()

    ACTS[act](actor=dana, case=case, **more)

    told = {m.to[0] for m in deliver() if "T-1042" in m.body and "Dana Okafor" in m.body}
    assert told == {person.email, alice.email}
    done = CaseAct.objects.get(case=case)
    trail = AuditEvent.objects.filter(
        actor=dana, person=person, public__case=str(case.uuid)
    ).exclude(kind__in=["support.case_opened", "support.caller_verified"])
    assert {event.customer for event in trail} == {None, alder}
    assert all(event.data["reason"] == WHY["reason"] for event in trail)
    assert done.act == act
    refused(act, dana, case, more)  # the same once more


def test_another_persons_case_is_none(dana, bob, emma):
    case = verified_case(dana, bob)
    support.end_all_sessions(actor=dana, case=case)

    assert not CaseAct.objects.filter(case__person=emma).exists()


def test_support_never_acts_on_a_closed_account(dana, bob):
    case = verified_case(dana, bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for act in (SupportAct.RESET_LINK, SupportAct.SUSPEND, SupportAct.RESTORE):
        refused(act, dana, case, {})


def link_in(mails, person):
    [mail] = [mail for mail in mails if mail.to == [person.email] and "/reset/key/" in mail.body]
    return re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.body).group(1)


def test_the_link_lets_the_person_choose_and_works_once(dana, bob, as_, deliver):
    support.send_reset_link(actor=dana, case=verified_case(dana, bob))
    link = link_in(deliver(), bob)

    client = as_(None)
    form = client.get(link, follow=True)
    words = {"password1": "chosen by bob alone", "password2": "chosen by bob alone"}
    client.post(form.redirect_chain[-1][0], words)

    bob.refresh_from_db()
    assert bob.check_password("chosen by bob alone")
    assert as_(None).get(link, follow=True).context["token_fail"]


def test_support_never_sees_the_link_G7(dana, bob, as_, deliver):
    client, case = as_(dana), verified_case(dana, bob)
    page = reverse("accounts:desk-person", args=[bob.sub])
    act = reverse("accounts:case-act", args=[case.uuid, "reset_link"])

    answer = client.post(act, follow=True)

    key = link_in(deliver(), bob).split("/key/")[1].strip("/")
    assert key not in answer.content.decode() + client.get(page).content.decode()
    assert not [e for e in AuditEvent.objects.all() if key in str(e.data)]
    assert bob.password not in client.get(page).content.decode()
    assert all(key not in mail.body for mail in deliver() if mail.to != [bob.email])


def test_ended_sessions_are_signed_out(dana, bob, emma, as_):
    """Also one that allauth never listed: it was made by force_login."""
    browser, phone, other = as_(bob), as_(None), as_(emma)
    phone.post(reverse("account_login"), {"login": bob.email, "password": "harbour-example-2026"})
    assert browser.get("/profile/").status_code == phone.get("/profile/").status_code == 200

    support.end_all_sessions(actor=dana, case=verified_case(dana, bob))

    for client in (browser, phone):
        answer = client.get("/profile/")
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))
    assert other.get("/profile/").status_code == 200


def try_to_sign_in(client, person, password):
    data = {"login": person.email, "password": password}
    return client.post(reverse("account_login"), data)


def test_lifted_limits_let_the_person_try_again(dana, bob, as_, settings):
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS
    client = as_(None)
    for _ in range(6):
        try_to_sign_in(client, bob, "wrong")
    assert try_to_sign_in(client, bob, "harbour-example-2026").status_code == 200

    support.lift_sign_in_limits(actor=dana, case=verified_case(dana, bob))

    assert try_to_sign_in(client, bob, "harbour-example-2026").status_code == 302


def test_a_suspended_person_cannot_sign_in_until_restored(dana, bob, as_):
    browser = as_(bob)
    case = verified_case(dana, bob)
    support.suspend_person(actor=dana, case=case)
    assert browser.get("/profile/").status_code == 302
    answer = try_to_sign_in(as_(None), bob, "harbour-example-2026")
    assert answer["Location"] == reverse("account_inactive")

    support.restore_person(actor=dana, case=case)

    assert try_to_sign_in(as_(None), bob, "harbour-example-2026")["Location"] == "/"


def test_only_what_the_desk_suspended_is_restored(dana, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    refused(SupportAct.RESTORE, dana, verified_case(dana, bob), {})


def test_receipts_go_to_the_old_and_the_new_address_G4(dana, bob, alice, deliver):
    record_event(
        kind="address.changed",
        actor=bob,
        person=bob,
        previous="old@alder.example",
        address=bob.email,
    )
    support.send_reset_link(actor=dana, case=verified_case(dana, bob))
    told = {mail.to[0] for mail in deliver() if "T-1042" in mail.body}
    assert told == {"old@alder.example", bob.email, alice.email}

    with time_machine.travel(timezone.now() + timedelta(days=31)):
        sent = len(deliver())
        support.send_reset_link(actor=dana, case=_again(dana, bob))
        assert "old@alder.example" not in {mail.to[0] for mail in deliver()[sent:]}


def _again(dana, bob):
    for case in bob.support_cases.open():  # unless it lapsed
        support.close_case(actor=dana, case=case, outcome=CaseOutcome.HELPED)
    return verified_case(dana, bob)


def test_a_burst_is_refused_and_alarms_once_G6(dana, bob, deliver):
    case = verified_case(dana, bob)
    for number in range(MOST_ACTS):
        CaseAct.objects.create(case=case, act=SupportAct.REMOVE_FACTOR, subject=str(number))
    deliver()

    refused_with_alarm = [_refuse(case, dana) for _ in range(2)]

    assert refused_with_alarm == ["burst", "burst"]
    assert [mail.to for mail in deliver()] == [["olive@harbour.example"]]
    assert AuditEvent.objects.filter(kind="support.burst", actor=dana).count() == 1


def _refuse(case, dana):
    with pytest.raises(support.SupportRefused) as refusal:
        support.send_reset_link(actor=dana, case=case)
    return refusal.value.code
