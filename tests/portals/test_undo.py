"""Undo: the person who removed something restores it once, within ten minutes."""

from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Client, Token
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Team, Undo, User
from accounts.services.audit import verify_chain
from accounts.services.bulk import remove_people
from accounts.services.customers import suspend_customer
from accounts.services.invitations import accept_invitation, invite_person, revoke_invitation
from accounts.services.memberships import change_role, remove_membership, suspend_membership
from accounts.services.requests import open_request, withdraw_request
from accounts.services.sessions import end_sessions
from accounts.services.teams import add_to_team, create_team, delete_team, remove_from_team
from accounts.services.undo import UNDO_WITHIN, UndoRefused, undo_event
from portals.models import PersonGrant, Portal, Resource
from portals.selectors.grant_changes import grants_key
from portals.services.grants import GrantRefused, revoke_privilege

RENEW = "domains.domain.renew"
HAS = "portals.domains.domain.renew"


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


@pytest.fixture
def gina(alice, alder, membership):
    """A second Super User of Alder."""
    invitation = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", name="Gina", role="super_user"
    )
    accept_invitation(actor=None, token=invitation.token, name="Gina", password="three short words")
    return Membership.objects.get(user__email="gina@alder.example").user


@pytest.fixture
def revoked(alice, bob, membership, domain, give):
    """Revoke a grant of Bob with an end and a reason; return the event."""
    until = timezone.now() + timedelta(hours=1)
    grant = give(alice, membership(bob), RENEW, domain, expires_at=until, reason="For the move")
    return revoke_privilege(actor=alice, grant=grant)


def test_a_revoked_grant_is_restored_unchanged(alice, bob, domain, revoked, alder):
    done = undo_event(actor=alice, event=revoked)

    assert bob.has_perm(HAS, domain)
    grant = PersonGrant.objects.get(
        user=bob, content_object=domain, permission__privilege__codename="domain.renew"
    )
    assert grant.granted_by == alice
    assert grant.reason == "For the move"
    assert grant.expires_at.isoformat() == revoked.data["expires_at"]
    assert (done.kind, done.person, done.data["undoes"]) == (
        "grant.reinstated",
        bob,
        revoked.sequence,
    )
    assert verify_chain(f"customer:{alder.pk}")


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_nobody_else_may(who, request, bob, domain, revoked):
    before = AuditEvent.objects.count()

    with pytest.raises(PermissionDenied):
        undo_event(actor=request.getfixturevalue(who), event=revoked)

    assert not bob.has_perm(HAS, domain)
    assert AuditEvent.objects.count() == before


def test_only_the_actor_can_undo(gina, revoked):
    with pytest.raises(UndoRefused) as refusal:
        undo_event(actor=gina, event=revoked)
    assert refusal.value.code == "not_yours"


def test_a_former_super_user_cannot_undo(alice, bob, gina, membership, domain, give):
    event = revoke_privilege(actor=gina, grant=give(gina, membership(bob), RENEW, domain))
    change_role(actor=alice, membership=membership(gina), role="user")

    with pytest.raises(PermissionDenied):
        undo_event(actor=gina, event=event)


def test_no_act_while_the_company_is_suspended(alice, alder, olive, revoked):
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")

    with pytest.raises(PermissionDenied):
        undo_event(actor=alice, event=revoked)


def test_an_act_is_undone_once(alice, revoked):
    undo_event(actor=alice, event=revoked)
    before = AuditEvent.objects.count()

    with pytest.raises(UndoRefused) as refusal:
        undo_event(actor=alice, event=revoked)

    assert refusal.value.code == "undone"
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("act", ["update", "delete"])
def test_an_undo_record_cannot_be_changed_or_deleted(act, alice, revoked):
    undo_event(actor=alice, event=revoked)
    row = Undo.objects.filter(event=revoked)

    with pytest.raises(DatabaseError), transaction.atomic():
        row.update(event=AuditEvent.objects.first()) if act == "update" else row.delete()


def test_an_act_can_be_undone_for_ten_minutes(alice, revoked):
    with time_machine.travel(revoked.at + UNDO_WITHIN + timedelta(seconds=1), tick=False):
        with pytest.raises(UndoRefused) as refusal:
            undo_event(actor=alice, event=revoked)
        assert refusal.value.code == "late"


def test_other_events_cannot_be_undone(alice, bob, membership):
    suspend_membership(actor=alice, membership=membership(bob))

    with pytest.raises(UndoRefused) as refusal:
        undo_event(actor=alice, event=AuditEvent.objects.get(kind="membership.suspended"))
    assert refusal.value.code == "kind"


