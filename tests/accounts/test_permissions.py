"""Each guard by itself: whom it lets pass, whom not, and from which moment on.

The services' tests prove that each act calls its guard; here a second layer hides none of them.
"""

from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts import permissions
from accounts.backends import PersonBackend
from accounts.models import Customer, HandOver, Invitation, Membership, User
from accounts.permissions import FreshSignInRequired, MembershipRefused, RequestRefused
from accounts.services.hand_overs import offer_hand_over
from accounts.services.invitations import invite_person
from accounts.services.requests import open_request

MOMENT = timedelta(microseconds=1)


@contextmanager
def refused(*, unless=False, by=PermissionDenied):
    """Expect the refusal, or none."""
    if unless:
        yield
    else:
        with pytest.raises(by):
            yield


@pytest.fixture
def gina(join):
    """A second Super User of Alder."""
    return join("gina", role="super_user")


@pytest.fixture
def with_permission(db):
    """Return a function that creates staff with one permission, or none."""

    def create(codename="", *, name="clerk", is_staff=True):
        person = User.objects.create_user(f"{name}@harbour.example", name=name, is_staff=is_staff)
        if codename:
            group = Group.objects.create(name=f"only {codename} of {name}")
            group.permissions.add(Permission.objects.get(codename=codename))
            person.groups.add(group)
        return person

    return create


# --- Super Users and members ---


@pytest.mark.parametrize(
    ("name", "super_user", "member"),
    [
        ("alice", True, True),
        ("bob", False, True),
        ("charlie", False, False),  # a Super User of Birch
        ("dana", False, False),
        ("olive", False, False),
    ],
)
def test_super_users_and_members_of_this_company(name, super_user, member, request, alder):
    person = request.getfixturevalue(name)
    for guard, passes in (
        (permissions.require_super_user, super_user),
        (permissions.require_main_super_user, super_user),
        (permissions.lock_managed_customer, super_user),
        (permissions.require_member, member),
    ):
        with refused(unless=passes):
            found = guard(person, alder)
            assert found in (alder, Membership.objects.get(user=person, customer=alder))


def test_only_one_super_user_is_the_main_one(gina, alice, alder):
    permissions.require_super_user(gina, alder)
    permissions.require_main_super_user(alice, alder)
    with refused():
        permissions.require_main_super_user(gina, alder)


GUARDS_OF_GINA = [permissions.require_super_user, permissions.require_member]


@pytest.mark.parametrize("guard", GUARDS_OF_GINA)
@pytest.mark.parametrize("field", ["suspended_at", "ended_at"])
def test_a_suspended_or_ended_membership_allows_nothing(guard, field, gina, alder, membership):
    Membership.objects.filter(pk=membership(gina).pk).update(**{field: timezone.now()})
    with refused():
        guard(gina, alder)


@pytest.mark.parametrize("guard", GUARDS_OF_GINA)
@pytest.mark.parametrize(("early", "passes"), [(MOMENT, True), (0 * MOMENT, False)])
def test_a_membership_ends_in_its_moment(guard, early, passes, gina, alder):
    end = timezone.now() + timedelta(hours=1)
    Membership.objects.filter(user=gina).update(ends_at=end)
    with time_machine.travel(end - early, tick=False), refused(unless=passes):
        guard(gina, alder)


@pytest.mark.parametrize("guard", GUARDS_OF_GINA)
def test_a_closed_account_allows_nothing(guard, gina, alder):
    gina.is_active = False
    with refused():
        guard(gina, alder)


def test_a_super_users_account_counts_as_it_is_now_not_at_their_sign_in(gina, alder):
    User.objects.filter(pk=gina.pk).update(is_active=False)
    assert gina.is_active
    with refused():
        permissions.require_super_user(gina, alder)


@pytest.mark.parametrize("status", ["pending", "suspended", "closed"])
def test_a_company_that_is_not_active_is_only_read(status, alice, bob, alder):
    alder.status = status
    for guard, person in (
        (permissions.require_super_user, alice),
        (permissions.require_main_super_user, alice),
        (permissions.require_member, bob),
    ):
        with refused():
            guard(person, alder)
    assert permissions.require_super_user(alice, alder, to_read=True).user == alice
    with refused():
        permissions.require_super_user(bob, alder, to_read=True)


