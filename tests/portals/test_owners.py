"""Whose a resource is: only its portal says so, and an owner needs no grant.

The case is a company of one person on a mail host such as cPanel or mailcow: the mailbox is theirs,
and nobody else could let them in.
"""

from datetime import UTC, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from accounts.selectors.activity import ActivityFilter, ExportLocale, find_activity
from accounts.selectors.events import sentence_of
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.membership_expiry import end_due_memberships
from accounts.services.memberships import remove_membership, restore_membership, suspend_membership
from accounts.services.undo import undo_event
from portals.decision import decide, permitted_people, permitted_privileges, permitted_resources
from portals.models import PersonGrant, Portal, Privilege, Resource, ReviewItem
from portals.permissions import GrantRefused, ReviewRefused
from portals.selectors.access_export import access_heading, access_rows
from portals.selectors.copied_access import copy_plan
from portals.selectors.requests import requestable_access_of
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.resources import (
    KEEP,
    Report,
    ResourcesRefused,
    delete_resource,
    put_resource,
    sync_resources,
)
from portals.services.reviews import ItemDecision, save_decisions

USE = "mailbox.use"


@pytest.fixture
def webmail(db) -> Portal:
    return Portal.objects.get(slug="webmail")


@pytest.fixture
def info(resource) -> Resource:
    """A shared mailbox of Alder, on which nobody but a team has a grant."""
    return resource("mailbox", "info@alder.example")


def report(portal: Portal, resource: Resource, owner: str | None):
    """Report a mailbox again, with this owner."""
    assert resource.parent is not None
    return put_resource(
        actor=portal,
        customer=resource.subscription.customer.slug,
        type_code="mailbox",
        report=Report(
            resource.external_id,
            resource.name,
            ("mail_domain", resource.parent.external_id),
            owner,
        ),
    )


def refused(portal: Portal, resource: Resource, owner: str) -> list[str]:
    with pytest.raises(ResourcesRefused) as refusal:
        report(portal, resource, owner)
    assert set(refusal.value.message_dict) == {"owner.id"}
    resource.refresh_from_db()
    return refusal.value.message_dict["owner.id"]


# --- What an owner may do ---


def test_a_firm_of_one_opens_its_own_mailbox(cedar, frank, resource, privilege_of):
    """Frank can't give himself a sensitive permission, and needs nobody to."""
    mailbox = resource("mailbox", "frank@cedar.example")
    assert not PersonGrant.objects.filter(user=frank, content_object=mailbox).exists()
    assert cedar.memberships.count() == 1

    assert decide(frank, USE, mailbox) == "owner"
    assert frank.has_perm("portals.webmail.mailbox.read", mailbox)
    with pytest.raises(GrantRefused):
        grant_privilege(
            actor=frank,
            grantee=frank.memberships.get(),
            privilege=privilege_of("webmail.mailbox.use"),
            resource=mailbox,
            terms=GrantTerms(reason="My own"),
            signed_in_at=timezone.now(),
        )


def test_an_owner_has_what_the_manifest_marks_and_nothing_else(webmail, info, bob, emma, alice):
    report(webmail, info, str(bob.sub))

    held = {p.code for p in permitted_privileges(bob, info)}
    assert held == {"view", "read", "send", "organise", "use"}
    assert decide(bob, "mailbox.forward", info) == "not_allowed"
    assert decide(bob, "mail_domain.view", info.parent) == "not_allowed"
    use = Privilege.objects.get(portal=webmail, codename=USE)
    assert info in permitted_resources(bob, use)
    assert bob in permitted_people(use, info)
    assert alice not in permitted_people(use, info)
    assert decide(alice, "mailbox.view", info) == "role"


def test_ownership_reaches_no_resource_below(alder, webmail, resource, bob, privilege_of):
    Privilege.objects.filter(codename__in=["mail_domain.manage", "mailbox.manage"]).update(
        held_by_owner=True
    )
    domain = resource("mail_domain", "alder.example")
    Resource.objects.filter(pk=domain.pk).update(owner=bob.memberships.get())

    assert decide(bob, "mail_domain.manage", domain) == "owner"
    assert decide(bob, "mailbox.manage", resource("mailbox", "info@alder.example")) == "not_allowed"


def test_an_owner_who_is_suspended_or_closed_has_nothing(webmail, info, alice, bob):
    report(webmail, info, str(bob.sub))
    suspend_membership(actor=alice, membership=bob.memberships.get())
    assert decide(bob, USE, info) == "not_allowed"
    assert report(webmail, info, str(bob.sub)).unchanged == 1, "who is suspended stays the owner"

    restore_membership(actor=alice, membership=bob.memberships.get())
    assert decide(bob, USE, info) == "owner"
    bob.is_active = False
    bob.save()
    assert decide(bob, USE, info) == "not_allowed"


