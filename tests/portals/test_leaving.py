"""Leaving a customer ends all access at once."""

from accounts.models import AuditEvent
from accounts.services.memberships import remove_membership
from portals.models import PersonGrant


def test_leaving_ends_grants_registrations_and_tokens(
    alice, bob, alder, membership, resource, give
):
    from allauth.idp.oidc.models import Client, Token

    domain = resource("domain", "alder.example")
    give(alice, membership(bob), "domains.domain.renew", domain)
    token = Token.objects.create(
        type="at", hash="x", user=bob, client=Client.objects.create(name="a portal")
    )

    remove_membership(actor=alice, membership=membership(bob))

    mine = PersonGrant.objects.filter(user=bob, content_object__subscription__customer=alder)
    assert not mine.exists()
    assert not bob.has_perm("portals.domains.domain.renew", domain)
    assert not Token.objects.filter(pk=token.pk).exists()
    dropped = AuditEvent.objects.get(kind="membership.removed", person=bob)
    assert "domain.renew" in {grant["codename"] for grant in dropped.data["grants"]}


def test_a_member_who_returns_has_no_former_access(alice, bob, alder, membership, resource, give):
    from accounts.services.invitations import accept_invitation, invite_person

    domain = resource("domain", "alder.example")
    give(alice, membership(bob), "domains.domain.renew", domain)
    remove_membership(actor=alice, membership=membership(bob))
    invitation = invite_person(actor=alice, customer=alder, address=bob.email)
    accept_invitation(actor=bob, token=invitation.token)

    assert not bob.has_perm("portals.domains.domain.renew", domain)
