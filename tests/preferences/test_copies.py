"""Contacts get copies of notices about the company, in their language; secrets are never copied.

The role of a contact decides which classes they get.
"""

import re

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts.emails import send_copies, send_hand_over
from accounts.models import Membership
from accounts.services.hand_overs import accept_hand_over, offer_hand_over
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.memberships import change_role, remove_membership, suspend_membership
from accounts.services.requests import approve_request, open_request, refuse_request
from accounts.services.support import send_reset_link
from accounts.services.teams import create_team
from portals.models import Portal, Resource
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.service_requests import ServiceApproval, request_service
from preferences.choices import CONTACT_CLASSES, ContactKind, NoticeCode
from preferences.models import Escalation, Message, NoticeClass, Recipient
from preferences.selectors import contacts_for
from preferences.services.choices import stop_all_optional
from preferences.services.customer_email import add_recipient, name_contact
from preferences.services.delivery_events import record_delivery_event
from tests.cases import verified_case


@pytest.fixture
def gina(alice, alder, membership):
    """A colleague who is only there to be told; she reads French."""
    offer = invite_person(actor=alice, customer=alder, address="gina@alder.example", name="Gina")
    found = accept_invitation(
        actor=None, token=offer.token, name="Gina", password="three unrelated words"
    )
    found.user.language = "fr"
    found.user.save()
    return found


@pytest.fixture
def since(deliver):
    """The mails that leave from here on, by reader."""
    count = len(deliver())
    return lambda: {mail.to[0]: mail for mail in deliver()[count:]}


def test_a_contact_gets_a_copy_of_notices_to_a_colleague(alice, bob, emma, membership, deliver):
    name_contact(actor=alice, membership=membership(emma), kind="security")
    count = len(deliver())
    suspend_membership(actor=alice, membership=membership(bob))
    own, copy = sorted(deliver()[count:], key=lambda mail: mail.to != [bob.email])
    assert (own.to, copy.to) == ([bob.email], [emma.email])
    assert "This is a copy" in copy.body
    assert "This is a copy" not in own.body


def test_a_copy_begins_with_the_person_concerned(alice, bob, emma, alder, membership, deliver):
    """The notice says “your access” to the person; the contact reads of whose it speaks."""
    name_contact(actor=alice, membership=membership(emma), kind="security")
    count = len(deliver())
    suspend_membership(actor=alice, membership=membership(bob))
    own, copy = sorted(deliver()[count:], key=lambda mail: mail.to != [bob.email])
    assert own.subject == "Alice Martin suspended your access at Alder Dental"
    assert copy.subject == f"Copy for the company, about {membership(bob)}: “{own.subject}”"
    first = copy.body.splitlines()[2]
    assert f"The email was written to {membership(bob)}, so “you” means them" in first
    assert str(alder) in first
    assert copy.body.startswith(f"Hello {emma},")
    assert copy.body.index(first) < copy.body.index("suspended your access to the services")


def test_a_copy_is_in_the_contacts_language(alice, bob, gina, membership, since):
    name_contact(actor=alice, membership=gina, kind="security")
    suspend_membership(actor=alice, membership=membership(bob))
    with translation.override("fr"):
        said = {"actor": alice, "company": "Alder Dental"}
        subject = gettext("%(actor)s suspended your access at %(company)s") % said
        words = {"people": str(membership(bob)), "subject": subject}
        expected = gettext("Copy for the company, about %(people)s: “%(subject)s”") % words
    assert since()[gina.user.email].subject == " ".join(expected.split())  # ordinary spaces


def test_a_copy_names_a_few_people_and_mentions_others(alice, alder, bob, emma, membership, since):
    words = {
        "customer": alder, "template": "accounts/emails/membership_notice", "already_sent_to": [],
        "notice_class": "security", "membership": membership(bob), "kind": "left",
    }  # fmt: skip
    name_contact(actor=alice, membership=membership(alice), kind="security")
    people = [membership(bob), membership(emma)] * 2
    since()
    send_copies(concerned=people, **words)
    copy = since()[alice.email]
    assert copy.subject.startswith(
        f"Copy for the company, about {people[0]}, {people[1]} and others: "
    )
    assert "was written to " + ", ".join(map(str, people)) in copy.body


