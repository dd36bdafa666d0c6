"""Representatives on file: proposed, confirmed by staff, ended with what they rest on (L35)."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, User
from accounts.services.memberships import remove_membership, suspend_membership
from accounts.signals import periodic_tick
from compliance.models import Representative
from compliance.services.representatives import (
    confirm_representative,
    end_representative,
    propose_representative,
    refuse_representative,
)
from hub.example import acts
from tests import log_scene
from tests.test_wrong_actors import signed_in

DAY = timedelta(days=1)
PAGE = "/c/alder/representatives/"
STAFF_PAGE = "/provider/representatives/"


@pytest.fixture
def bobs(bob, membership) -> Membership:
    return membership(bob)


@pytest.fixture
def proposed(bobs) -> Representative:
    return log_scene.propose(bobs)


def in_force(row) -> bool:
    return Representative.objects.in_force().filter(pk=row.pk).exists()


def test_a_super_user_proposes_staff_confirm_and_the_person_is_told_L35(alice, bob, olive, deliver):
    day = (timezone.localdate() + 90 * DAY).isoformat()
    form = {"member": str(bob.sub), "capacity": "director", "evidence": "Decision 7", "until": day}
    page = signed_in(alice).post(PAGE, form, follow=True).content.decode()
    assert "is proposed" in page and "To be confirmed" in page
    row = Representative.objects.get()
    assert not in_force(row)

    staff = signed_in(olive)
    assert "Decision 7" in staff.get(STAFF_PAGE).content.decode()
    staff.post(reverse("compliance:representative-confirm", args=[row.uuid]))

    assert in_force(row)
    [mail] = deliver()
    assert mail.to == [bob.email]
    assert "You can now ask Harbour for logs of Alder Dental" in mail.subject
    kinds = AuditEvent.objects.filter(person=bob, kind__startswith="representative.")
    assert [event.kind for event in kinds.order_by("pk")] == [
        "representative.proposed", "representative.confirmed",
    ]  # fmt: skip


def test_nobody_confirms_themselves_or_their_own_proposal_L35(bobs, alice, olive):
    row = log_scene.propose(bobs)
    for person in (alice, bobs.user):
        with pytest.raises(PermissionDenied):
            confirm_representative(actor=person, representative=row)
    petra = acts.hire("petra", "Petra Lindqvist", "Privacy")
    Membership.objects.create(customer=bobs.customer, user=petra, work_name="P", role="super_user")
    own = log_scene.propose(Membership.objects.get(user=petra), by=alice)
    with pytest.raises(ValidationError, match="yourself"):
        confirm_representative(actor=petra, representative=own)
    confirm_representative(actor=olive, representative=own)


@pytest.mark.parametrize("how", ["removed", "suspended", "account", "date"])
def test_what_they_rest_on_ends_them_in_the_same_transaction_L35(how, bobs, alice):
    row = log_scene.representative(bobs)
    assert in_force(row)

    if how == "removed":
        remove_membership(actor=alice, membership=bobs)
    elif how == "suspended":
        suspend_membership(actor=alice, membership=bobs)
    elif how == "account":
        User.objects.filter(pk=bobs.user_id).update(is_active=False)
    else:
        with time_machine.travel(row.until + timedelta(seconds=1)):
            assert not in_force(row)
            periodic_tick.send(sender=None)

    row.refresh_from_db()
    assert not in_force(row)
    expected = {"removed": "left", "date": "expired"}.get(how, "suspended")
    assert row.ended_at is not None and row.ending == expected


def test_a_planned_last_day_ends_them_at_its_second_L35(bobs):
    row = log_scene.representative(bobs)
    Membership.objects.filter(pk=bobs.pk).update(ends_at=timezone.now() + DAY)
    assert in_force(row)
    with time_machine.travel(timezone.now() + DAY + timedelta(seconds=1)):
        assert not in_force(row)


def test_a_restored_member_is_proposed_again(bobs, alice):
    row = log_scene.representative(bobs)
    suspend_membership(actor=alice, membership=bobs)
    Membership.objects.filter(pk=bobs.pk).update(suspended_at=None)
    row.refresh_from_db()
    assert not in_force(row)
    assert in_force(log_scene.representative(Membership.objects.get(pk=bobs.pk)))


def test_a_super_user_ends_one_and_the_page_says_so(proposed, alice):
    client = signed_in(alice)
    client.post(reverse("compliance:representative-end", args=["alder", proposed.uuid]))
    assert "Ended by a Super User" in client.get(PAGE).content.decode()
    with pytest.raises(ValidationError, match="already ended"):
        end_representative(actor=alice, representative=proposed)


def test_staff_refuse_with_a_reason(proposed, olive, alice):
    with pytest.raises(ValidationError):
        refuse_representative(actor=olive, representative=proposed, reason=" ")
    address = reverse("compliance:representative-refuse", args=[proposed.uuid])
    signed_in(olive).post(address, {"reason": "The decision is missing."})
    assert "The decision is missing." in signed_in(alice).get(PAGE).content.decode()
    with pytest.raises(ValidationError):
        confirm_representative(actor=olive, representative=proposed)


@pytest.mark.parametrize("days", [-1, 0, 366])
def test_the_last_day_is_within_a_year(days, bobs):
    with pytest.raises(ValidationError):
        log_scene.propose(bobs, until=timezone.now() + days * DAY)


def test_bad_proposals_are_refused(bobs, alice, charlie, birch, proposed):
    with pytest.raises(ValidationError, match="already on file"):
        log_scene.propose(bobs)
    with pytest.raises(PermissionDenied):
        log_scene.propose(bobs, by=charlie)
    with pytest.raises(PermissionDenied):
        log_scene.propose(bobs, by=bobs.user)
    with pytest.raises(Membership.DoesNotExist):
        propose_representative(
            actor=charlie, customer=birch, member=bobs, capacity="officer", evidence="x",
            until=timezone.now() + DAY,
        )  # fmt: skip
    page = signed_in(alice).post(PAGE, {"member": "nobody", "capacity": "king", "until": "x"})
    assert page.status_code == 200 and Representative.objects.count() == 1


@pytest.mark.parametrize("name", ["bob", "alice", "charlie", "dana"])
def test_only_staff_with_the_permission_see_and_answer_proposals(name, request, proposed):
    client = signed_in(request.getfixturevalue(name))
    assert client.get(STAFF_PAGE).status_code == 403
    for act in ("confirm", "refuse"):
        address = reverse(f"compliance:representative-{act}", args=[proposed.uuid])
        assert client.post(address, {"reason": "x"}).status_code == 403


def test_the_lists_cost_a_fixed_number_of_queries(
    alice, olive, bobs, django_assert_max_num_queries
):
    for _again in range(30):
        row = log_scene.propose(bobs)
        end_representative(actor=alice, representative=row)
    log_scene.propose(bobs)
    for person, page in ((alice, PAGE), (olive, STAFF_PAGE)):
        client = signed_in(person)
        client.get(page)
        with django_assert_max_num_queries(24):
            text = client.get(page).content.decode()
    assert text
