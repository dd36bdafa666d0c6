"""Planned offboarding: who may plan it, what is transferred and when, and cancelling it."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Client, Token
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Offboarding
from accounts.permissions import FreshSignInRequired, MembershipRefused, RequestRefused
from accounts.selectors import people_of
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.membership_expiry import (
    REMIND_BEFORE,
    end_due_memberships,
    remind_of_membership_expiry,
)
from accounts.services.memberships import change_role, remove_membership
from accounts.services.offboarding import OffboardingRefused, cancel_offboarding, set_membership_end
from accounts.services.requests import approve_request, open_request
from accounts.services.teams import add_to_team, create_team, delete_team
from accounts.services.undo import UndoRefused, undo_event
from accounts.signals import periodic_tick
from portals.decision import permitted_privileges
from portals.models import PersonGrant
from portals.services.grants import revoke_privilege
from portals.services.offboarding import plan_offboarding
from tests.portals.test_evaluation import ask, portals, question, token  # noqa: F401

RENEW = "domains.domain.renew"
HAS = "portals.domains.domain.renew"
READ = "webmail.mailbox.read"
READS = "portals.webmail.mailbox.read"
TUESDAY = timedelta(days=20)


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


@pytest.fixture
def gina(alice, alder):
    """A second Super User of Alder."""
    invitation = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", name="Gina", role="super_user"
    )
    return accept_invitation(
        actor=None, token=invitation.token, name="Gina", password="three short words"
    ).user


@pytest.fixture
def then():
    return timezone.now() + TUESDAY


@pytest.fixture
def his(alice, bob, membership, domain, give):
    """Bob's grant to renew the domain."""
    return give(alice, membership(bob), RENEW, domain, reason="For the move")


@pytest.fixture
def plan(alice, bob, emma, membership, his):
    """Bob leaves, Emma takes his domain over."""

    def planned(**terms):
        return plan_offboarding(
            actor=terms.pop("actor", alice),
            membership=membership(bob),
            grants=terms.pop("grants", [(his, membership(emma))]),
            **terms,
        )

    return planned


def strike():
    """The worker's clock strikes."""
    for _receiver, outcome in periodic_tick.send_robust(sender=None):
        assert not isinstance(outcome, Exception), outcome


# --- Now ---


def test_an_immediate_offboarding_transfers_and_ends_the_rest(
    plan, alice, bob, emma, alder, domain
):
    offboarding = plan()

    assert emma.has_perm(HAS, domain)
    assert not bob.has_perm(HAS, domain)
    assert not Membership.objects.present().filter(user=bob).exists()
    assert not PersonGrant.objects.filter(user=bob).exists()
    event = AuditEvent.objects.get(kind="membership.left")
    assert (event.actor, event.person, event.customer) == (alice, bob, alder)
    assert event.data["count"] == 1
    assert (offboarding.state, offboarding.event) == ("done", event)


def test_an_immediate_offboarding_is_undone_completely(plan, alice, bob, emma, membership, domain):
    before = set(PersonGrant.objects.filter(user=bob).values_list("permission", "content_object"))
    event = plan().event

    undo_event(actor=alice, event=event)

    after = PersonGrant.objects.filter(user=bob).values_list("permission", "content_object")
    assert set(after) == before
    assert bob.has_perm(HAS, domain)
    assert not emma.has_perm(HAS, domain)
    with pytest.raises(UndoRefused):
        undo_event(actor=alice, event=event)


def test_the_undo_restores_the_receivers_former_grant(plan, alice, emma, membership, domain, give):
    soon = timezone.now() + timedelta(days=3)
    give(alice, membership(emma), RENEW, domain, expires_at=soon, reason="Holiday")

    event = plan().event
    taken = PersonGrant.objects.filter(
        user=emma, content_object=domain, permission__privilege__codename="domain.renew"
    )
    assert taken.get().expires_at is None

    undo_event(actor=alice, event=event)
    assert (taken.get().expires_at, taken.get().reason) == (soon, "Holiday")


def test_a_receiver_with_longer_access_keeps_it(plan, alice, bob, emma, membership, domain, give):
    give(alice, membership(emma), RENEW, domain, reason="Her own")
    until = timezone.now() + timedelta(days=3)
    his = give(alice, membership(bob), RENEW, domain, expires_at=until)

    plan(grants=[(his, membership(emma))])

    hers = PersonGrant.objects.get(
        user=emma, content_object=domain, permission__privilege__codename="domain.renew"
    )
    assert (hers.expires_at, hers.reason) == (None, "Her own")