# --- Who can be one ---


def test_an_owner_is_named_by_sub_or_verified_address(webmail, info, bob, emma):
    assert report(webmail, info, "Emma@Alder.example").changed == 1
    info.refresh_from_db()
    assert info.owner == emma.memberships.get()

    assert report(webmail, info, str(bob.sub)).changed == 1
    assert report(webmail, info, "bob@alder.example").unchanged == 1, "the same person"
    assert report(webmail, info, KEEP).unchanged == 1
    info.refresh_from_db()
    assert info.owner == bob.memberships.get()

    assert report(webmail, info, None).changed == 1
    info.refresh_from_db()
    assert info.owner is None


def test_only_an_active_member_of_the_company_is_an_owner(webmail, info, alice, bob, charlie, dana):
    nobody = ["No active member of this company has this sub or verified address."]
    other = ["00000000-0000-4000-8000-000000000000", "nobody@alder.example", "bob", "x" * 255]
    for owner in [str(charlie.sub), charlie.email, str(dana.sub), *other]:
        assert refused(webmail, info, owner) == nobody
    suspend_membership(actor=alice, membership=bob.memberships.get())
    assert refused(webmail, info, str(bob.sub)) == nobody
    assert info.owner is None


def test_an_unverified_address_is_refused(webmail, info, bob, emma):
    EmailAddress.objects.filter(user=bob).update(verified=False)
    EmailAddress.objects.create(user=bob, email="robert@elsewhere.example", verified=False)
    unverified = ["This address is not verified. Send the person's sub instead."]

    assert refused(webmail, info, "bob@alder.example") == unverified
    assert refused(webmail, info, "robert@elsewhere.example") == unverified
    assert info.owner is None
    EmailAddress.objects.create(user=bob, email="emma@alder.example", verified=False)
    report(webmail, info, "emma@alder.example")
    info.refresh_from_db()
    assert info.owner == emma.memberships.get(), "the one who has proved it"


def test_a_bad_owner_in_a_synchronisation_names_its_row_and_changes_nothing(webmail, info, bob):
    events = AuditEvent.objects.count()
    reports = [
        Report(f"{name}@alder.example", name, ("mail_domain", "alder.example"), owner)
        for name, owner in (("info", str(bob.sub)), ("billing", "nobody@x.example"))
    ]

    with pytest.raises(ResourcesRefused) as refusal:
        sync_resources(actor=webmail, customer="alder", type_code="mailbox", reports=reports)

    assert set(refusal.value.message_dict) == {"resources[1].owner.id"}
    info.refresh_from_db()
    assert (info.owner, info.name) == (None, "info@alder.example")
    assert AuditEvent.objects.count() == events


def test_the_database_refuses_a_foreign_owner(info, alice, bob, charlie):
    theirs, gone = charlie.memberships.get(), bob.memberships.get()
    remove_membership(actor=alice, membership=gone)
    for owner in (theirs, gone):
        with pytest.raises(IntegrityError, match="present member"), transaction.atomic():
            Resource.objects.filter(pk=info.pk).update(owner=owner)
        with pytest.raises(IntegrityError, match="present member"), transaction.atomic():
            Resource.objects.create(
                subscription=info.subscription,
                resource_type=info.resource_type,
                parent=info.parent,
                external_id="new@alder.example",
                name="New",
                owner=owner,
            )


# --- What ends it ---


def test_ownership_ends_with_the_membership_and_stays_ended(webmail, info, alder, alice, bob):
    report(webmail, info, str(bob.sub))
    remove_membership(actor=alice, membership=bob.memberships.get())
    info.refresh_from_db()
    assert info.owner is None
    refused(webmail, info, str(bob.sub))

    invitation = invite_person(actor=alice, customer=alder, address=bob.email)
    accept_invitation(actor=bob, token=invitation.token)

    assert decide(bob, USE, info) == "not_allowed"
    report(webmail, info, str(bob.sub))
    assert decide(bob, USE, info) == "owner"


def test_ownership_ends_with_a_membership_by_its_own_date(webmail, info, bob):
    report(webmail, info, str(bob.sub))
    Membership.objects.filter(user=bob).update(ends_at=timezone.now() - timedelta(seconds=1))
    assert decide(bob, USE, info) == "not_allowed", "before any job has run"

    assert end_due_memberships() == 1

    info.refresh_from_db()
    assert info.owner is None
    assert "left the company and no longer owns info@" in sentence_of(
        AuditEvent.objects.get(kind="resources.owner_left", public__resource_id=info.pk)
    )


