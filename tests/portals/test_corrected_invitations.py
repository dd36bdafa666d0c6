"""An invitation to a mistyped address goes to the right one: by a Super User, or by the desk."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Invitation, Membership, User
from accounts.permissions import FreshSignInRequired
from accounts.selectors import sentence_of
from accounts.services import support
from accounts.services.customers import create_customer, suspend_customer
from accounts.services.invitations import (
    InvitationRefused,
    accept_invitation,
    correct_invitation,
    find_invitation,
    invite_main_super_user,
    invite_person,
    revoke_invitation,
)
from accounts.services.memberships import change_role
from portals.models import OfferedGrant, PersonGrant
from portals.services.grants import GrantTerms
from portals.services.offered_grants import offer_privileges
from tests.cases import verified_case

PASSWORD = "three plain long words"
TYPED, RIGHT = "ivi@alder.example", "ivy@alder.example"


@pytest.fixture
def hugo(alice, alder):
    """A second Super User."""
    sent = invite_person(
        actor=alice, customer=alder, address="hugo@alder.example", name="Hugo", role="super_user"
    )
    return accept_invitation(actor=None, token=sent.token, name="Hugo", password=PASSWORD).user


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


@pytest.fixture
def offer(alice, alder, domain, privilege_of):
    """What Alice offered, to the wrong address."""
    sent = invite_person(actor=alice, customer=alder, address=TYPED, name="Ivy", role="super_user")
    offer_privileges(
        actor=alice,
        invitations=[sent],
        privileges=[(domain, privilege_of("domains.domain.view"))],
        terms=GrantTerms(reason="Accounts"),
    )
    return sent


def state():
    return (
        list(Invitation.objects.order_by("pk").values_list()),
        list(OfferedGrant.objects.order_by("pk").values_list()),
        AuditEvent.objects.count(),
    )


def test_the_offer_stays_and_the_old_link_dies(alice, alder, offer, domain, deliver):
    old = offer.token
    sent = len(deliver())

    corrected = correct_invitation(actor=alice, invitation=offer, address=RIGHT.upper())

    assert (corrected.address, corrected.customer) == (RIGHT, alder)
    assert (corrected.role, corrected.name, corrected.invited_by) == ("super_user", "Ivy", alice)
    with pytest.raises(InvitationRefused):
        find_invitation(old)
    assert [mail.to for mail in deliver()[sent:]] == [[RIGHT]]
    member = accept_invitation(actor=None, token=corrected.token, name="Ivy", password=PASSWORD)
    assert (member.user.email, member.role) == (RIGHT, "super_user")
    grant = PersonGrant.objects.get(user=member.user, content_object=domain)
    assert grant.reason == "Accounts"
    event = AuditEvent.objects.get(kind="invitation.corrected")
    assert all(word in sentence_of(event) for word in ("Alice Martin", TYPED, RIGHT))
    assert not AuditEvent.objects.filter(kind="invitation.left_out").exists()


def test_what_is_not_given_any_more_is_still_told(alice, alder, offer, domain):
    corrected = correct_invitation(actor=alice, invitation=offer, address=RIGHT)
    OfferedGrant.objects.filter(invitation=corrected).delete()

    accept_invitation(actor=None, token=corrected.token, name="Ivy", password=PASSWORD)

    assert str(domain) in AuditEvent.objects.get(kind="invitation.left_out").data["resources"]


def test_a_colleague_corrects_it_becomes_its_sender_and_the_former_is_told(
    alice, hugo, offer, deliver
):
    sent = len(deliver())

    corrected = correct_invitation(actor=hugo, invitation=offer, address=RIGHT)

    assert corrected.invited_by == hugo
    told = {mail.to[0]: mail for mail in deliver()[sent:]}
    assert set(told) == {RIGHT, alice.email}
    assert TYPED in told[alice.email].body and "Hugo corrected" in told[alice.email].body


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_nobody_but_a_super_user_of_the_company_may(who, request, offer):
    before = state()
    with pytest.raises(PermissionDenied):
        correct_invitation(actor=request.getfixturevalue(who), invitation=offer, address=RIGHT)
    assert state() == before


@pytest.mark.parametrize("why", ["accepted", "withdrawn", "suspended", "main", "replayed"])
def test_what_is_not_pending_is_refused(why, alice, olive, alder, offer):
    refusal, invitation = InvitationRefused, offer
    if why == "accepted":
        accept_invitation(actor=None, token=offer.token, name="Ivy", password=PASSWORD)
    elif why == "withdrawn":
        revoke_invitation(actor=alice, invitation=offer)
    elif why == "suspended":
        suspend_customer(actor=olive, customer=alder, reason="Unpaid")
        refusal = PermissionDenied
    elif why == "replayed":
        correct_invitation(actor=alice, invitation=offer, address=RIGHT)
    else:
        fern = create_customer(actor=olive, slug="fern", name="Fern")
        invitation = invite_main_super_user(actor=olive, customer=fern, address="f@fern.example")
    before = state()
    with pytest.raises(refusal):
        correct_invitation(
            actor=olive if why == "main" else alice, invitation=invitation, address=RIGHT
        )
    assert state() == before


@pytest.mark.parametrize("address", [TYPED, "bob@alder.example", "taken@alder.example", "ivy", ""])
def test_a_wrong_address_is_refused_naming_the_field(address, alice, alder, bob, offer):
    invite_person(actor=alice, customer=alder, address="taken@alder.example")
    before = state()
    with pytest.raises(InvitationRefused) as refusal:
        correct_invitation(actor=alice, invitation=offer, address=address)
    assert list(refusal.value.message_dict) == ["address"]
    assert state() == before


def test_a_sensitive_offer_wants_a_fresh_sign_in(alice, offer, privilege_of, resource):
    """It is promised to another address, so the conditions are those of giving."""
    offer_privileges(
        actor=alice,
        invitations=[offer],
        privileges=[
            (resource("mailbox", "info@alder.example"), privilege_of("webmail.mailbox.read"))
        ],
        terms=GrantTerms(reason="Cover"),
        signed_in_at=timezone.now(),
    )
    before = state()
    with pytest.raises(FreshSignInRequired):
        correct_invitation(actor=alice, invitation=offer, address=RIGHT)
    assert state() == before
    correct_invitation(actor=alice, invitation=offer, address=RIGHT, signed_in_at=timezone.now())


def test_the_list_leads_to_the_page(as_, alice, offer):
    page = reverse("portals:invitation-address", args=["alder", offer.uuid])
    client = as_(alice)
    assert page in client.get(reverse("portals:invitations", args=["alder"])).content.decode()
    assert TYPED in client.get(page).content.decode()
    refused = client.post(page, {"address": "ivy"}).content.decode()
    assert 'value="ivy"' in refused

    answer = client.post(page, {"address": RIGHT}, follow=True)

    assert f"We sent the invitation to {RIGHT}." in answer.content.decode()
    assert client.post(page, {"address": RIGHT}).status_code == 404  # replayed


# --- By the desk ---


def test_the_desk_corrects_it_and_everybody_is_told(dana, alice, alder, hugo, offer, deliver):
    case = verified_case(dana, alice, "super_user")
    sent = len(deliver())

    corrected = support.correct_invitation(actor=dana, case=case, invitation=offer, address=RIGHT)

    assert corrected.invited_by == alice
    told = {mail.to[0]: mail for mail in deliver()[sent:]}
    assert set(told) == {RIGHT, alice.email}  # one receipt, and the invitation
    assert TYPED in told[alice.email].body and "T-1042" in told[alice.email].body
    events = AuditEvent.objects.filter(kind="support.invitation_corrected")
    assert {event.customer for event in events} == {None, alder}
    assert AuditEvent.objects.get(kind="invitation.corrected").actor == dana
    accept_invitation(actor=None, token=corrected.token, name="Ivy", password=PASSWORD)
    assert PersonGrant.objects.filter(user__email=RIGHT).exists()


def test_the_desk_tells_whoever_invited_too(dana, alice, hugo, alder, deliver):
    """Hugo invited, another Super User calls."""
    sent = invite_person(actor=hugo, customer=alder, address=TYPED)
    gina = invite_person(
        actor=alice, customer=alder, address="gina@alder.example", role="super_user"
    )
    gina = accept_invitation(actor=None, token=gina.token, name="Gina", password=PASSWORD).user
    case = verified_case(dana, gina)
    before = len(deliver())

    support.correct_invitation(actor=dana, case=case, invitation=sent, address=RIGHT)

    told = {mail.to[0] for mail in deliver()[before:]}
    assert told == {RIGHT, alice.email, gina.email, hugo.email}


@pytest.mark.parametrize("who", ["bob", "charlie", "ivi"])
def test_the_desk_corrects_it_for_no_other_caller(who, request, dana, alice, offer):
    """Neither a member, nor another company's Super User, nor whoever has the wrong address."""
    person = User.objects.create_user(TYPED) if who == "ivi" else request.getfixturevalue(who)
    case = verified_case(dana, person)
    with pytest.raises(support.SupportRefused) as refusal:
        support.correct_invitation(actor=dana, case=case, invitation=offer, address=RIGHT)
    assert list(refusal.value.message_dict) == ["invitation"]
    assert not Invitation.objects.filter(address=RIGHT).exists()