def test_a_team_membership_is_transferred(alice, bob, emma, alder, membership, domain, give):
    team = create_team(actor=alice, customer=alder, name="Night shift")
    add_to_team(actor=alice, team=team, membership=membership(bob))
    give(alice, team, RENEW, domain)

    offboarding = plan_offboarding(
        actor=alice, membership=membership(bob), teams=[(team, membership(emma))]
    )
    assert emma.has_perm(HAS, domain)
    assert [row.membership.user for row in team.team_memberships.all()] == [emma]

    undo_event(actor=alice, event=offboarding.event)
    assert [row.membership.user for row in team.team_memberships.all()] == [bob]


# --- On a date ---


def test_a_planned_offboarding_only_sets_the_end(plan, alice, bob, emma, domain, membership, then):
    offboarding = plan(leaves_at=then)

    assert bob.has_perm(HAS, domain)
    assert not emma.has_perm(HAS, domain)
    assert membership(bob).ends_at == then
    assert offboarding.state == "open"
    assert AuditEvent.objects.filter(person=bob).first().kind == "offboarding.planned"
    end_due_memberships()
    assert bob.has_perm(HAS, domain)


def test_the_end_is_exact_to_the_second_before_any_job(
    plan, as_, bob, alder, domain, then, ask, question, alice, resource  # noqa: F811
):  # fmt: skip
    plan(leaves_at=then)

    with time_machine.travel(then - timedelta(seconds=1), tick=False):
        assert bob.has_perm(HAS, domain)
        assert bob in [member.user for member in people_of(alder)]

    with time_machine.travel(then, tick=False):
        assert not bob.has_perm(HAS, domain)
        assert not permitted_privileges(bob, domain).exists()
        assert not domain.__class__.objects.visible_to(bob).exists()
        assert bob not in [member.user for member in people_of(alder)]
        assert as_(bob).get("/c/alder/requests/").status_code == 404
        assert as_(alice).get(f"/c/alder/people/{bob.sub}/").status_code == 404


def test_the_api_refuses_from_that_second(ask, question, bob, alice, membership, then):  # noqa: F811
    assert ask(question).json["decision"] is True
    Membership.objects.filter(pk=membership(bob).pk).update(
        ends_at=timezone.now() - timedelta(milliseconds=1)
    )
    assert ask(question).json["decision"] is False


def test_the_clock_carries_out_a_plan_once(plan, bob, emma, alder, domain, then, deliver):
    plan(leaves_at=then)
    kept = Token.objects.create(
        type="at", hash="x", user=bob, client=Client.objects.create(name="a portal")
    )

    with time_machine.travel(then + timedelta(seconds=30), tick=False):
        strike()
        strike()

        assert emma.has_perm(HAS, domain)
    assert not PersonGrant.objects.filter(user=bob).exists()
    assert not Token.objects.filter(pk=kept.pk).exists()
    assert Membership.objects.get(user=bob).ended_at == then + timedelta(seconds=30)
    event = AuditEvent.objects.get(kind="membership.left")
    assert (event.actor, event.actor_name) == (None, "The hub")
    assert Offboarding.objects.get().state == "done"


def test_one_failed_plan_blocks_no_other(plan, alice, emma, membership, then, monkeypatch):
    from accounts.services import membership_expiry

    plan(leaves_at=then)
    set_membership_end(actor=alice, membership=membership(emma), ends_at=then + timedelta(hours=1))
    real = membership_expiry.end_membership

    def broken(*, membership, **more):
        if membership.user.name.startswith("Bob"):
            raise RuntimeError("its database is away")
        return real(membership=membership, **more)

    monkeypatch.setattr(membership_expiry, "end_membership", broken)
    with time_machine.travel(then + timedelta(hours=2), tick=False):
        assert end_due_memberships() == 1
    assert Membership.objects.get(user=emma).ended_at is not None


def test_a_failed_transfer_is_reported_and_does_not_block(
    plan, alice, bob, emma, membership, then, deliver
):
    plan(leaves_at=then)
    remove_membership(actor=alice, membership=membership(emma))

    with time_machine.travel(then, tick=False):
        strike()
        assert not PersonGrant.objects.filter(user__in=[bob, emma]).exists()
        (mail,) = [
            message for message in deliver() if "some access was not handed over" in message.subject
        ]
    assert mail.to == [alice.email]
    assert "alder.example" in mail.body
    assert "Emma" in mail.body