def test_a_copy_about_a_team_without_members_is_about_the_company(
    alice, alder, gina, since, membership
):
    name_contact(actor=alice, membership=gina, kind="security")
    team = create_team(actor=alice, customer=alder, name="Nobody yet")
    give_bobs_mailbox(alice, team)
    assert "Alder Dental" in since()[gina.user.email].subject


def test_nobody_gets_a_copy_twice_or_after_leaving(alice, bob, emma, membership, deliver):
    name_contact(actor=alice, membership=membership(bob), kind="security")
    count = len(deliver())
    suspend_membership(actor=alice, membership=membership(bob))
    assert [mail.to for mail in deliver()[count:]] == [[bob.email]]
    count = len(deliver())
    remove_membership(actor=alice, membership=membership(bob))
    suspend_membership(actor=alice, membership=membership(emma))
    assert [mail.to for mail in deliver()[count:]] == [[bob.email], [emma.email]]


def test_a_reset_link_is_copied_to_nobody(alice, bob, emma, dana, membership, deliver):
    name_contact(actor=alice, membership=membership(emma), kind="security")
    count = len(deliver())
    send_reset_link(actor=dana, case=verified_case(dana, bob))
    assert [emma.email] not in [mail.to for mail in deliver()[count:]]


def test_links_in_a_copy_need_a_sign_in(
    alice, alder, bob, emma, gina, olive, membership, deliver, client
):
    """Whatever is copied, for every class that is: a link that lets somebody in is in none."""
    for kind in ContactKind:
        name_contact(actor=alice, membership=gina, kind=kind.value)
    count = len(deliver())
    suspend_membership(actor=alice, membership=membership(bob))
    give_bobs_mailbox(alice, membership(emma))
    change_role(actor=alice, membership=membership(emma), role="super_user")
    offer_hand_over(
        actor=alice, customer=alder, to=membership(emma), confirmation_name=alder.name,
        signed_in_at=timezone.now(),
    )  # fmt: skip
    portal = Portal.objects.get(slug="statistics")
    asked = request_service(
        actor=alice, customer=alder, portal=portal, kind="end", confirmation_name=portal.label_en
    )
    refuse_request(actor=olive, access_request=asked, reason="Not yet", for_provider=True)
    copies = [mail for mail in deliver()[count:] if mail.to == [gina.user.email]]
    assert len(copies) == 5
    for mail in copies:
        text = mail.body.partition("\n-- \n")[0]  # below it the gate's own, to its own reader
        for link in re.findall(r"http://[^/\s]+(/\S*)?", text):
            answer = client.get(link or "/")
            assert answer.status_code == 302, link
            assert answer["Location"].startswith("/accounts/login/"), link


def test_a_contact_gets_no_copy_of_their_own_notice(alice, alder, emma, membership, deliver):
    """Emma lost the role meanwhile: the withdrawal is for her, and she is the contact too."""
    name_contact(actor=alice, membership=membership(emma), kind="security")
    change_role(actor=alice, membership=membership(emma), role="super_user")
    offer = offer_hand_over(
        actor=alice, customer=alder, to=membership(emma), confirmation_name=alder.name,
        signed_in_at=timezone.now(),
    )  # fmt: skip
    Membership.objects.filter(pk=membership(emma).pk).update(role="user")
    count = len(deliver())
    send_hand_over(kind="withdrawn", hand_over=offer, reader=membership(emma))
    assert [mail.to for mail in deliver()[count:]] == [[emma.email]]


# --- Which notices, to which contact ---


def bobs_mailbox():
    mailbox = Resource.objects.get(resource_type__code="mailbox", external_id="bob@alder.example")
    return mailbox, mailbox.resource_type.privileges.get(code="read")


def give_bobs_mailbox(actor, to):
    resource, privilege = bobs_mailbox()
    grant_privilege(
        actor=actor, grantee=to, privilege=privilege, resource=resource,
        terms=GrantTerms(reason="Holiday cover"), signed_in_at=timezone.now(),
    )  # fmt: skip


def test_the_security_contact_is_told_of_a_sensitive_grant(
    alice, emma, bob, gina, membership, since
):
    name_contact(actor=alice, membership=gina, kind="security")
    give_bobs_mailbox(alice, membership(emma))
    told = since()
    assert set(told) == {bob.email, emma.email, gina.user.email}
    copy = told[gina.user.email].body
    assert "Ceci est une copie" in copy.splitlines()[2]
    assert "Holiday cover" in copy