def test_the_lock_reads_the_company_again(alice, alder):
    Customer.objects.filter(pk=alder.pk).update(status="suspended")
    assert alder.status == "active"
    with refused():
        permissions.lock_managed_customer(alice, alder)
    assert permissions.lock_managed_customer(alice, alder, to_read=True).status == "suspended"


# --- Staff and support ---


def test_staff_need_the_permission(with_permission):
    clerk = with_permission("change_customer")
    permissions.require_staff(clerk, "accounts.change_customer")
    for permission in ("accounts.use_desk", "accounts.view_customer", "accounts.nothing"):
        with refused():
            permissions.require_staff(clerk, permission)


@pytest.mark.parametrize("lost", ["is_active", "is_staff"])
def test_a_permission_is_worth_nothing_without_an_active_staff_account(lost, with_permission):
    clerk = with_permission("change_customer")
    setattr(clerk, lost, False)
    with refused():
        permissions.require_staff(clerk, "accounts.change_customer")


def test_the_desk_helps_people_and_never_staff_or_itself_G1(with_permission, bob, dana, olive):
    permissions.require_support(dana, bob)
    for person in (dana, olive):
        with refused():
            permissions.require_support(dana, person)
    with refused():
        permissions.require_support(with_permission("change_customer"), bob)
    with refused():
        permissions.require_support(bob, bob)


# --- Invitations ---


def test_staff_invite_the_main_super_user_and_super_users_the_others(
    alice, bob, charlie, alder, with_permission
):
    clerk = with_permission("change_customer")
    desk = with_permission("use_desk", name="desk")
    invite_person(actor=alice, customer=alder, address="hugo@alder.example", name="Hugo")
    others = Invitation.objects.get(address="hugo@alder.example")
    main = Invitation(customer=alder, as_main_super_user=True)
    for person in (alice, bob, charlie, clerk, desk):
        with refused(unless=person == alice):
            permissions.require_inviter(person, others)
        with refused(unless=person == clerk):
            permissions.require_inviter(person, main)


# --- Requests ---


@pytest.fixture
def ask(bob, alder):
    """Return a function with which Bob asks for something: ask(passed=True)."""

    def opened(kind="other", *, passed=False):
        asked = open_request(actor=bob, customer=alder, kind=kind, text="A chair.")
        asked.passed_at = timezone.now() if passed else None
        return asked

    return opened


@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "dana", "clerk"])
def test_super_users_answer_and_the_provider_what_was_passed_on(
    name, ask, request, with_permission
):
    clerk = with_permission("change_customer")
    person = clerk if name == "clerk" else request.getfixturevalue(name)
    passed, kept = ask(passed=True), ask()
    for asked in (passed, kept):
        with refused(unless=name == "alice"):
            permissions.require_answerer(person, asked, for_provider=False)
    with refused(unless=name == "dana"):
        permissions.require_answerer(person, passed, for_provider=True)
    with refused():
        permissions.require_answerer(person, kept, for_provider=True)


def test_a_service_is_given_by_staff_who_change_companies(ask, dana, with_permission):
    asked = ask(passed=True)
    asked.kind = "add"
    assert asked.is_of_provider
    permissions.require_answerer(with_permission("change_customer"), asked, for_provider=True)
    with refused():
        permissions.require_answerer(dana, asked, for_provider=True)


def test_who_asked_may_withdraw_while_they_are_a_member(ask, alice, bob, emma):
    asked = ask()
    permissions.require_requester(bob, asked)
    for person in (alice, emma):
        with refused():
            permissions.require_requester(person, asked)
    asked.membership.suspended_at = timezone.now()
    with refused():
        permissions.require_requester(bob, asked)


def test_nobody_answers_their_own_request(ask, alice, bob):
    permissions.refuse_own_request(alice, ask())
    with refused(by=RequestRefused):
        permissions.refuse_own_request(bob, ask())


