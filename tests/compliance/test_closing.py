"""Closing an account: refused, waited for, cancelled, then done by the clock."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Erasure, Membership, User
from accounts.permissions import FreshSignInRequired
from compliance.models import Affected, Closing, DataNote
from compliance.registry import ITEMS
from compliance.services.closings import (
    begin_closing_of_request,
    cancel_closing,
    close_account,
    do_closing,
    do_due_closings,
)
from compliance.services.privacy_requests import confirm_privacy_request, settle_privacy_request
from compliance.tokens import privacy_token
from portals.models import PersonGrant, Resource
from preferences.models import Message
from tests.compliance.breaches import add_company, real
from tests.test_wrong_actors import signed_in

AFTER = timedelta(days=7, minutes=1)
PAGE = "/profile/close/"


def close(person) -> Closing:
    return close_account(actor=person, signed_in_at=timezone.now())


def test_an_account_waits_for_seven_days_and_then_closes(as_, bob, deliver):
    client = signed_in(bob)
    page = client.get(PAGE).content.decode()
    assert "Close my account" in page and "its portal deletes it" in page
    client.post(PAGE)
    closing = Closing.objects.get()
    assert "Keep my account" in client.get(PAGE).content.decode()
    [mail] = deliver()
    assert mail.to == [bob.email] and "closes on" in mail.subject
    assert PAGE in mail.body
    assert do_due_closings() == 0
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        assert do_due_closings() == 1
        assert do_closing(actor=None, closing=closing.pk) is False  # once
    bob.refresh_from_db()
    closing.refresh_from_db()
    assert not bob.is_active
    assert closing.state == "started"
    assert not Membership.objects.filter(user=bob, ended_at=None).exists()
    assert not PersonGrant.objects.filter(user=bob).exists()
    assert not Resource.objects.filter(owner__user=bob).exists()
    assert as_(bob).get("/profile/").status_code == 302
    kinds = AuditEvent.objects.filter(person=bob, kind__startswith="closing.").order_by("pk")
    assert [event.kind for event in kinds] == ["closing.begun", "closing.done"]


def listed(person) -> set[str]:
    """Return the data items that the page lists, kept or erased."""
    page = signed_in(person).get(PAGE).content.decode()
    return {item.code for item in ITEMS if f"<summary>{item.label}" in page}


def test_the_page_lists_only_kinds_of_data_that_the_person_has_L55(bob, emma, dana):
    has = listed(bob)
    assert {"account", "membership", "email_settings", "closings"} <= has
    assert not has & {"support", "recoveries", "staff_records", "breach_register", "data_notes"}
    DataNote.objects.create(person=bob, item="account", text="Tremblay, not Trembley", by=dana)
    assert listed(bob) == {*has, "data_notes"}
    assert "data_notes" not in listed(emma)


def test_the_page_tells_nobody_of_a_breach_before_its_notice_L33(bob, officer):
    has = listed(bob)
    add_company(officer, real(officer), bob.memberships.get().customer)
    assert Affected.objects.filter(recipient=bob.recipient).exists()
    assert listed(bob) == has


def test_the_page_costs_a_fixed_number_of_queries(bob, django_assert_max_num_queries):
    client = signed_in(bob)
    for count in (0, 40):
        for _number in range(count):
            Message.objects.create(
                recipient=bob.recipient, address=bob.email, notice_class_id="legal",
                message_id=f"<{uuid4()}@hub.example>",
            )  # fmt: skip
        with django_assert_max_num_queries(14):
            client.get(PAGE)


def test_the_last_email_goes_to_the_old_address(bob, deliver):
    address = bob.email
    close(bob)
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        do_due_closings()
        last = [mail for mail in deliver() if "is closed" in mail.subject]
    assert [mail.to for mail in last] == [[address]]
    said = " ".join(last[0].body.split())
    assert "It proves that your data was erased" in said
    assert "It proves what was agreed." not in said  # nobody asked Bob about a policy


def test_the_person_keeps_the_account_and_nobody_else_does(as_, bob, alice, dana, officer, deliver):
    closing = close(bob)
    for other in (alice, dana):
        with pytest.raises(PermissionDenied):
            cancel_closing(actor=other, closing=closing)
    assert as_(alice).post(f"{PAGE}keep/").status_code == 404
    as_(bob).post(f"{PAGE}keep/")
    closing.refresh_from_db()
    assert (closing.state, closing.cancelled_by) == ("cancelled", bob)
    assert any("stays open" in mail.subject for mail in deliver())
    with pytest.raises(ValidationError, match="too late"):
        cancel_closing(actor=officer, closing=closing)
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        assert do_due_closings() == 0
    bob.refresh_from_db()
    assert bob.is_active
    cancel_closing(actor=officer, closing=close(bob))  # staff may, on the phone


def test_a_main_super_user_hands_over_first(alice, bob, alder):
    page = signed_in(alice).get(PAGE).content.decode()
    assert "Hand over first" in page and "Alder Dental" in page
    with pytest.raises(ValidationError, match="hands over first"):
        close(alice)
    closing = close(bob)
    Membership.objects.filter(user=bob, ended_at=None).update(role="super_user")
    Customer.objects.filter(pk=alder.pk).update(
        main_super_user=Membership.objects.get(user=bob, ended_at=None)
    )
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        assert do_due_closings() == 0  # until they hand over
        Customer.objects.filter(pk=alder.pk).update(main_super_user=None, status="closed")
        assert do_due_closings() == 1
    closing.refresh_from_db()
    assert closing.state == "started"


def test_closing_needs_a_fresh_sign_in_and_an_account_of_a_customer(as_, bob, dana, client):
    for at in (None, timezone.now() - timedelta(hours=1)):
        with pytest.raises(FreshSignInRequired):
            close_account(actor=bob, signed_in_at=at)
    with pytest.raises(PermissionDenied):
        close(dana)
    close(bob)
    with pytest.raises(ValidationError, match="already"):
        close(bob)
    bob.is_active = False
    bob.save()
    with pytest.raises(PermissionDenied):
        close(bob)
    assert client.get(PAGE).status_code == 302
    assert client.post(PAGE).status_code == 302
    assert as_(dana).get(PAGE).status_code == 200


def test_an_erasure_asked_for_in_writing_goes_the_same_way_L52(bob, officer, dana, deliver):
    bob.is_active, bob.suspended_at = False, timezone.now()
    bob.save()
    token = privacy_token(
        address=bob.email, kind="erasure", language="en", at=timezone.now().timestamp()
    )
    asked = confirm_privacy_request(actor=None, token=token)
    settle_privacy_request(actor=officer, request=asked, outcome="answered", answer="Yes.")
    closing = Closing.objects.get(request=asked)
    assert begin_closing_of_request(actor=officer, request=asked) == closing  # once
    with time_machine.travel(timezone.now() + AFTER, tick=False):
        assert do_due_closings() == 1
    assert Erasure.objects.get().person == bob


def test_the_plan_is_frozen_with_the_asking(bob):
    closing = close(bob)
    codes = {each["item"]: each["erase"] for each in closing.plan}
    assert codes["account"] == "blank" and codes["policy_answers"] == "keep"
    for change in ({"plan": []}, {"takes_effect_at": timezone.now() + timedelta(hours=1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Closing.objects.filter(pk=closing.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Closing.objects.filter(pk=closing.pk).delete()
    assert User.objects.get(pk=bob.pk).is_active
