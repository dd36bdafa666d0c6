"""A corrected address proves itself; the old one is told, and cancels within 72 hours."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.services import support
from accounts.services.audit import record_event
from accounts.services.support.addresses import may_prove
from tests.cases import confirmed_case

NEW = "bob.tremblay@alder.example"
CASE = {"previous": "d@x.example", "reason": "New name", "ticket": "T-1"}


@pytest.fixture
def links(dana, bob, deliver):
    """Correct Bob's address, and return the link of the new address and the one of the old."""
    support.correct_address(actor=dana, case=confirmed_case(dana, bob), address=f" {NEW.title()} ")
    mails = {mail.to[0]: mail.body for mail in deliver()}
    proof = re.search(r"http://[^/\s]+(/accounts/confirm-email/\S+)", mails[NEW])[1]
    cancel = re.search(r"http://[^/\s]+(/address-correction/\S+)", mails[bob.email])[1]
    return proof, cancel


def test_nothing_changes_before_the_new_address_proves_itself(links, bob, as_):
    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"

    as_(None).post(links[0])

    bob.refresh_from_db()
    assert bob.email == NEW
    assert list(EmailAddress.objects.filter(user=bob).values_list("email", flat=True)) == [NEW]
    assert AuditEvent.objects.filter(kind="address.changed", person=bob).exists()


def test_the_main_super_user_gets_no_link_to_cancel(links, alice, deliver):
    [receipt] = [mail for mail in deliver() if mail.to == [alice.email]]
    assert "/address-correction/" not in receipt.body and NEW in receipt.body


@pytest.mark.parametrize("is_proven", [False, True])
def test_the_old_address_cancels_it(is_proven, links, bob, as_, deliver):
    proof, cancel = links
    if is_proven:
        as_(None).post(proof)
    thief, stranger = as_(User.objects.get(pk=bob.pk)), as_(None)
    others = set(EmailAddress.objects.exclude(user=bob).values_list("email"))
    assert "Cancel the change" in stranger.get(cancel).content.decode()
    assert not AuditEvent.objects.filter(kind__endswith="correction_cancelled").exists()

    assert "is cancelled" in stranger.post(cancel).content.decode()

    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"
    assert list(EmailAddress.objects.filter(user=bob).values_list("email", "verified")) == [
        (bob.email, True)
    ]
    assert set(EmailAddress.objects.exclude(user=bob).values_list("email")) == others
    assert thief.get("/profile/").status_code == 302
    assert "olive@harbour.example" in {mail.to[0] for mail in deliver()}
    as_(None).post(proof)
    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"
    assert "nothing to cancel" in stranger.post(cancel).content.decode()


def test_it_can_be_cancelled_for_72_hours(links, bob, as_):
    with time_machine.travel(timezone.now() + timedelta(hours=72, seconds=2)):
        assert as_(None).post(links[1]).status_code == 410
    with time_machine.travel(timezone.now() + timedelta(hours=71)):
        assert as_(None).post(links[1]).status_code == 200


def test_a_forged_link_cancels_nothing(links, as_):
    assert as_(None).post(links[1].rstrip("/")[:-3] + "xxx/").status_code == 410


@pytest.mark.parametrize("address", ["", "bob", "emma@alder.example", "bob@alder.example"])
def test_an_address_that_is_none_or_somebodys_is_refused(address, dana, bob):
    with pytest.raises(support.SupportRefused) as refusal:
        support.correct_address(actor=dana, case=confirmed_case(dana, bob), address=address)
    assert list(refusal.value.message_dict) == ["address"]
    assert EmailAddress.objects.filter(user=bob).count() == 1


def test_staff_prove_an_address_that_they_had_before(dana):
    """Only an address that the desk sent them before they were staff is refused."""
    record_event(
        kind="address.changed", actor=dana, person=dana, previous=NEW, address="d@x.example"
    )
    assert may_prove(dana, "d@x.example")

    record_event(
        kind="support.address_correction_sent", actor=None, person=dana, address=NEW, **CASE
    )
    assert not may_prove(dana, NEW)
