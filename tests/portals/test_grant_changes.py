"""Many changes at once: all or nothing, and never after a stale review."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.permissions import FreshSignInRequired
from accounts.services.teams import create_team
from portals.models import PersonGrant, TeamGrant
from portals.services.grant_changes import (
    MAX_CHANGES,
    AddGrant,
    ChangesRefused,
    JoinTeam,
    LeaveTeam,
    RemoveGrant,
    apply_changes,
)
from portals.services.grants import GrantRefused, GrantTerms, grant_privilege, revoke_privilege

DNS = "domains.domain.manage_dns"
VIEW = "domains.domain.view"
READ = "webmail.mailbox.read"


@pytest.fixture
def domain(resource):
    return resource("domain", "alderdental.example")


@pytest.fixture
def emmas(membership, emma):
    return membership(emma)


@pytest.fixture
def apply(alice, alder):
    """Apply as Alice at Alder, freshly signed in, unless told otherwise."""

    def run(*changes, actor=alice, customer=alder, signed_in_at=None):
        return apply_changes(
            actor=actor,
            customer=customer,
            changes=changes,
            signed_in_at=signed_in_at or timezone.now(),
        )

    return run


def state():
    """Everything a refusal must leave alone."""
    return (
        list(PersonGrant.objects.order_by("pk").values_list("pk", "expires_at", "reason")),
        list(TeamGrant.objects.order_by("pk").values_list("pk", "expires_at", "reason")),
        AuditEvent.objects.count(),
    )


def test_changes_take_effect_at_once_with_an_event_each(
    apply, alice, emma, emmas, domain, give, privilege_of, alder
):
    old = give(alice, emmas, VIEW, domain)
    team = alder.teams.get()
    before = AuditEvent.objects.count()

    taken = apply(
        AddGrant(emmas, privilege_of(DNS), domain, GrantTerms(reason="The new website")),
        AddGrant(team, privilege_of(VIEW), domain),
        RemoveGrant(old),
    )

    assert [event.kind for event in taken] == ["grant.revoked"]
    assert emma.has_perm(f"portals.{DNS}", domain)
    assert not PersonGrant.objects.filter(pk=old.pk).exists()
    assert TeamGrant.objects.filter(group=team.group, content_object=domain).exists()
    kinds = AuditEvent.objects.order_by("-pk").values_list("kind", flat=True)[:3]
    assert sorted(kinds) == ["grant.given", "grant.given", "grant.revoked"]
    assert AuditEvent.objects.count() == before + 3


def test_other_terms_replace_the_grant_that_was_reviewed(
    apply, alice, emmas, domain, give, privilege_of
):
    old = give(alice, emmas, DNS, domain)
    until = timezone.now() + timedelta(days=3)

    apply(AddGrant(emmas, privilege_of(DNS), domain, GrantTerms(expires_at=until), replaces=old.pk))

    grant = PersonGrant.objects.get(user=emmas.user, content_object=domain)
    assert grant.expires_at == until
    assert AuditEvent.objects.latest("pk").kind == "grant.replaced"


def test_one_bad_change_rolls_everything_back_and_is_named(
    apply, emmas, domain, privilege_of, resource
):
    before = state()
    with pytest.raises(ChangesRefused) as refusal:
        apply(
            AddGrant(emmas, privilege_of(DNS), domain),
            AddGrant(emmas, privilege_of(READ), domain),  # no such privilege on a domain
        )

    assert "Emma Roy" in refusal.value.message_dict["privilege"][0]
    assert "Read its messages" in refusal.value.message_dict["privilege"][0]
    assert state() == before


def test_a_sensitive_privilege_needs_a_reason_a_fresh_sign_in_and_another_person(
    apply, alice, emmas, resource, privilege_of, membership
):
    mailbox = resource("mailbox", "billing@alder.example")
    before = state()
    with pytest.raises(ChangesRefused) as refusal:
        apply(AddGrant(emmas, privilege_of(READ), mailbox))
    assert "reason" in refusal.value.message_dict
    stale_sign_in = timezone.now() - timedelta(hours=1)
    with pytest.raises(FreshSignInRequired):
        apply(
            AddGrant(emmas, privilege_of(READ), mailbox, GrantTerms(reason="x")),
            signed_in_at=stale_sign_in,
        )
    with pytest.raises(ChangesRefused):
        apply(AddGrant(membership(alice), privilege_of(READ), mailbox, GrantTerms(reason="x")))
    assert state() == before

    assert not apply(
        AddGrant(emmas, privilege_of(READ), mailbox, GrantTerms(reason="Holiday cover"))
    )


@pytest.mark.parametrize("who", ["emma", "charlie", "dana", "olive"])
def test_only_a_super_user_of_this_customer(
    request, who, apply, emmas, domain, privilege_of, give, alice
):
    old = give(alice, emmas, VIEW, domain)
    before = state()
    with pytest.raises(PermissionDenied):
        apply(
            AddGrant(emmas, privilege_of(DNS), domain),
            RemoveGrant(old),
            actor=request.getfixturevalue(who),
        )
    assert state() == before


def test_one_set_of_changes_is_about_one_customer(
    apply, alice, charlie, alder, birch, emmas, domain, privilege_of, give, membership, resource
):
    foreign_thing = resource("domain", "birch.example")
    foreign_grant = give(charlie, membership(charlie), VIEW, foreign_thing)
    foreign_team = create_team(actor=charlie, customer=birch, name="Drivers")
    fine = AddGrant(emmas, privilege_of(DNS), domain)
    before = state()
    for change in (
        AddGrant(emmas, privilege_of(DNS), foreign_thing),
        AddGrant(membership(charlie), privilege_of(DNS), domain),
        AddGrant(foreign_team, privilege_of(DNS), domain),
        RemoveGrant(foreign_grant),
        JoinTeam(emmas, foreign_team),
        JoinTeam(membership(charlie), alder.teams.get()),
    ):
        with pytest.raises(ChangesRefused):
            apply(fine, change)
    assert state() == before


def test_a_super_user_of_two_customers_changes_one_at_a_time(
    apply, alice, birch, charlie, emmas, domain, privilege_of, resource, as_member
):
    as_member(alice, birch)
    before = state()
    with pytest.raises(ChangesRefused):
        apply(
            AddGrant(emmas, privilege_of(DNS), domain),
            AddGrant(emmas, privilege_of(DNS), resource("domain", "birch.example")),
        )
    assert state() == before


@pytest.fixture
def as_member(charlie):
    """Make a person Super User of a second customer, the way an invitation does."""
    from accounts.services.invitations import accept_invitation, invite_person

    def join(person, customer):
        invitation = invite_person(
            actor=charlie, customer=customer, address=person.email, role="super_user"
        )
        accept_invitation(actor=person, token=invitation.token, name="", password="")

    return join


def test_twice_and_contradictory_changes_are_refused(
    apply, alice, emmas, domain, privilege_of, give, alder
):
    held = give(alice, emmas, VIEW, domain)
    team = alder.teams.get()
    before = state()
    for changes in (
        [
            AddGrant(emmas, privilege_of(DNS), domain),
            AddGrant(emmas, privilege_of(DNS), domain, GrantTerms(reason="again")),
        ],
        [RemoveGrant(held), RemoveGrant(held)],
        [RemoveGrant(held), AddGrant(emmas, privilege_of(VIEW), domain, replaces=held.pk)],
        [JoinTeam(emmas, team), LeaveTeam(emmas, team)],
    ):
        with pytest.raises(ChangesRefused) as refusal:
            apply(*changes)
        assert "twice" in refusal.value.messages[0]
    assert state() == before


def test_no_changes_and_too_many_changes_are_refused(apply, emmas, domain, privilege_of):
    with pytest.raises(ChangesRefused):
        apply()
    with pytest.raises(ChangesRefused):
        apply(*[AddGrant(emmas, privilege_of(DNS), domain)] * (MAX_CHANGES + 1))


def test_a_stale_review_changes_nothing(apply, alice, emmas, domain, privilege_of, give):
    """The grant was revoked, replaced, or given by somebody else after the page was made."""
    held = give(alice, emmas, VIEW, domain)
    other = AddGrant(emmas, privilege_of("domains.domain.renew"), domain)

    revoke_privilege(actor=alice, grant=PersonGrant.objects.get(pk=held.pk))
    before = state()
    with pytest.raises(ChangesRefused) as refusal:
        apply(other, RemoveGrant(held))
    assert refusal.value.code == "stale"

    give(alice, emmas, DNS, domain, reason="By a colleague meanwhile")
    before = state()
    with pytest.raises(ChangesRefused) as refusal:
        apply(other, AddGrant(emmas, privilege_of(DNS), domain, GrantTerms(reason="Mine")))
    assert refusal.value.code == "stale"
    assert state() == before


def test_the_same_review_sent_twice_doubles_nothing(
    apply, alice, emmas, domain, privilege_of, give
):
    held = give(alice, emmas, VIEW, domain)
    review = [AddGrant(emmas, privilege_of(DNS), domain), RemoveGrant(held)]
    apply(*review)
    before = state()

    with pytest.raises(ChangesRefused) as refusal:
        apply(*review)

    assert refusal.value.code == "stale"
    assert state() == before


def test_joining_a_team_with_a_sensitive_privilege_needs_the_same_care(
    apply, alder, bob, membership
):
    """Reception uses info@: joining it wants the reason, as ever (B9)."""
    team = alder.teams.get()
    before = state()
    with pytest.raises(ChangesRefused):
        apply(JoinTeam(membership(bob), team))
    assert state() == before

    apply(JoinTeam(membership(bob), team, "Covers the front desk"))
    assert team.team_memberships.filter(membership=membership(bob)).exists()
    with pytest.raises(ChangesRefused):
        apply(JoinTeam(membership(bob), team, "Covers the front desk"))
    apply(LeaveTeam(membership(bob), team))
    assert not team.team_memberships.filter(membership=membership(bob)).exists()
    with pytest.raises(ChangesRefused):
        apply(LeaveTeam(membership(bob), team))


def test_refusals_have_the_type_of_grant_refusals(emmas, domain, privilege_of, apply):
    """Pages that show why a grant was refused show why changes were."""
    assert issubclass(ChangesRefused, GrantRefused)
    with pytest.raises(ChangesRefused) as refusal:
        apply(
            AddGrant(
                emmas,
                privilege_of(DNS),
                domain,
                GrantTerms(expires_at=timezone.now() - timedelta(days=1)),
            )
        )
    assert "expires_at" in refusal.value.message_dict


def test_a_grant_given_directly_is_removed_by_a_change(apply, alice, emmas, domain, privilege_of):
    grant = grant_privilege(
        actor=alice, grantee=emmas, privilege=privilege_of(DNS), resource=domain
    )
    assert len(apply(RemoveGrant(grant))) == 1
