"""Offers that can no longer be given at acceptance are left out and reported."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.selectors import sentence_of
from accounts.services.invitations import (
    Invitee,
    accept_invitation,
    invite_people,
    invite_person,
    revoke_invitation,
)
from accounts.services.teams import create_team, delete_team
from accounts.services.undo import undo_event
from portals.models import PersonGrant
from portals.services.grants import GrantTerms
from portals.services.offered_grants import offer_privileges
from portals.services.resources import delete_resource

DNS = "domains.domain.manage_dns"
VIEW = "domains.domain.view"


@pytest.fixture
def invite(alice, alder, privilege_of, deliver):
    """Gina, invited with these offers (pairs of a name and a resource) and perhaps a team."""

    def send(*privileges, team=None, **terms):
        def offer(made):
            offer_privileges(
                actor=alice,
                invitations=made,
                privileges=[(resource, privilege_of(name)) for name, resource in privileges],
                terms=GrantTerms(**terms),
                signed_in_at=timezone.now(),
            )

        invite_people(
            actor=alice,
            customer=alder,
            invitees=[Invitee("gina@alder.example", "Gina Stone")],
            team=team,
            offer=offer,
        )
        mail = [message for message in deliver() if message.to == ["gina@alder.example"]][-1]
        return next(w for w in mail.body.split() if "/invitations/" in w).rstrip("/").split("/")[-1]

    return send


def accept(token):
    return accept_invitation(
        actor=None, token=token, name="Gina Stone", password="three short words"
    )


def told(deliver):
    """The trail's sentences about what was left out, and the mails."""
    events = AuditEvent.objects.filter(kind="invitation.left_out")
    mails = [message for message in deliver() if "without some of the access" in message.subject]
    return [sentence_of(event) for event in events], mails


def test_everything_offered_is_given_without_a_message(
    alice, alder, invite, resource, deliver, privilege_of
):
    team = create_team(actor=alice, customer=alder, name="Back office")
    domain = resource("domain", "alder.example")
    gina = accept(invite((DNS, domain), team=team))

    assert gina.user.has_perm(f"portals.{DNS}", domain)
    assert told(deliver) == ([], [])


def test_the_inviter_is_told_of_a_deleted_team(alice, alder, invite, deliver):
    team = create_team(actor=alice, customer=alder, name="Back office")
    token = invite(team=team)
    delete_team(actor=alice, team=team)

    gina = accept(token)

    assert not gina.team_memberships.exists()
    [sentence], [mail] = told(deliver)
    assert "The invitation offered Gina Stone access" in sentence
    assert "Back office" in sentence
    assert mail.to == [alice.email]
    assert "- Back office" in mail.body
    assert str(gina.user.sub) in mail.body


def test_a_restored_team_is_joined(alice, alder, invite, deliver):
    team = create_team(actor=alice, customer=alder, name="Back office")
    token = invite(team=team)
    undo_event(actor=alice, event=delete_team(actor=alice, team=team))

    gina = accept(token)

    assert [row.team.name for row in gina.team_memberships.all()] == ["Back office"]
    assert told(deliver) == ([], [])


def test_the_inviter_is_told_of_a_deleted_resource_and_an_expired_offer(
    alice, alder, invite, resource, deliver
):
    gone, stays = resource("domain", "alderdental.example"), resource("domain", "alder.example")
    ends = timezone.now() + timedelta(hours=1)
    token = invite((VIEW, gone), (DNS, stays), expires_at=ends)
    delete_resource(actor=gone.resource_type.portal, resource=gone)

    with time_machine.travel(ends + timedelta(seconds=1), tick=False):
        gina = accept(token)

    assert not PersonGrant.objects.filter(user=gina.user, content_object=stays).exists()
    [sentence], [mail] = told(deliver)
    assert "“See domain and DNS records” · alderdental.example" in sentence
    assert "“Change DNS records” · alder.example" in mail.body


def test_an_offer_that_became_sensitive_needs_a_reason(
    alice, invite, resource, privilege_of, deliver
):
    domain = resource("domain", "alder.example")
    token = invite((DNS, domain))
    privilege = privilege_of(DNS)
    privilege.sensitive = True
    privilege.save()

    gina = accept(token)

    assert not gina.user.has_perm(f"portals.{DNS}", domain)
    [sentence], [_mail] = told(deliver)
    assert "alder.example" in sentence


def test_offers_of_an_older_invitation_are_ignored(alice, alder, invite, resource, deliver):
    invite((DNS, resource("domain", "alder.example")))
    revoke_invitation(actor=alice, invitation=alder.invitations.open().latest("pk"))
    again = invite_person(actor=alice, customer=alder, address="gina@alder.example")

    accept(again.token)

    assert told(deliver) == ([], [])


def test_the_email_is_in_the_inviters_language(alice, alder, invite, resource, deliver):
    alice.language = "fr"
    alice.save()
    gone = resource("domain", "alderdental.example")
    token = invite((VIEW, gone))
    delete_resource(actor=gone.resource_type.portal, resource=gone)

    accept(token)

    bodies = [mail.body for mail in deliver() if mail.to == [alice.email]]
    assert "Voir le domaine et ses enregistrements DNS" in bodies[-1]
