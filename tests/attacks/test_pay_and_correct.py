"""Paying and closing log requests, answers on paper and corrections under attack."""
# ruff: noqa: F811 -- fixtures of another folder

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from accounts.choices import BounceReason
from accounts.models import AuditEvent, Membership, User
from accounts.services.memberships import remove_membership
from accounts.timezones import today_of_provider
from compliance.models import DataNote
from compliance.services.card_payments import begin_card_payment
from compliance.services.corrections import correct_account, correct_work_details, note_dispute
from compliance.services.log_decisions import close_log_request
from compliance.services.payments import reverse_payment, waive_charge
from compliance.services.privacy_requests import confirm_privacy_request, settle_privacy_request
from compliance.services.recorded_answers import record_answer
from compliance.services.representatives import end_representative
from compliance.tokens import privacy_token
from portals.models import PersonGrant
from preferences.gate.bounce_notices import send_unreachable
from preferences.models import DeliveryEvent
from tests import log_scene
from tests.compliance.conftest import (  # noqa: F401 -- fixtures
    announced,
    draft,
    in_force,
    officer,
    pascal,
    petra,
    published,
)
from tests.compliance.test_card_payments import cards, page_of  # noqa: F401 -- fixtures
from tests.compliance.test_payments import (  # noqa: F401 -- fixtures
    asked,
    billing,
    charge,
    post,
    state,
)
from tests.test_wrong_actors import signed_in


def speaks_french(person):
    User.objects.filter(pk=person.pk).update(language="fr")


def lose_permission(person):
    PersonGrant.objects.filter(user=person, permission__codename__contains="request_logs").delete()


# --- Paying by card --------------------------------------------------------------------------


def test_nobody_pays_by_card_for_logs_that_nobody_can_get_L34(charge, cards, bob, alice):
    """The requester is on file and lost the permission: staff could only close the request."""
    lose_permission(bob)
    payer = signed_in(alice)
    assert "Pay by card" not in payer.get(page_of(charge)).text
    answer = payer.post(page_of(charge, "log-request-pay"), follow=True)
    assert "no longer has permission" in answer.text
    with pytest.raises(ValidationError, match="no longer has permission"):
        begin_card_payment(actor=alice, request=charge.request)
    assert not cards.calls


def test_a_super_user_who_paid_is_told_who_gets_the_email(charge, cards, bob, alice):
    """The email goes to the requester."""
    back = f"{page_of(charge)}?payment=sent"
    assert "We write to you then." in signed_in(bob).get(back).text
    text = signed_in(alice).get(back).text
    assert "We write to Bob Tremblay then." in text and "to you then" not in text


# --- Emails about log requests ---------------------------------------------------------------


def test_amounts_are_written_in_the_language_of_who_reads_them(asked, bob, alice, olive, deliver):
    """The staff who act read English."""
    deliver()
    speaks_french(bob)
    log_scene.pay(log_scene.approve(asked))
    end_representative(actor=alice, representative=asked.representative)
    close_log_request(actor=olive, request=asked, reason="Parti.")
    amount = re.compile(r"137\D?97")  # in neither format; a link may hold the digits 137
    mails = [m for m in deliver() if m.to == [bob.email] and amount.search(m.subject + m.body)][1:]
    assert len(mails) == 2, "after the one of the asking: what to pay, and what was paid"
    for mail in mails:
        assert "137,97" in mail.body and "137.97" not in mail.subject + mail.body


def test_a_payment_alarm_is_in_the_language_of_its_reader(charge, billing, client, olive, deliver):
    speaks_french(olive)
    post(client, charge, billing, cents=13_796)
    mail = deliver()[-1]
    assert mail.to == [olive.email]
    assert "137,96" in mail.body and "137,97" in mail.body


def test_the_capacity_is_in_the_language_of_the_representative(bob, membership, deliver):
    speaks_french(bob)
    log_scene.representative(membership(bob))
    assert "Officer" not in deliver()[-1].body


def test_why_email_bounces_is_in_the_language_of_who_reads_it(alice, bob, membership, deliver):
    speaks_french(alice)
    send_unreachable(
        super_user=User.objects.get(pk=alice.pk), membership=membership(bob), address=bob.email,
        why=DeliveryEvent(kind="hard", reason="full"),
    )  # fmt: skip
    [mail] = [m for m in deliver() if m.to == [alice.email]]
    with translation.override("fr"):
        assert str(BounceReason.FULL.label) in mail.body
    assert "The mailbox is full." not in mail.body


