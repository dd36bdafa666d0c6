"""Grants that would outlive their subscription, and terms that would break a page."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Invitation
from accounts.services.invitations import accept_invitation, invite_person
from portals.models import OfferedGrant, PersonGrant, Privilege, Resource
from portals.services.grants import GrantRefused, GrantTerms, grant_privilege
from portals.services.offered_grants import offer_privileges
from portals.services.subscriptions import set_subscription_status


@pytest.fixture
def domain(alder):
    return Resource.objects.get(resource_type__code="domain", external_id="alder.example")


@pytest.fixture
def renew(db):
    return Privilege.objects.get(portal__slug="domains", codename="domain.renew")


@pytest.fixture
def invite(alice, alder):
    """Invite Gina with offers of these privileges."""

    def send(*privileges):
        return invite_person(
            actor=alice,
            customer=alder,
            address="gina@alder.example",
            offer=lambda made: offer_privileges(
                actor=alice,
                invitations=made,
                privileges=privileges,
                terms=GrantTerms(),
                signed_in_at=timezone.now(),
            ),
        )

    return send


def test_an_offer_ends_with_the_subscription(invite, domain, renew, olive):
    """What comes back after an end begins without grants; one that waited in an invitation too."""
    offer = invite((domain, renew))
    for status in ("ended", "active"):
        set_subscription_status(actor=olive, subscription=domain.subscription, status=status)

    gina = accept_invitation(
        actor=None, token=offer.token, name="Gina", password="three unrelated words"
    ).user

    assert not gina.has_perm("portals.domains.domain.renew", domain)
    assert not PersonGrant.objects.filter(user=gina, permission_id=renew.pk).exists()


def test_no_grant_or_offer_in_an_ended_subscription(
    invite, domain, renew, alice, bob, olive, membership
):
    set_subscription_status(actor=olive, subscription=domain.subscription, status="ended")

    with pytest.raises(GrantRefused):
        grant_privilege(actor=alice, grantee=membership(bob), privilege=renew, resource=domain)
    with pytest.raises(GrantRefused):
        invite((domain, renew))

    assert not PersonGrant.objects.filter(user=bob, permission_id=renew.pk).exists()
    assert not Invitation.objects.filter(address="gina@alder.example").exists()


def test_a_privilege_ticked_twice_is_offered_once(as_, alice, domain, renew):
    privileges = [f"{domain.pk}:{renew.pk}", f"{domain.pk}:{renew.pk}", f"0{domain.pk}:{renew.pk}"]
    data = {
        "act": "send", "rows": '[["gina@alder.example"]]', "role": "user",
        "resource": domain.pk, "privileges": privileges,
    }  # fmt: skip

    answer = as_(alice).post(reverse("portals:invite", args=["alder"]), data)

    assert answer.status_code == 200
    assert OfferedGrant.objects.filter(privilege=renew).count() == 1


@pytest.mark.parametrize("field", ["starts_on", "ends_on"])
@pytest.mark.parametrize("moment", ["0001-01-01", "9999-12-31"])
def test_a_moment_at_the_end_of_time_is_refused(field, moment, as_, alice, bob, domain, renew):
    """PostgreSQL keeps 9999-12-31 in Toronto, then cannot read it: the page was gone for good."""
    page = reverse("portals:person", args=["alder", bob.sub])
    form = {
        "to": f"person:{bob.memberships.get().pk}",
        "resource": f"resource:{domain.pk}",
        "privilege": renew.pk,
        "ends": "date" if field == "ends_on" else "never",
        field: moment,
    }

    answer = as_(alice).post(reverse("portals:give-access", args=["alder"]), form)

    assert answer.status_code == 200
    assert not PersonGrant.objects.filter(user=bob, permission_id=renew.pk).exists()
    assert as_(alice).get(page).status_code == 200