def test_an_expired_grant_is_not_restored(alice, bob, membership, domain, give):
    soon = timezone.now() + timedelta(minutes=3)
    event = revoke_privilege(
        actor=alice, grant=give(alice, membership(bob), RENEW, domain, expires_at=soon)
    )

    with time_machine.travel(soon, tick=False), pytest.raises(UndoRefused):
        undo_event(actor=alice, event=event)
    held = PersonGrant.objects.filter(user=bob, content_object=domain)
    assert not held.filter(permission__privilege__codename="domain.renew").exists()


def test_a_grant_given_again_keeps_its_terms(alice, bob, membership, domain, give, revoked):
    give(alice, membership(bob), RENEW, domain, reason="Again")

    with pytest.raises(UndoRefused) as refusal:
        undo_event(actor=alice, event=revoked)

    assert refusal.value.code == "superseded"
    assert PersonGrant.objects.get(
        user=bob, content_object=domain, permission__privilege__codename="domain.renew"
    ).reason == "Again"  # fmt: skip


def test_a_new_resource_with_the_same_id_inherits_nothing(alice, bob, domain, revoked):
    again = Resource(
        subscription=domain.subscription,
        resource_type=domain.resource_type,
        external_id=domain.external_id,
        name=domain.name,
        parent=domain.parent,
    )
    domain.delete()
    again.save()

    with pytest.raises(UndoRefused) as refusal:
        undo_event(actor=alice, event=revoked)

    assert refusal.value.code == "superseded"
    assert not bob.has_perm(HAS, again)


def test_a_grant_of_a_former_member_is_not_restored(alice, bob, membership, revoked):
    remove_membership(actor=alice, membership=membership(bob))

    with pytest.raises(UndoRefused):
        undo_event(actor=alice, event=revoked)


def test_nobody_restores_a_sensitive_grant_to_themselves(
    alice, gina, membership, resource, privilege_of, give
):
    mailbox = resource("mailbox", "emma@alder.example")
    grant = give(gina, membership(alice), "webmail.mailbox.read", mailbox, reason="Holiday")
    event = revoke_privilege(actor=alice, grant=grant)

    with pytest.raises(GrantRefused):
        undo_event(actor=alice, event=event)
    assert not PersonGrant.objects.filter(user=alice, content_object=mailbox).exists()


def test_a_sensitive_grant_is_restored_to_another_with_notices(
    alice, bob, emma, membership, resource, give, mailoutbox, deliver
):
    mailbox = resource("mailbox", "emma@alder.example")
    grant = give(alice, membership(bob), "webmail.mailbox.read", mailbox, reason="Holiday")
    event = revoke_privilege(actor=alice, grant=grant)
    sent = len(deliver())

    undo_event(actor=alice, event=event)

    assert bob.has_perm("portals.webmail.mailbox.read", mailbox)
    assert bob.email in {address for mail in deliver()[sent:] for address in mail.to}


def test_a_removed_team_member_is_restored(alice, emma, alder, membership, domain, give):
    team = create_team(actor=alice, customer=alder, name="Night shift")
    give(alice, team, RENEW, domain)
    add_to_team(actor=alice, team=team, membership=membership(emma))
    event = remove_from_team(actor=alice, team=team, membership=membership(emma))
    assert not emma.has_perm(HAS, domain)

    undo_event(actor=alice, event=event)

    assert emma.has_perm(HAS, domain)


def test_nobody_restores_themselves_into_a_sensitive_team(
    alice, gina, alder, membership, resource, give
):
    team = create_team(actor=alice, customer=alder, name="Night shift")
    add_to_team(actor=alice, team=team, membership=membership(gina))
    give(
        alice, team, "webmail.mailbox.read", resource("mailbox", "emma@alder.example"),
        reason="Holiday",
    )  # fmt: skip
    event = remove_from_team(actor=gina, team=team, membership=membership(gina))

    with pytest.raises(ValidationError):
        undo_event(actor=gina, event=event)
    assert not team.team_memberships.exists()


def test_a_deleted_team_is_restored_with_people_and_grants(
    alice, bob, emma, alder, membership, domain, give
):
    team = create_team(actor=alice, customer=alder, name="Night shift")
    for person in (bob, emma):
        add_to_team(actor=alice, team=team, membership=membership(person))
    give(alice, team, RENEW, domain, reason="Nights")
    event = delete_team(actor=alice, team=team)
    remove_membership(actor=alice, membership=membership(emma))

    done = undo_event(actor=alice, event=event)

    again = Team.objects.get(uuid=team.uuid)
    assert [row.membership.user for row in again.team_memberships.all()] == [bob]
    assert bob.has_perm(HAS, domain)
    assert done.data["left_out"] == ["Emma Roy in the team"]