@pytest.mark.parametrize("end", ["closed", "refunded", "paid", "waived"])
def test_the_company_reads_what_becomes_of_the_request_of_a_former_member(
    charge, end, bob, alice, olive, deliver, membership
):
    payment = log_scene.pay(charge, None if end in ("closed", "refunded") else 100)
    remove_membership(actor=alice, membership=membership(bob))
    before = len(deliver())
    if end == "closed":
        close_log_request(actor=olive, request=charge.request, reason="Bob left.")
    if end == "refunded":
        reverse_payment(actor=olive, payment=payment, reason="It bounced.")
    if end == "paid":
        log_scene.pay(charge, charge.open_cents)
    if end == "waived":
        waive_charge(actor=olive, charge=charge, reason="A court ordered it.")
    [mail] = deliver()[before:]
    assert mail.to == [alice.email]
    assert "Bob Tremblay asked for" in mail.body and "You asked" not in mail.body
    assert state(charge) == ("paid" if end == "waived" else end)


# --- Answers on paper ------------------------------------------------------------------------


def test_a_colleague_reads_the_name_at_work_of_who_answered_on_paper_L14(
    in_force, petra, alice, bob, alder, deliver
):
    version = in_force(asked_of="company")
    Membership.objects.filter(user=bob).update(role="super_user", work_name="B. Tremblay")
    record_answer(
        actor=petra, person=bob, version=version, verb="accepted", language="fr", way="paper",
        given_on=today_of_provider(), reference="Binder 7", customer=alder,
    )  # fmt: skip
    [mail] = [m for m in deliver() if m.to == [alice.email] and "recorded the" in m.subject]
    assert "B. Tremblay" in mail.body and bob.name not in mail.body


# --- Requests about data ---------------------------------------------------------------------


def correction(address, language="en"):
    at = timezone.now().timestamp()
    token = privacy_token(address=address, kind="correction", language=language, at=at)
    return confirm_privacy_request(actor=None, token=token)


def test_the_answer_names_request_and_ground_in_the_language_of_who_asked_L55(
    bob, officer, deliver
):
    settle_privacy_request(
        actor=officer, request=correction(bob.email, "fr"), outcome="refused", answer="Non.",
        ground="law", kept_items=["support"],
        kept_until=today_of_provider() + timedelta(days=365),
    )  # fmt: skip
    text = deliver()[-1].body
    assert "A correction of my data" not in text and "the law" not in text.partition("-- ")[0]


def test_a_settled_request_corrects_nothing_more_L59(bob, officer, membership):
    """A page that was open, or a stale one, does not reopen it."""
    request = correction(bob.email)
    settle_privacy_request(actor=officer, request=request, outcome="answered", answer="Done.")
    place = membership(bob)
    for correct in (
        lambda: correct_account(actor=officer, request=request, name="Robert Tremblay"),
        lambda: correct_work_details(
            actor=officer, request=request, membership=place, work_name="Robert", work_phone=""
        ),
        lambda: note_dispute(actor=officer, request=request, item="support", text="Never."),
    ):
        with pytest.raises(ValidationError, match="already answered"):
            correct()
    bob.refresh_from_db()
    assert (bob.name, membership(bob).work_name) == ("Bob Tremblay", "Bob Tremblay")
    assert not DataNote.objects.exists()
    page = f"/provider/privacy/{request.uuid}/note/"
    answer = signed_in(officer).post(page, {"item": "support", "text": "Never."})
    assert "Somebody already answered this request." in answer.text


def test_a_note_that_is_written_again_has_its_own_day_L59(bob, officer):
    request = correction(bob.email)
    with time_machine.travel(timezone.now() - timedelta(days=9)):
        note_dispute(actor=officer, request=request, item="support", text="Never.")
    note_dispute(actor=officer, request=request, item="support", text="A day later.")
    assert timezone.now() - DataNote.objects.get().at < timedelta(minutes=1)


def test_a_company_finds_a_corrected_name_in_its_own_log_L59(bob, alice, alder, officer):
    correct_account(actor=officer, request=correction(bob.email), name="Robert Tremblay")
    event = AuditEvent.objects.get(kind="data.corrected", customer=alder)
    assert (event.actor, event.person) == (officer, bob)
    [change] = event.data["differences"]
    assert change == {"field": "work_name", "before": "Bob Tremblay", "after": "Robert Tremblay"}
    assert "corrected the data of" in signed_in(alice).get("/c/alder/activity/").text
