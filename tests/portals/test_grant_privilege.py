"""The rules of granting and revoking, one by one."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.permissions import FreshSignInRequired
from accounts.services.memberships import change_role, suspend_membership
from accounts.services.teams import add_to_team, create_team
from portals.models import PersonGrant, TeamGrant
from portals.services.grants import (
    GrantRefused,
    GrantTerms,
    grant_privilege,
    revoke_privilege,
)

DNS = "domains.domain.manage_dns"
READ = "webmail.mailbox.read"


@pytest.fixture
def domain(resource):
    return resource("domain", "alderdental.example")


@pytest.fixture
def emmas(membership, emma):
    return membership(emma)


def events(kind):
    return AuditEvent.objects.filter(kind=kind)


def may(person, name, resource):
    return person.has_perm(f"portals.{name}", resource)


def test_a_super_user_grants_and_revokes_a_privilege(alice, emma, emmas, domain, give):
    before = events("grant.given").count()
    grant = give(alice, emmas, DNS, domain, reason="She runs the website now")

    assert may(emma, DNS, domain)
    event = events("grant.given").latest("pk")
    assert events("grant.given").count() == before + 1
    assert event.actor == alice
    assert event.person == emma
    assert event.chain == f"customer:{emmas.customer_id}"

    assert revoke_privilege(actor=alice, grant=grant)
    assert not may(emma, DNS, domain)
    assert events("grant.revoked").latest("pk").data["codename"] == "domain.manage_dns"


def test_a_grant_covers_included_privileges(alice, emma, emmas, domain, give):
    give(alice, emmas, DNS, domain)

    assert may(emma, "domains.domain.view", domain)
    assert not may(emma, "domains.domain.renew", domain)


def test_a_grant_on_a_parent_covers_later_children(
    alice, emma, emmas, resource, give, django_db_blocker
):
    mail_domain = resource("mail_domain", "alder.example")
    give(alice, emmas, "webmail.mailbox.view", mail_domain)

    assert may(emma, "webmail.mailbox.view", resource("mailbox", "bob@alder.example"))
    later = type(mail_domain).objects.create(
        subscription=mail_domain.subscription,
        resource_type=resource("mailbox", "bob@alder.example").resource_type,
        external_id="later@alder.example",
        name="later@alder.example",
        parent=mail_domain,
    )
    assert may(emma, "webmail.mailbox.view", later)


def test_granting_the_same_twice_is_one_row_and_one_event(alice, emmas, domain, give):
    before = events("grant.given").count()

    first = give(alice, emmas, DNS, domain, reason="once")
    second = give(alice, emmas, DNS, domain, reason="once")

    assert first.pk == second.pk
    assert events("grant.given").count() == before + 1


def test_other_terms_replace_the_row_and_the_trail_keeps_both(alice, emmas, domain, give):
    first = give(alice, emmas, DNS, domain)
    end = timezone.now() + timedelta(days=30)
    second = give(alice, emmas, DNS, domain, expires_at=end)

    assert first.pk != second.pk
    assert PersonGrant.objects.filter(user=emmas.user, content_object=domain).count() == 1
    assert events("grant.replaced").latest("pk").data["expires_at"] == end.isoformat()


def test_revoking_twice_says_so_and_leaves_one_event(alice, emmas, domain, give):
    grant = give(alice, emmas, DNS, domain)

    assert revoke_privilege(actor=alice, grant=grant).kind == "grant.revoked"
    assert revoke_privilege(actor=alice, grant=grant) is None
    assert events("grant.revoked").filter(person=emmas.user).count() == 1


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_only_super_users_of_this_customer_give_or_take(
    who, request, alice, emmas, domain, privilege_of, give
):
    actor = request.getfixturevalue(who)
    grant = give(alice, emmas, DNS, domain)
    before = AuditEvent.objects.count()

    with pytest.raises(PermissionDenied):
        give(actor, emmas, "domains.domain.renew", domain)
    with pytest.raises(PermissionDenied):
        revoke_privilege(actor=actor, grant=grant)

    assert AuditEvent.objects.count() == before
    assert PersonGrant.objects.filter(pk=grant.pk).exists()


def test_a_demoted_super_user_grants_nothing(alice, bob, emmas, membership, domain, give):
    change_role(actor=alice, membership=membership(bob), role="super_user")
    give(bob, emmas, DNS, domain)
    change_role(actor=alice, membership=membership(bob), role="user")

    with pytest.raises(PermissionDenied):
        give(bob, emmas, "domains.domain.renew", domain)


def test_people_of_another_customer_cannot_be_granted_anything(
    alice, charlie, membership, domain, give
):
    """B2: a foreign user is refused, named by the field."""
    with pytest.raises(GrantRefused) as refusal:
        give(alice, membership(charlie), DNS, domain)

    assert "grantee" in refusal.value.message_dict


def test_resources_of_another_customer_cannot_be_granted(alice, emmas, resource, give):
    """B1: the tenant comes from the resource, so Alice is nobody there."""
    with pytest.raises(PermissionDenied):
        give(alice, emmas, DNS, resource("domain", "birch.example"))


def test_a_privilege_must_fit_the_resource_type(alice, emmas, domain, give):
    with pytest.raises(GrantRefused) as refusal:
        give(alice, emmas, READ, domain)

    assert "privilege" in refusal.value.message_dict


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"expires_at": timedelta(days=-1)}, "expires_at"),
        ({"starts_at": timedelta(days=3), "expires_at": timedelta(days=2)}, "expires_at"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "bell\a"}, "reason"),
    ],
)
def test_invalid_terms_are_refused_by_field(alice, emmas, domain, give, terms, field):
    moments = {
        name: timezone.now() + value if isinstance(value, timedelta) else value
        for name, value in terms.items()
    }
    with pytest.raises(GrantRefused) as refusal:
        give(alice, emmas, DNS, domain, **moments)

    assert field in refusal.value.message_dict
    assert not PersonGrant.objects.filter(user=emmas.user, content_object=domain).exists()


def test_the_database_refuses_an_end_before_the_start(alice, emmas, domain, privilege_of):
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        PersonGrant.objects.create(
            user=emmas.user,
            permission_id=privilege_of(DNS).pk,
            content_object=domain,
            granted_by=alice,
            starts_at=now,
            expires_at=now,
        )


class TestSensitive:
    """Reading a colleague's mail: fresh sign-in, a reason, told, never to oneself."""

    @pytest.fixture
    def mailbox(self, resource):
        return resource("mailbox", "billing@alder.example")

    def test_needs_a_reason(self, alice, emmas, mailbox, give):
        with pytest.raises(GrantRefused) as refusal:
            give(alice, emmas, READ, mailbox, reason="  ")
        assert "reason" in refusal.value.message_dict

    @pytest.mark.parametrize("age", [None, timedelta(minutes=6)])
    def test_needs_a_fresh_sign_in(self, alice, emmas, mailbox, privilege_of, age):
        with pytest.raises(FreshSignInRequired):
            grant_privilege(
                actor=alice,
                grantee=emmas,
                privilege=privilege_of(READ),
                resource=mailbox,
                terms=GrantTerms(reason="holiday cover"),
                signed_in_at=age and timezone.now() - age,
            )

    def test_nobody_grants_it_to_themselves(self, alice, membership, mailbox, give):
        with pytest.raises(GrantRefused):
            give(alice, membership(alice), READ, mailbox, reason="curious")
        assert not may(alice, READ, mailbox)

    def test_nobody_grants_it_to_themselves_through_a_team(
        self, alice, alder, membership, mailbox, give
    ):
        """B9: neither a grant to a team one is in, nor joining a team that holds it."""
        team = create_team(actor=alice, customer=alder, name="Front desk")
        add_to_team(actor=alice, team=team, membership=membership(alice))
        with pytest.raises(GrantRefused):
            give(alice, team, READ, mailbox, reason="curious")

        other = create_team(actor=alice, customer=alder, name="Back office")
        give(alice, other, READ, mailbox, reason="shared mailbox")
        with pytest.raises(GrantRefused):
            add_to_team(actor=alice, team=other, membership=membership(alice))
        assert not may(alice, READ, mailbox)

    def test_a_privilege_that_includes_it_is_sensitive(self, alice, emmas, mailbox, give):
        with pytest.raises(GrantRefused):
            give(alice, emmas, "webmail.mailbox.use", mailbox)

    def test_notifies_the_grantee_and_the_owner(
        self, alice, bob, emma, emmas, resource, give, deliver
    ):
        deliver()
        from django.core import mail

        mail.outbox.clear()
        give(alice, emmas, READ, resource("mailbox", "bob@alder.example"), reason="holiday cover")
        told = {message.to[0] for message in deliver()}

        assert told == {"bob@alder.example", "emma@alder.example"}