def test_grants_expired_before_a_team_removal_are_not_reported(
    alice, bob, membership, domain, give
):
    soon = timezone.now() + timedelta(hours=1)
    give(alice, membership(bob), RENEW, domain, expires_at=soon)
    with time_machine.travel(soon + timedelta(hours=1)):
        event = remove_membership(actor=alice, membership=membership(bob))
        done = undo_event(actor=alice, event=event)

    assert done.data["left_out"] == []
    assert not PersonGrant.objects.filter(user=bob, expires_at=soon).exists()


def test_a_team_whose_name_is_taken_is_not_restored(alice, alder, domain, give):
    event = delete_team(
        actor=alice, team=create_team(actor=alice, customer=alder, name="Night shift")
    )
    create_team(actor=alice, customer=alder, name="night  SHIFT")

    with pytest.raises(UndoRefused) as refusal:
        undo_event(actor=alice, event=event)
    assert refusal.value.code == "superseded"
    assert Team.objects.filter(customer=alder, name__iexact="night shift").count() == 0


def test_a_removed_person_is_restored_with_role_teams_and_grants_but_no_token(
    alice, gina, alder, membership, domain, give
):
    team = create_team(actor=alice, customer=alder, name="Night shift")
    place = membership(gina)
    add_to_team(actor=alice, team=team, membership=place)
    give(alice, place, RENEW, domain, reason="Moves")
    held = set(PersonGrant.objects.filter(user=gina).values_list("permission", "content_object"))
    token = Token.objects.create(
        type="at", hash="x", user=gina, client=Client.objects.create(name="a portal")
    )
    epoch = gina.session_epoch
    event = remove_membership(actor=alice, membership=place)

    done = undo_event(actor=alice, event=event)

    back = membership(gina)
    assert (back.pk, back.role, back.joined_at) == (place.pk, "super_user", place.joined_at)
    assert set(
        PersonGrant.objects.filter(user=gina).values_list("permission", "content_object")
    ) == held  # fmt: skip
    assert back.team_memberships.get().team == team
    assert done.data["left_out"] == []
    assert not Token.objects.filter(pk=token.pk).exists()
    gina.refresh_from_db()
    assert gina.session_epoch != epoch  # signed in anew, as after any end


def test_what_cannot_be_restored_is_named(alice, bob, membership, domain, give):
    give(alice, membership(bob), RENEW, domain)
    event = remove_membership(actor=alice, membership=membership(bob))
    domain.delete()

    done = undo_event(actor=alice, event=event)

    assert "“Renew domain” on alder.example" in done.data["left_out"]
    assert membership(bob).is_live


def test_grants_expired_before_a_removal_are_not_reported(alice, bob, membership, domain, give):
    """A grant that ended before the removal is ignored; one that ended since is named."""
    soon = timezone.now() + timedelta(minutes=3)
    give(alice, membership(bob), RENEW, domain, expires_at=soon)
    with time_machine.travel(soon, tick=False):
        event = remove_membership(actor=alice, membership=membership(bob))
        done = undo_event(actor=alice, event=event)

    assert done.data["left_out"] == []


def test_grants_expired_since_the_removal_are_reported(alice, bob, membership, domain, give):
    soon = timezone.now() + timedelta(minutes=3)
    give(alice, membership(bob), RENEW, domain, expires_at=soon)
    event = remove_membership(actor=alice, membership=membership(bob))

    with time_machine.travel(soon, tick=False):
        done = undo_event(actor=alice, event=event)

    assert done.data["left_out"] == ["“Renew domain” on alder.example"]


def test_a_restored_team_does_not_report_expired_grants(alice, alder, domain, give):
    team = create_team(actor=alice, customer=alder, name="Night shift")
    soon = timezone.now() + timedelta(minutes=3)
    give(alice, team, RENEW, domain, expires_at=soon)

    with time_machine.travel(soon, tick=False):
        done = undo_event(actor=alice, event=delete_team(actor=alice, team=team))

    assert done.data["left_out"] == []