@pytest.mark.parametrize("what", ["resource gone", "grant revoked", "author demoted", "team gone"])
def test_an_impossible_transfer_is_skipped(
    what, plan, alice, gina, bob, emma, alder, membership, domain, his, then
):
    team = create_team(actor=alice, customer=alder, name="Night shift")
    add_to_team(actor=alice, team=team, membership=membership(bob))
    teams = [(team, membership(emma))] if what == "team gone" else []
    plan(leaves_at=then, actor=gina, teams=teams)
    if what == "resource gone":
        domain.delete()
    elif what == "grant revoked":
        revoke_privilege(actor=alice, grant=his)
    elif what == "team gone":
        delete_team(actor=alice, team=team)
    else:
        change_role(actor=alice, membership=membership(gina), role="user")

    with time_machine.travel(then, tick=False):
        strike()

    event = AuditEvent.objects.get(kind="membership.left")
    assert len(event.data["skipped"]) == 1
    assert Membership.objects.get(user=bob).ended_at is not None


def test_a_plan_can_be_cancelled_before_its_end(plan, alice, bob, emma, domain, membership, then):
    offboarding = plan(leaves_at=then)

    cancel_offboarding(actor=alice, membership=membership(bob))

    assert membership(bob).ends_at is None
    offboarding.refresh_from_db()
    assert offboarding.state == "cancelled"
    with time_machine.travel(then + timedelta(hours=1), tick=False):
        strike()
        assert bob.has_perm(HAS, domain)
        assert not emma.has_perm(HAS, domain)
    with pytest.raises(OffboardingRefused):
        cancel_offboarding(actor=alice, membership=membership(bob))


def test_a_plan_cannot_be_cancelled_after_its_end(plan, alice, bob, membership, then):
    plan(leaves_at=then)

    with time_machine.travel(then, tick=False), pytest.raises(MembershipRefused):
        cancel_offboarding(actor=alice, membership=membership(bob))


def test_one_plan_at_a_time_and_again_after_cancelling(plan, alice, bob, membership, then):
    plan(leaves_at=then)
    with pytest.raises(OffboardingRefused) as refusal:
        plan(leaves_at=then)
    assert refusal.value.code == "planned"

    cancel_offboarding(actor=alice, membership=membership(bob))
    plan(leaves_at=then)
    assert Offboarding.objects.filter(state="open").count() == 1


def test_removing_the_member_cancels_the_plan(plan, alice, bob, membership, then):
    offboarding = plan(leaves_at=then)
    remove_membership(actor=alice, membership=membership(bob))
    offboarding.refresh_from_db()
    assert offboarding.state == "cancelled"


# --- Who, whom, what ---


@pytest.mark.parametrize("who", ["bob", "emma", "charlie", "dana", "olive"])
def test_nobody_else_may(who, request, plan, bob, emma, domain, membership, then):
    actor, before = request.getfixturevalue(who), AuditEvent.objects.count()
    for moment in (None, then):
        with pytest.raises(PermissionDenied):
            plan(actor=actor, leaves_at=moment)
    with pytest.raises(PermissionDenied):
        cancel_offboarding(actor=actor, membership=membership(bob))
    with pytest.raises(PermissionDenied):
        set_membership_end(actor=actor, membership=membership(bob), ends_at=then)

    assert AuditEvent.objects.count() == before
    assert not Offboarding.objects.exists()
    assert not emma.has_perm(HAS, domain)


def test_nobody_offboards_the_main_super_user_or_themselves(alice, gina, membership, then):
    for act in (
        lambda **whom: plan_offboarding(leaves_at=then, **whom),
        lambda **whom: plan_offboarding(**whom),
        lambda **whom: set_membership_end(ends_at=then, **whom),
    ):
        with pytest.raises(MembershipRefused) as refusal:
            act(actor=gina, membership=membership(alice))
        assert refusal.value.code == "main_super_user"
        with pytest.raises(MembershipRefused):
            act(actor=gina, membership=membership(gina))
    assert not AuditEvent.objects.filter(kind__startswith="leaving.").exists()


def test_the_database_refuses_an_end_for_the_main_super_user(alice, membership, then):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=membership(alice).pk).update(ends_at=then)


def test_transfers_go_only_to_other_members_of_the_company(
    plan, bob, charlie, membership, his, domain
):
    for receiver in (membership(charlie), membership(bob)):
        with pytest.raises(OffboardingRefused):
            plan(grants=[(his, receiver)])
    assert not charlie.has_perm(HAS, domain)
    assert not Offboarding.objects.exists()