def test_the_database_ends_ownership_whoever_ends_the_membership(info, webmail, bob, alice):
    kept = Resource.objects.get(owner__user=alice)
    report(webmail, info, str(bob.sub))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_membership SET ended_at = joined_at WHERE user_id = %s", [bob.pk]
        )

    assert not Resource.objects.filter(owner__user=bob).exists()
    kept.refresh_from_db()
    assert kept.owner is not None, "another member's stays"


def test_an_undone_removal_gives_back_what_its_portal_has_not_given_on(
    webmail, info, resource, alice, bob, emma
):
    own = resource("mailbox", "bob@alder.example")
    report(webmail, info, str(bob.sub))
    event = remove_membership(actor=alice, membership=bob.memberships.get())
    report(webmail, info, str(emma.sub))

    done = undo_event(actor=alice, event=event)

    assert done.data["left_out"] == ["info@alder.example"]
    assert decide(bob, USE, own) == "owner"
    assert decide(bob, USE, info) == "not_allowed"
    assert decide(emma, USE, info) == "owner"
    assert AuditEvent.objects.filter(kind="resources.owner_restored", person=bob).count() == 1


def test_a_deleted_resource_and_another_companys_inherit_no_owner(webmail, info, bob, charlie):
    report(webmail, info, str(bob.sub))
    put_resource(
        actor=webmail,
        customer="birch",
        type_code="mailbox",
        report=Report(info.external_id, "info", ("mail_domain", "birch.example")),
    )
    moved = Resource.objects.get(external_id=info.external_id, resource_type__code="mailbox")
    assert (moved.owner, decide(bob, USE, moved)) == (None, "not_allowed")
    delete_resource(actor=webmail, resource=moved)


# --- Who is told ---


def test_each_change_is_logged_for_both_and_both_are_told(webmail, info, alder, bob, emma, deliver):
    deliver()
    before = len(deliver())
    report(webmail, info, str(bob.sub))
    (mail,) = deliver()[before:]
    assert (mail.to, mail.subject) == ([bob.email], "You now own info@alder.example in Webmail")
    assert "Read messages" in mail.body

    report(webmail, info, str(emma.sub))

    mails = {mail.to[0]: mail for mail in deliver()[before + 1 :]}
    assert mails.keys() == {bob.email, emma.email}
    assert mails[bob.email].subject == "You no longer own info@alder.example in Webmail"
    assert mails[emma.email].subject == "You now own info@alder.example in Webmail"
    for person, sentences in (
        (bob, ["Bob Tremblay as the owner", "that Bob Tremblay no longer owns"]),
        (emma, ["Emma Roy as the owner"]),
    ):
        found = find_activity(alder, ActivityFilter(person=person, resource=info.pk))
        assert [
            sentence_of(event)
            .removeprefix("Webmail reported ")
            .partition(" info@")[0]
            .removesuffix(" of")
            for event in reversed(list(found))
            if event.kind.startswith("resources.owner_")
        ] == sentences


def test_it_is_a_security_notice_where_an_owner_has_a_sensitive_permission(webmail, info, bob):
    from preferences.models import Message

    report(webmail, info, str(bob.sub))
    assert Message.objects.latest("pk").notice_class.code == "security"

    Privilege.objects.filter(codename__startswith="mailbox.").update(sensitive=False)
    report(webmail, info, None)
    assert Message.objects.latest("pk").notice_class.code == "transactional"


def test_many_changes_are_one_email_to_each(webmail, bob, deliver):
    before = len(deliver())
    reports = [
        Report(f"{name}@alder.example", name, ("mail_domain", "alder.example"), str(bob.sub))
        for name in ("info", "billing")
    ]
    sync_resources(actor=webmail, customer="alder", type_code="mailbox", reports=reports)

    (mail,) = deliver()[before:]
    assert mail.to == [bob.email]
    assert "- info\n" in mail.body
    assert "- billing\n" in mail.body


def test_the_owner_is_told_of_a_sensitive_grant_to_another(
    webmail, info, alice, bob, emma, give, membership, deliver
):
    report(webmail, info, str(bob.sub))
    before = len(deliver())
    give(alice, membership(emma), "webmail.mailbox.read", info, reason="Holiday cover")

    assert {mail.to[0] for mail in deliver()[before:]} == {bob.email, emma.email}


# --- Nobody else changes it ---


def test_another_portal_names_no_owner(info, bob):
    other = Portal.objects.get(slug="domains")
    with pytest.raises(ResourcesRefused):
        report(other, info, str(bob.sub))
    with pytest.raises(PermissionDenied):
        delete_resource(actor=other, resource=info)
    info.refresh_from_db()
    assert info.owner is None