def test_a_request_ended_with_the_membership_is_reported(alice, emma, membership, alder):
    """It is answered once, so it stays withdrawn; what she withdrew herself is not missed."""
    mine = open_request(actor=emma, customer=alder, kind="phone", wanted={"work_phone": "911"})
    withdraw_request(actor=emma, access_request=mine)
    event = remove_membership(actor=alice, membership=membership(emma))

    done = undo_event(actor=alice, event=event)

    assert done.data["left_out"] == ["a request that stays withdrawn (open the Domains portal)"]
    assert not membership(emma).requests.open().exists()


def test_a_person_invited_again_keeps_the_new_membership(alice, bob, alder, membership):
    event = remove_membership(actor=alice, membership=membership(bob))
    invitation = invite_person(actor=alice, customer=alder, address=bob.email)
    accept_invitation(actor=bob, token=invitation.token)

    with pytest.raises(UndoRefused) as refusal:
        undo_event(actor=alice, event=event)
    assert refusal.value.code == "superseded"


def test_a_grant_of_a_removed_privilege_is_not_restored(alice, revoked):
    Portal.objects.get(slug="domains").privileges.get(codename="domain.renew").delete()

    with pytest.raises(UndoRefused):
        undo_event(actor=alice, event=revoked)


def test_the_page_offers_undo_and_carries_it_out(as_, alice, bob, membership, domain, give):
    grant = give(alice, membership(bob), RENEW, domain)
    client = as_(alice)
    person = reverse("portals:person", args=["alder", bob.sub])

    page = client.post(
        reverse("portals:access-remove", args=["alder", grants_key([grant])]), follow=True
    )
    event = AuditEvent.objects.get(kind="grant.revoked")
    address = reverse("accounts:undo", args=["alder", event.sequence])
    assert f'action="{address}"' in page.content.decode()
    assert "csrfmiddlewaretoken" in page.content.decode()

    answer = client.post(address, headers={"Referer": f"http://testserver{person}"}, follow=True)

    assert answer.redirect_chain[-1][0].endswith(person)
    assert "The change is undone." in answer.content.decode()
    assert bob.has_perm(HAS, domain)


def test_the_page_does_not_report_grants_expired_before(as_, alice, bob, membership, domain, give):
    """Nor does it keep quiet about a request."""
    soon = timezone.now() + timedelta(minutes=3)
    give(alice, membership(bob), RENEW, domain, expires_at=soon)
    open_request(actor=bob, customer=membership(bob).customer, kind="other", text="A desk")
    with time_machine.travel(soon):
        event = remove_membership(actor=alice, membership=membership(bob))
        address = reverse("accounts:undo", args=["alder", event.sequence])
        said = as_(alice).post(address, follow=True).content.decode()

    assert "be restored: a request that stays withdrawn (“A desk”)." in said


def test_a_refusal_is_shown_and_redirects_to_this_host(as_, alice, revoked):
    client = as_(alice)
    address = reverse("accounts:undo", args=["alder", revoked.sequence])
    client.post(address)

    answer = client.post(address, headers={"Referer": "https://elsewhere.example/"}, follow=True)

    assert answer.redirect_chain[-1][0] == reverse("portals:people", args=["alder"])
    assert "already undone" in answer.content.decode()


def test_an_unknown_entry_and_a_foreign_one_are_404(as_, charlie, alice, revoked):
    address = reverse("accounts:undo", args=["alder", revoked.sequence])
    assert as_(charlie).post(address).status_code == 404
    unknown = reverse("accounts:undo", args=["alder", 10**18 - 1])
    for missing in (unknown, f"/c/alder/undo/{10**30}/"):
        assert as_(alice).post(missing).status_code == 404


@pytest.fixture
def removed(alice, bob, emma, alder, membership, domain, give):
    """Remove Bob, who has a grant, and Emma in one act; return the events."""
    give(alice, membership(bob), RENEW, domain)
    return remove_people(
        actor=alice,
        customer=alder,
        people=[membership(bob), membership(emma)],
        confirmation_name="Alder Dental",
        signed_in_at=timezone.now(),
    )


def test_removals_of_one_act_are_restored_together(as_, alice, bob, emma, domain, removed, alder):
    address = reverse("accounts:undo-all", args=["alder", *(event.sequence for event in removed)])

    said = as_(alice).post(address, follow=True).content.decode()

    assert "The change is undone" in said
    # Emma had asked for something; the rest is all there.
    lost = "a request that stays withdrawn (open the Domains portal)"
    assert f"be restored: {lost}.</" in said
    assert bob.has_perm(HAS, domain)
    assert Membership.objects.present().filter(customer=alder, user__in=[bob, emma]).count() == 2
    assert verify_chain(f"customer:{alder.pk}")
    assert "already undone" in as_(alice).post(address, follow=True).content.decode()