def test_only_the_leavers_grants_are_transferred(plan, alice, emma, gina, membership, domain, give):
    hers = give(alice, membership(emma), "domains.domain.transfer", domain, reason="Move")
    with pytest.raises(OffboardingRefused):
        plan(grants=[(hers, membership(gina))])


def test_transferring_a_sensitive_grant_needs_the_same_care(
    plan, alice, bob, emma, gina, membership, resource, give, then
):
    mailbox = resource("mailbox", "bob@alder.example")
    his = give(alice, membership(bob), READ, mailbox, reason="Front desk")
    to_emma, fresh = [(his, membership(emma))], timezone.now()

    with pytest.raises(ValidationError) as refusal:
        plan(grants=to_emma, signed_in_at=fresh)
    assert set(refusal.value.message_dict) == {"reason"}
    with pytest.raises(FreshSignInRequired):
        plan(grants=to_emma, reason="Takes over", signed_in_at=fresh - timedelta(hours=1))
    with pytest.raises(OffboardingRefused, match="give yourself"):
        plan(grants=[(his, membership(alice))], reason="Takes over", signed_in_at=fresh)
    assert not Offboarding.objects.exists()
    assert not emma.has_perm(READS, mailbox)

    plan(grants=to_emma, reason="Takes over", signed_in_at=fresh, leaves_at=then)
    assert not emma.has_perm(READS, mailbox)
    with time_machine.travel(then, tick=False):
        strike()
        assert emma.has_perm(READS, mailbox)


def test_a_plan_announces_no_grant_before_it_is_given(
    plan, alice, bob, emma, membership, resource, give, then, deliver
):
    his = give(
        alice, membership(bob), READ, resource("mailbox", "bob@alder.example"), reason="Desk"
    )
    sent = len(deliver())
    plan(
        grants=[(his, membership(emma))],
        reason="Takes over",
        signed_in_at=timezone.now(),
        leaves_at=then,
    )
    assert [mail.to for mail in deliver()[sent:]] == [[bob.email]]


@pytest.mark.parametrize("days", [-1, 0, 5000])
def test_the_planned_day_is_in_the_future(days, plan, alice, bob, membership):
    moment = timezone.now() + timedelta(days=days)
    for act in (
        lambda: plan(leaves_at=moment),
        lambda: set_membership_end(actor=alice, membership=membership(bob), ends_at=moment),
    ):
        with pytest.raises(ValidationError) as refusal:
            act()
        assert set(refusal.value.message_dict) == {"last_day"}


# --- A membership that ends by itself ---


def test_a_membership_end_is_set_changed_and_cleared(alice, bob, membership, then):
    for moment in (then, then + timedelta(days=1), then + timedelta(days=1), None):
        set_membership_end(actor=alice, membership=membership(bob), ends_at=moment)
        assert membership(bob).ends_at == moment
    kinds = list(AuditEvent.objects.filter(kind__startswith="membership.end_").values_list("kind"))
    assert kinds == [("membership.end_cleared",), ("membership.end_set",), ("membership.end_set",)]


def test_all_access_ends_with_the_membership(alice, bob, alder, membership, then, his):
    set_membership_end(actor=alice, membership=membership(bob), ends_at=then)
    with time_machine.travel(then, tick=False):
        strike()
    assert Membership.objects.get(user=bob).ended_at == then
    assert not PersonGrant.objects.filter(user=bob).exists()
    assert AuditEvent.objects.get(kind="membership.left").actor_name == "The hub"


def test_a_member_returns_after_the_end_before_any_job(
    alice, bob, alder, membership, his, domain, then
):
    set_membership_end(actor=alice, membership=membership(bob), ends_at=then)
    with time_machine.travel(then, tick=False):
        invitation = invite_person(actor=alice, customer=alder, address=bob.email)
        accept_invitation(actor=bob, token=invitation.token)
        strike()
        assert membership(bob).is_live
        assert not bob.has_perm(HAS, domain)
    assert AuditEvent.objects.filter(kind="membership.left").count() == 1


def test_a_planned_offboarding_owns_the_membership_end(plan, alice, bob, membership, then):
    plan(leaves_at=then)
    for moment in (None, then + TUESDAY):
        with pytest.raises(OffboardingRefused):
            set_membership_end(actor=alice, membership=membership(bob), ends_at=moment)
    assert membership(bob).ends_at == then


def test_an_offboarding_after_the_membership_end_is_refused(plan, alice, bob, membership, then):
    set_membership_end(actor=alice, membership=membership(bob), ends_at=then)
    with pytest.raises(OffboardingRefused):
        plan(leaves_at=then + timedelta(days=1))