def test_the_desk_corrects_none_whose_sender_may_no_longer(dana, alice, hugo, alder):
    sent = invite_person(actor=hugo, customer=alder, address=TYPED)
    case = verified_case(dana, alice)
    change_role(actor=alice, membership=Membership.objects.get(user=hugo), role="user")
    with pytest.raises(support.SupportRefused):
        support.correct_invitation(actor=dana, case=case, invitation=sent, address=RIGHT)


def test_a_team_that_became_sensitive_is_still_left_out(dana, alice, alder):
    """A correction is no new check of the conditions: they count as of the first offer."""
    with time_machine.travel(timezone.now() - timedelta(days=2)):
        sent = invite_person(actor=alice, customer=alder, address=TYPED)
    case = verified_case(dana, alice)
    corrected = support.correct_invitation(actor=dana, case=case, invitation=sent, address=RIGHT)
    assert corrected.created_at == sent.created_at
    assert corrected.expires_at > timezone.now() + timedelta(days=6)


def test_the_desks_page_offers_it_and_keeps_what_was_typed(as_, dana, alice, hugo, offer):
    case = verified_case(dana, alice, "super_user")
    client = as_(dana)
    act = reverse("accounts:case-act", args=[case.uuid, "fix_invitation"])
    page = client.get(reverse("accounts:desk-person", args=[alice.sub])).content.decode()
    assert act in page and TYPED in page

    refused = client.post(act, {"invitation": offer.uuid, "address": "ivy@@x"}).content.decode()
    assert 'value="ivy@@x"' in refused
    answer = client.post(act, {"invitation": offer.uuid, "address": RIGHT}, follow=True)

    assert "on its way to the right address" in answer.content.decode()
    assert User.objects.filter(email=RIGHT).count() == 0
    assert Invitation.objects.acceptable().get(address=RIGHT).invited_by == alice