def test_the_pages_show_the_owner_and_offer_no_change(as_, webmail, info, alder, alice, bob):
    report(webmail, info, str(bob.sub))
    client = as_(alice)
    page = client.get(reverse("portals:resource", args=["alder", info.pk])).content.decode()
    assert "Owner:" in page
    assert "as Webmail reports" in page

    answer = client.get(reverse("portals:person", args=["alder", bob.sub]))
    owned = [
        row
        for portal in answer.context["access"].portals
        for row in portal.rows
        if row.target.resource == info
    ]
    assert [(row.reason, row.can_change) for row in owned] == [("owner", False)]
    assert "as Webmail reports" in answer.content.decode()

    own = as_(bob).get(reverse("portals:person", args=["alder", bob.sub])).content.decode()
    assert "info@alder.example" in own


# --- What else knows it ---


@pytest.fixture
def review(alder):
    """The example's review, which began when Bob's mailbox was his own already."""
    return alder.access_reviews.get()


def test_a_review_shows_the_owner_and_removes_nothing(as_, alder, review, alice, bob):
    lines = list(review.items.filter(membership__user=bob).order_by("pk"))
    (own,) = [line for line in lines if line.kind == "owner"]
    assert (own.resource_name, own.is_long_unused) == ("bob@alder.example", False)
    page = as_(alice).get(reverse("portals:review", args=["alder", review.uuid])).content.decode()
    assert "Only Webmail can change the owner." in page
    assert f'name="decision-{own.pk}"' not in page

    for wanted in ("remove", "reduce"):
        with pytest.raises(ReviewRefused) as refusal:
            save_decisions(
                actor=alice,
                review=review,
                decisions=[ItemDecision(own.pk, wanted)],
                signed_in_at=timezone.now(),
            )
        assert refusal.value.message_dict == {str(own.pk): ["Only Webmail can change the owner."]}
    with pytest.raises(IntegrityError, match="review_changes_no_owner"), transaction.atomic():
        ReviewItem.objects.filter(pk=own.pk).update(
            decision="remove", decided_by=alice, decided_at=timezone.now()
        )

    data = {"line": [line.pk for line in lines]}
    data |= {f"decision-{line.pk}": "remove" for line in lines if line != own}
    as_(alice).post(reverse("portals:review-save", args=["alder", review.uuid]), data)

    own.refresh_from_db()
    assert own.decision == "keep"
    assert decide(bob, USE, own.resource) == "owner"
    assert not PersonGrant.objects.filter(user=bob, content_object__subscription__customer=alder)


def test_a_review_marks_an_owner_who_changed_meanwhile(webmail, resource, review, alice, bob):
    own = review.items.get(kind="owner", membership__user=bob)
    report(webmail, resource("mailbox", "bob@alder.example"), None)

    save_decisions(actor=alice, review=review, decisions=[ItemDecision(own.pk, "keep")])

    own.refresh_from_db()
    assert own.decision == "overtaken"


def test_an_offboarding_names_what_ends_with_it(as_, webmail, info, alice, bob):
    report(webmail, info, str(bob.sub))

    page = as_(alice).get(reverse("portals:offboarding", args=["alder", bob.sub])).content.decode()

    assert "Resources that Bob Tremblay owns" in page
    assert "info@alder.example" in page
    assert "bob@alder.example" in page


def test_the_same_access_as_a_colleague_copies_nothing_they_own(webmail, info, alder, bob, emma):
    PersonGrant.objects.filter(user=bob).delete()
    report(webmail, info, str(bob.sub))

    plan = copy_plan(emma.memberships.get(), bob.memberships.get(), equal=False, with_teams=True)

    assert plan.is_empty


def test_the_export_says_who_has_access_as_the_owner(webmail, info, alder, bob):
    report(webmail, info, str(bob.sub))
    rows = list(access_rows(alder, ExportLocale("en", UTC), resource=info))
    heading = access_heading()
    lines = [dict(zip(heading, row, strict=True)) for row in rows]
    own = [line for line in lines if line["Through"] == "Owner"]

    assert {line["Address"] for line in own} == {bob.email}
    assert {line["Code"] for line in own} == {
        f"mailbox.{code}" for code in ("view", "read", "send", "organise", "use")
    }
    assert {(line["In force"], line["Given by"], line["Given permission"]) for line in own} == {
        ("Yes", "", "")
    }


def test_an_owner_asks_only_for_what_they_lack(webmail, info, bob):
    report(webmail, info, str(bob.sub))

    (own,) = [
        entry for entry in requestable_access_of(bob.memberships.get()) if entry.resource == info
    ]

    assert {privilege.code for privilege in own.privileges} == {"manage", "forward"}