def test_the_people_concerned_are_told_once_a_week_before(
    alice, gina, bob, membership, then, deliver
):
    set_membership_end(actor=alice, membership=membership(bob), ends_at=then)
    for early in (REMIND_BEFORE + timedelta(minutes=1), REMIND_BEFORE, timedelta(days=3)):
        with time_machine.travel(then - early, tick=False):
            strike()
            said = re.compile("The last day of|Your last day at")
            mails = [mail for mail in deliver() if said.search(mail.body)]
    assert sorted(mail.to[0] for mail in mails) == sorted([alice.email, gina.email, bob.email])


def test_a_changed_day_is_announced_again(alice, bob, membership, then, deliver):
    set_membership_end(actor=alice, membership=membership(bob), ends_at=then)
    with time_machine.travel(then - timedelta(days=3), tick=False):
        assert remind_of_membership_expiry() == 1
        set_membership_end(
            actor=alice, membership=membership(bob), ends_at=then + timedelta(days=30)
        )
    with time_machine.travel(then + timedelta(days=25), tick=False):
        assert remind_of_membership_expiry() == 1


def test_an_end_within_a_week_is_announced_when_it_is_set(alice, bob, membership, deliver):
    soon = timezone.now() + timedelta(days=2)
    set_membership_end(actor=alice, membership=membership(bob), ends_at=soon)
    assert remind_of_membership_expiry() == 0
    assert [mail.to for mail in deliver() if "last day" in mail.body] == [[bob.email]]


# --- Asked for ---


def test_a_request_to_leave_is_approved_by_planning_it(plan, alice, bob, alder, then, deliver):
    access_request = open_request(actor=bob, customer=alder, kind="leave")
    with pytest.raises(RequestRefused) as refusal:
        approve_request(actor=alice, access_request=access_request)
    assert refusal.value.code == "offboarding"

    offboarding = plan(leaves_at=then, access_request=access_request)

    access_request.refresh_from_db()
    assert (access_request.state, access_request.answered_by, offboarding.request) == (
        "approved",
        alice,
        access_request,
    )
    assert "Approved: leave Alder Dental" in [mail.subject for mail in deliver()]


def test_an_offboarding_approves_no_other_request(plan, emma, bob, alder, then):
    for access_request in (
        open_request(actor=emma, customer=alder, kind="leave"),
        open_request(actor=bob, customer=alder, kind="other", text="A chair."),
    ):
        with pytest.raises(ValidationError):
            plan(leaves_at=then, access_request=access_request)
        access_request.refresh_from_db()
        assert access_request.is_open
    assert not Offboarding.objects.exists()


# --- The database's own rules ---


def test_one_open_plan_per_membership_and_settled_once(plan, alice, bob, membership, then):
    offboarding = plan(leaves_at=then)
    with pytest.raises(IntegrityError), transaction.atomic():
        Offboarding.objects.create(membership=membership(bob), leaves_at=then, planned_by=alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Offboarding.objects.filter(pk=offboarding.pk).update(state="done")
    cancel_offboarding(actor=alice, membership=membership(bob))
    with pytest.raises(IntegrityError), transaction.atomic():
        Offboarding.objects.filter(pk=offboarding.pk).update(reason="Rewritten")


def test_the_database_refuses_transfers_to_others_or_to_the_leaver(
    plan, alice, bob, charlie, emma, alder, membership, then, privilege_of, domain
):
    team = create_team(actor=alice, customer=alder, name="Night shift")
    offboarding = plan(leaves_at=then)
    for receiver in (membership(charlie), membership(bob)):
        with pytest.raises(IntegrityError), transaction.atomic():
            offboarding.reassigned_teams.create(team=team, receiver=receiver, words="Night shift")
        with pytest.raises(IntegrityError), transaction.atomic():
            offboarding.reassigned_grants.update(receiver=receiver)
        with pytest.raises(IntegrityError), transaction.atomic():
            offboarding.reassigned_grants.create(
                resource=domain,
                privilege=privilege_of("domains.domain.view"),
                receiver=receiver,
                words="View",
            )


def test_a_plan_answers_a_request_of_the_leaver(plan, emma, alder, then):
    hers = open_request(actor=emma, customer=alder, kind="leave")
    offboarding = plan(leaves_at=then)
    with pytest.raises(IntegrityError), transaction.atomic():
        Offboarding.objects.filter(pk=offboarding.pk).update(request=hers)