@pytest.mark.parametrize("kind", ["billing", "technical", "legal", None])
def test_other_contacts_are_not_told_of_a_sensitive_grant(
    alice, emma, gina, membership, since, kind
):
    if kind:
        name_contact(actor=alice, membership=gina, kind=kind)
    give_bobs_mailbox(alice, membership(emma))
    assert gina.user.email not in since()


def test_the_security_contact_is_told_of_a_hand_over_once(
    alice, alder, emma, gina, membership, since
):
    change_role(actor=alice, membership=membership(emma), role="super_user")
    name_contact(actor=alice, membership=gina, kind="security")
    since()
    offer = offer_hand_over(
        actor=alice, customer=alder, to=membership(emma), confirmation_name=alder.name,
        signed_in_at=timezone.now(),
    )  # fmt: skip
    accept_hand_over(actor=emma, hand_over=offer, signed_in_at=timezone.now())
    copies = Message.objects.filter(address=gina.user.email, notice_class="security")
    assert since()[gina.user.email]
    assert len(copies) == 2  # that it was offered, and that it was accepted
    assert {copy.recipient.user for copy in copies} == {gina.user}


@pytest.mark.parametrize("yes", [True, False])
def test_the_provider_s_answer_about_a_service_goes_to_the_billing_contact(
    alice, alder, olive, gina, since, yes
):
    name_contact(actor=alice, membership=gina, kind="billing")
    portal = Portal.objects.exclude(subscriptions__customer=alder).first()
    portal = portal or Portal.objects.get(slug="statistics")
    kind = "add" if not alder.subscriptions.filter(portal=portal).exists() else "end"
    asked = request_service(
        actor=alice, customer=alder, portal=portal, kind=kind, confirmation_name=portal.label_en
    )
    since()
    if yes:
        how = ServiceApproval(signed_in_at=timezone.now(), confirmation_name=portal.label_en)
        approve_request(actor=olive, access_request=asked, how=how, for_provider=True)
    else:
        refuse_request(actor=olive, access_request=asked, reason="Not yet", for_provider=True)
    told = since()
    assert {alice.email, gina.user.email} <= set(told)


def test_requests_between_colleagues_are_not_copied(alice, bob, alder, gina, since):
    for kind in ContactKind:
        name_contact(actor=alice, membership=gina, kind=kind.value)
    asked = open_request(actor=bob, customer=alder, kind="other", text="Please")
    refuse_request(actor=alice, access_request=asked, reason="No")
    assert gina.user.email not in since()


@pytest.mark.parametrize("code", NoticeCode.values)
def test_every_class_has_contacts_and_added_recipients(alice, alder, gina, code):
    assert not contacts_for(alder, code)
    add_recipient(actor=alice, membership=gina, category=NoticeClass.objects.get(code=code))
    assert list(contacts_for(alder, code)) == [gina.user]
    assert [kind for kind, codes in CONTACT_CLASSES.items() if code in codes]


def test_opting_out_of_everything_does_not_stop_copies_R42(alice, emma, gina, membership, since):
    name_contact(actor=alice, membership=gina, kind="security")
    stop_all_optional(actor=gina.user)
    give_bobs_mailbox(alice, membership(emma))
    assert gina.user.email in since()


# --- A copy that comes back ---


def test_a_bounced_copy_concerns_its_own_recipient(
    alice, bob, emma, gina, membership, since, deliver
):
    """The contact's address is marked and followed up; the person's own notice stands (R47)."""
    name_contact(actor=alice, membership=gina, kind="security")
    suspend_membership(actor=alice, membership=membership(bob))
    assert set(since()) == {bob.email, gina.user.email}
    copy = Message.objects.filter(address=gina.user.email).latest("pk")
    record_delivery_event(message=copy, kind="hard", event="x:1", diagnostic="550 5.1.1 no")
    assert Recipient.objects.get(user=gina.user).unreachable_since
    assert Recipient.objects.get(user=bob).unreachable_since is None
    assert Escalation.objects.get().recipient.user == gina.user