def test_removals_of_one_act_that_cannot_be_restored_are_named(
    as_, alice, bob, emma, alder, removed
):
    undo_event(actor=alice, event=next(one for one in removed if one.person == bob))
    address = reverse("accounts:undo-all", args=["alder", *(event.sequence for event in removed)])

    said = as_(alice).post(address, follow=True).content.decode()

    [warning] = [line for line in said.splitlines() if "be restored" in line]
    assert "Bob Tremblay" in warning
    assert Membership.objects.present().filter(customer=alder, user=emma).exists()


def test_removals_by_somebody_else_in_between_are_kept(
    as_, alice, gina, revoked, resource, membership
):
    """A range that was made up reaches no further than the own removals."""
    team = membership(alice).customer.teams.get()
    other = delete_team(actor=gina, team=team)
    address = reverse("accounts:undo-all", args=["alder", revoked.sequence, other.sequence])

    as_(alice).post(address)

    assert list(Undo.objects.values_list("event", flat=True)) == [revoked.pk]
    foreign = reverse("accounts:undo-all", args=["alder", other.sequence, other.sequence])
    assert (
        "Only the person who made this change"
        in as_(alice).post(foreign, follow=True).content.decode()
    )
    far = reverse("accounts:undo-all", args=["alder", revoked.sequence, 10**18 - 1])
    for missing in (far, f"/c/alder/undo/{revoked.sequence}/{10**30}/"):
        assert as_(alice).post(missing).status_code == 404


# --- Once the message is gone ---


@pytest.fixture
def offered(as_):
    """What somebody's activity page offers to undo: pairs of the address and its words."""

    def find(who, **query):
        page = as_(who).get(reverse("accounts:activity", args=["alder"]), query)
        return [(act["url"], act["sentences"]) for act in page.context["undoable"]]

    return find


def test_the_activity_page_lists_acts_that_can_be_undone(as_, alice, bob, domain, revoked, offered):
    [(address, sentences)] = offered(alice)
    assert address == reverse("accounts:undo", args=["alder", revoked.sequence])
    assert "Bob Tremblay" in sentences[0]

    as_(alice).post(address)

    assert bob.has_perm(HAS, domain)
    assert offered(alice) == []


def test_undo_is_listed_only_for_the_actor_within_its_time(
    alice, gina, revoked, offered, alder, olive
):
    assert offered(gina) == []
    assert offered(alice, group="privileges") == []  # a filtered page offers no undo
    with time_machine.travel(revoked.at + UNDO_WITHIN + timedelta(seconds=1)):
        assert offered(alice) == []
    suspend_customer(actor=olive, customer=alder, reason="Unpaid")
    assert offered(alice) == []


def test_sessions_tokens_and_invitations_are_never_restored(alice, alder, offered):
    invitation = invite_person(actor=alice, customer=alder, address="hugo@alder.example")
    revoke_invitation(actor=alice, invitation=invitation)
    end_sessions(alice)
    assert offered(alice) == []


def test_removals_of_one_act_are_listed_together(as_, alice, alder, removed, offered):
    [(address, sentences)] = offered(alice)
    ends = (removed[0].sequence, removed[-1].sequence)
    assert address == reverse("accounts:undo-all", args=["alder", *ends])
    assert len(sentences) == 2

    as_(alice).post(address)

    assert offered(alice) == []
    back = [event.data["membership"] for event in removed]
    assert alder.memberships.filter(ended_at=None, uuid__in=back).count() == 2


def test_two_acts_are_listed_separately_latest_first(alice, bob, membership, domain, give, offered):
    with time_machine.travel(timezone.now() - timedelta(minutes=2)):
        first = revoke_privilege(actor=alice, grant=give(alice, membership(bob), RENEW, domain))
    second = revoke_privilege(actor=alice, grant=give(alice, membership(bob), RENEW, domain))

    found = [address for address, _sentences in offered(alice)]

    assert found == [
        reverse("accounts:undo", args=["alder", event.sequence]) for event in (second, first)
    ]


def test_an_actor_suspended_meanwhile_restores_nothing(alice, bob, domain, revoked):
    """The page had let her in; staff closed the account while she waited for the company's lock."""
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert alice.is_active

    with pytest.raises(PermissionDenied):
        undo_event(actor=alice, event=revoked)

    assert not bob.has_perm(HAS, domain)
    assert not Undo.objects.exists()