# --- Memberships that are changed ---


def test_a_super_user_changes_memberships_of_their_company(alice, bob, charlie, alder, membership):
    of_bob = membership(bob)
    assert permissions.lock_managed_membership(alice, of_bob) == (alder, of_bob)
    for person in (bob, charlie):
        with refused():
            permissions.lock_managed_membership(person, of_bob)


def test_staff_change_a_membership_only_to_answer_its_request(
    ask, alice, bob, emma, dana, membership, with_permission
):
    passed = ask(passed=True)
    of_bob = membership(bob)
    assert permissions.lock_managed_membership(dana, of_bob, passed)[1] == of_bob
    for actor, row, answering in (
        (dana, of_bob, None),
        (dana, of_bob, ask()),  # nobody passed it on
        (dana, membership(emma), passed),  # of somebody else
        (dana, membership(emma), ask()),
        (with_permission("change_customer"), of_bob, passed),
        (alice, of_bob, passed),
    ):
        with refused():
            permissions.lock_managed_membership(actor, row, answering)


@pytest.mark.parametrize(
    ("ends_in", "passes"), [(None, True), (MOMENT, True), (0 * MOMENT, False), (-MOMENT, False)]
)
def test_who_has_left_is_not_changed(ends_in, passes, alice, bob, membership):
    of_bob = membership(bob)
    end = timezone.now() + timedelta(hours=1)
    if ends_in is not None:
        Membership.objects.filter(pk=of_bob.pk).update(ends_at=end + ends_in)
    with (
        time_machine.travel(end, tick=False),
        refused(unless=passes, by=MembershipRefused),
    ):
        permissions.lock_managed_membership(alice, of_bob)


def test_who_was_removed_is_not_changed(alice, bob, membership):
    of_bob = membership(bob)
    Membership.objects.filter(pk=of_bob.pk).update(ended_at=timezone.now())
    with refused(by=MembershipRefused):
        permissions.lock_managed_membership(alice, of_bob)


def test_the_main_super_user_hands_over_first(alice, gina, alder, membership):
    permissions.refuse_main_super_user(alder, membership(gina))
    with refused(by=MembershipRefused):
        permissions.refuse_main_super_user(alder, membership(alice))


def test_a_role_is_for_whom_it_was_offered_to(alice, gina, bob, join, alder, membership):
    hugo = join("hugo", role="super_user")
    now = timezone.now()
    offer_hand_over(
        actor=alice,
        customer=alder,
        to=membership(gina),
        confirmation_name=alder.name,
        signed_in_at=now,
    )
    offer = HandOver.objects.get()
    permissions.require_receiver(gina, offer)
    for person in (alice, hugo, bob):
        with refused():
            permissions.require_receiver(person, offer)


# --- The fresh sign-in ---


@pytest.mark.parametrize(
    ("ago", "passes"),
    [
        (timedelta(0), True),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5) + MOMENT, False),
        (timedelta(days=1), False),
        (None, False),
    ],
)
def test_a_sign_in_is_fresh_for_five_minutes(ago, passes):
    with time_machine.travel(timezone.now(), tick=False):
        moment = None if ago is None else timezone.now() - ago
        with refused(unless=passes, by=FreshSignInRequired):
            permissions.require_fresh_sign_in(moment)


def test_the_permissions_of_staff_are_read_by_one_query(olive, dana, django_assert_num_queries):
    """Equal to what Django's own backend says, from two."""
    dana.user_permissions.add(Permission.objects.get(codename="view_topic"))
    for person in (olive, dana):
        expected = ModelBackend().get_all_permissions(User.objects.get(pk=person.pk))
        with django_assert_num_queries(1):
            assert PersonBackend().get_all_permissions(person) == expected
            assert person.has_perm("accounts.use_desk")
        assert PersonBackend().get_all_permissions(person, person) == set()
    gone = User.objects.get(pk=dana.pk)
    gone.is_active = False
    assert PersonBackend().get_all_permissions(gone) == set()
