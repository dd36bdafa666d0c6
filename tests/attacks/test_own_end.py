"""Somebody whose time ends gives themselves more of it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership
from accounts.services.endings import MembershipRefused
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.leavings import cancel_leaving, plan_leaving, set_membership_end


@pytest.fixture
def gina(alice, alder):
    """A second Super User of Alder."""
    invitation = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", role="super_user"
    )
    return accept_invitation(
        actor=None, token=invitation.token, name="Gina", password="three unrelated words"
    ).user


def test_a_leaver_does_not_call_off_their_own_leaving(alice, gina, membership, as_):
    ends = timezone.now() + timedelta(days=2)
    plan_leaving(actor=alice, membership=membership(gina), leaves_at=ends)

    with pytest.raises(MembershipRefused):
        cancel_leaving(actor=gina, membership=membership(gina))
    as_(gina).post(reverse("accounts:leaving-cancel", args=["alder", gina.sub]))

    assert membership(gina).ends_at == ends


def test_a_cancelled_leaving_gives_the_former_end_back(alice, bob, membership):
    """A contract for a month is not one for ever because its leaving was called off."""
    contract = timezone.now() + timedelta(days=30)
    set_membership_end(actor=alice, membership=membership(bob), ends_at=contract)
    plan_leaving(
        actor=alice, membership=membership(bob), leaves_at=timezone.now() + timedelta(days=2)
    )

    cancel_leaving(actor=alice, membership=membership(bob))

    assert Membership.objects.get(user=bob).ends_at == contract
