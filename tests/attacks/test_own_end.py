"""Nobody extends the end of their own membership."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import MembershipRefused
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.offboarding import cancel_offboarding, plan_offboarding, set_membership_end


@pytest.fixture
def gina(alice, alder):
    """A second Super User of Alder."""
    invitation = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", role="super_user"
    )
    return accept_invitation(
        actor=None, token=invitation.token, name="Gina", password="three unrelated words"
    ).user


def test_a_leaver_cannot_cancel_their_own_offboarding(alice, gina, membership, as_):
    ends = timezone.now() + timedelta(days=2)
    plan_offboarding(actor=alice, membership=membership(gina), leaves_at=ends)

    with pytest.raises(MembershipRefused):
        cancel_offboarding(actor=gina, membership=membership(gina))
    as_(gina).post(reverse("accounts:offboarding-cancel", args=["alder", gina.sub]))

    assert membership(gina).ends_at == ends


def test_a_cancelled_offboarding_restores_the_former_end(alice, bob, membership):
    """A contract for a month is not one for ever because its leaving was called off."""
    contract = timezone.now() + timedelta(days=30)
    set_membership_end(actor=alice, membership=membership(bob), ends_at=contract)
    plan_offboarding(
        actor=alice, membership=membership(bob), leaves_at=timezone.now() + timedelta(days=2)
    )

    cancel_offboarding(actor=alice, membership=membership(bob))

    assert Membership.objects.get(user=bob).ends_at == contract