def test_team_grants_are_in_force_during_team_membership(
    alice, alder, bob, membership, domain, give
):
    team = create_team(actor=alice, customer=alder, name="Web")
    give(alice, team, "domains.domain.renew", domain)
    assert not may(bob, "domains.domain.renew", domain)

    add_to_team(actor=alice, team=team, membership=membership(bob))
    assert may(bob, "domains.domain.renew", domain)
    assert TeamGrant.objects.filter(group=team.group).count() == 1


def test_grants_of_suspended_people_are_kept_but_not_in_force(alice, emma, emmas, domain, give):
    give(alice, emmas, DNS, domain)
    suspend_membership(actor=alice, membership=emmas)

    assert not may(emma, DNS, domain)
    assert PersonGrant.objects.filter(user=emma, content_object=domain).exists()


class TestJoiningATeamThatHoldsASensitiveRight:
    """The grant comes through the team and needs the same care as a direct one (B9)."""

    @pytest.fixture
    def team(self, alice, alder, resource, give):
        made = create_team(actor=alice, customer=alder, name="Bookkeeping")
        mailbox = resource("mailbox", "billing@alder.example")
        give(alice, made, READ, mailbox, reason="shared mailbox")
        return made

    def test_needs_a_reason(self, alice, emmas, team):
        with pytest.raises(GrantRefused) as refusal:
            add_to_team(actor=alice, team=team, membership=emmas, signed_in_at=timezone.now())
        assert "reason" in refusal.value.message_dict

    def test_needs_a_fresh_sign_in(self, alice, emma, emmas, team, resource):
        with pytest.raises(FreshSignInRequired):
            add_to_team(actor=alice, team=team, membership=emmas, reason="new bookkeeper")
        assert not may(emma, READ, resource("mailbox", "billing@alder.example"))

    def test_notifies_the_grantee(self, alice, emma, emmas, team, resource, deliver):
        deliver().clear()
        add_to_team(
            actor=alice,
            team=team,
            membership=emmas,
            reason="new bookkeeper",
            signed_in_at=timezone.now(),
        )

        assert may(emma, READ, resource("mailbox", "billing@alder.example"))
        assert [mail.to[0] for mail in deliver()] == [emma.email]

    def test_the_page_leads_to_a_fresh_sign_in(self, as_, alice, emma, team):
        path = reverse("accounts:team-member-add", args=["alder", team.uuid])
        response = as_(alice).post(path, {"person": emma.sub, "reason": "new bookkeeper"})

        assert reverse("account_reauthenticate") in response["Location"]
        assert not team.team_memberships.exists()
