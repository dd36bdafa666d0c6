"""A company's choices about its people's email: recipients and denied topics (R43)."""

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.models import AuditEvent, Membership, User
from accounts.selectors.paging import PAGE_SIZE
from accounts.services.memberships import remove_membership
from accounts.services.undo import undo_event
from preferences.choices import Reason
from preferences.models import (
    ContactRole,
    CustomerRecipient,
    CustomerTopicDenial,
    NoticeClass,
    Recipient,
)
from preferences.selectors import contacts_for, send_decision_for
from preferences.services.choices import choose_topic
from preferences.services.customer_email import (
    CustomerEmailRefused,
    add_recipient,
    allow_topic,
    deny_topic,
    name_contact,
    remove_contact,
    remove_recipient,
)


def answer(person, topic):
    return send_decision_for(Recipient.objects.get(user=person), topic)


def events(kind):
    return AuditEvent.objects.filter(kind=kind).count()


def test_a_denied_topic_reaches_nobody_not_even_subscribers_R43(alice, bob, alder, newsletter):
    choose_topic(actor=bob, topic=newsletter, wants=True)
    for _twice in range(2):
        deny_topic(actor=alice, customer=alder, topic=newsletter)
    assert answer(bob, newsletter).reason == Reason.DENIED
    assert events("customer_email.topic_denied") == 1

    assert allow_topic(actor=alice, customer=alder, topic=newsletter)
    assert events("customer_email.topic_allowed") == 1
    assert not allow_topic(actor=alice, customer=alder, topic=newsletter)
    assert answer(bob, newsletter).reason == Reason.CHOSE_YES
    assert events("customer_email.topic_allowed") == 1


def test_a_topic_that_is_not_offered_cannot_be_denied(alice, alder, newsletter):
    newsletter.resellers_only, newsletter.basis, newsletter.default_on = True, "express", False
    newsletter.save()
    with pytest.raises(CustomerEmailRefused) as refusal:
        deny_topic(actor=alice, customer=alder, topic=newsletter)
    assert "topic" in refusal.value.error_dict
    assert not CustomerTopicDenial.objects.exists()


def test_an_added_recipient_gets_a_topic_until_they_unsubscribe_R43(
    alice, bob, membership, newsletter
):
    newsletter.default_on = False
    newsletter.save()
    assert answer(bob, newsletter).reason == Reason.DEFAULT_OFF
    row = add_recipient(actor=alice, membership=membership(bob), category=newsletter)
    assert add_recipient(actor=alice, membership=membership(bob), category=newsletter) == row
    assert answer(bob, newsletter).reason == Reason.ADDED_BY_CUSTOMER

    choose_topic(actor=bob, topic=newsletter, wants=False)
    assert answer(bob, newsletter).reason == Reason.CHOSE_NO
    assert remove_recipient(actor=alice, recipient=row)
    assert not remove_recipient(actor=alice, recipient=row)
    assert (
        events("customer_email.recipient_added"),
        events("customer_email.recipient_removed"),
    ) == (1, 1)


def test_nobody_is_added_to_a_topic_that_needs_own_consent(alice, bob, membership, promotions):
    with pytest.raises(CustomerEmailRefused) as refusal:
        add_recipient(actor=alice, membership=membership(bob), category=promotions)
    assert "category" in refusal.value.error_dict
    assert not CustomerRecipient.objects.exists()


def test_contacts_and_added_recipients_get_their_classes(alice, bob, emma, alder, membership):
    role = name_contact(actor=alice, membership=membership(bob), kind="security")
    assert name_contact(actor=alice, membership=membership(bob), kind="security") == role
    legal = NoticeClass.objects.get(code="legal")
    add_recipient(actor=alice, membership=membership(emma), category=legal)

    assert list(contacts_for(alder, "security")) == [bob]
    assert list(contacts_for(alder, "legal")) == [emma]
    assert not contacts_for(alder, "transactional").exists()
    assert remove_contact(actor=alice, contact=role)
    assert not contacts_for(alder, "security").exists()
    with pytest.raises(CustomerEmailRefused):
        name_contact(actor=alice, membership=membership(bob), kind="fashion")


def test_contacts_and_additions_end_with_the_membership(alice, bob, alder, membership, newsletter):
    member = membership(bob)
    name_contact(actor=alice, membership=member, kind="billing")
    add_recipient(actor=alice, membership=member, category=newsletter)
    remove_membership(actor=alice, membership=member)

    assert not ContactRole.objects.exists()
    assert not CustomerRecipient.objects.exists()
    said = AuditEvent.objects.get(kind="membership.removed").data
    assert (said["contact_roles"], said["added_mail"]) == (["billing"], ["newsletter"])
    with pytest.raises(CustomerEmailRefused):
        name_contact(actor=alice, membership=member, kind="billing")


def test_an_undone_removal_brings_back_what_was_added(alice, bob, membership, newsletter):
    member = membership(bob)
    for category in (newsletter, NoticeClass.objects.get(code="security")):
        add_recipient(actor=alice, membership=member, category=category)
    event = remove_membership(actor=alice, membership=member)

    undo_event(actor=alice, event=AuditEvent.objects.get(pk=event.pk))

    back = CustomerRecipient.objects.filter(membership__user=bob, membership__ended_at=None)
    assert {row.category for row in back} == {"newsletter", "security"}


@pytest.mark.parametrize("name", ["bob", "charlie", "dana", "olive"])
def test_wrong_actors_change_nothing(name, request, alice, bob, alder, membership, newsletter):
    actor, member = request.getfixturevalue(name), membership(bob)
    role = name_contact(actor=alice, membership=member, kind="legal")
    row = add_recipient(actor=alice, membership=member, category=newsletter)
    before = AuditEvent.objects.count()
    for attempt in (
        lambda: deny_topic(actor=actor, customer=alder, topic=newsletter),
        lambda: allow_topic(actor=actor, customer=alder, topic=newsletter),
        lambda: add_recipient(actor=actor, membership=member, category=newsletter),
        lambda: remove_recipient(actor=actor, recipient=row),
        lambda: name_contact(actor=actor, membership=member, kind="billing"),
        lambda: remove_contact(actor=actor, contact=role),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
    assert AuditEvent.objects.count() == before
    assert ContactRole.objects.get() == role
    assert CustomerRecipient.objects.get() == row


# --- The page ---


def test_the_page_names_denies_and_adds(as_, alice, bob, alder, newsletter):
    client = as_(alice)
    base = f"/c/{alder.slug}/mail/"
    client.post(
        f"{base}contacts/", {"contact-person": "BOB@alder.example ", "contact-kind": "legal"}
    )
    client.post(
        f"{base}recipients/", {"added-person": bob.email, "added-category": "security"}, follow=True
    )
    client.post(f"{base}topics/newsletter/deny/")
    page = client.get(base).text
    assert "Turned off" in page
    assert page.count(bob.email) == 2

    client.post(f"{base}contacts/{ContactRole.objects.get().pk}/remove/")
    client.post(f"{base}recipients/{CustomerRecipient.objects.get().pk}/remove/")
    client.post(f"{base}topics/newsletter/allow/")
    assert not ContactRole.objects.exists()
    assert not CustomerRecipient.objects.exists()
    assert not CustomerTopicDenial.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("contact-person", "charlie@birch.example", "Nobody in your company has this address."),
        ("contact-kind", "fashion", "Select a valid choice"),
        ("contact-more", "x", "Unknown field"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(as_, alice, bob, alder, field, value, said):
    data = {"contact-person": bob.email, "contact-kind": "legal", field: value}
    response = as_(alice).post(f"/c/{alder.slug}/mail/contacts/", data)
    assert said in response.text
    assert not ContactRole.objects.exists()


def test_rows_of_another_company_are_not_found(as_, charlie, alice, bob, membership):
    role = name_contact(actor=alice, membership=membership(bob), kind="legal")
    response = as_(charlie).post(f"/c/birch/mail/contacts/{role.pk}/remove/")
    assert response.status_code == 404
    assert ContactRole.objects.exists()


def test_the_page_has_a_constant_number_of_queries(
    as_, alice, bob, emma, membership, newsletter, django_assert_max_num_queries
):
    client = as_(alice)
    client.get("/c/alder/mail/")
    for person in (bob, emma, alice):
        add_recipient(actor=alice, membership=membership(person), category=newsletter)
        for kind in ("legal", "security", "billing"):
            name_contact(actor=alice, membership=membership(person), kind=kind)
    with django_assert_max_num_queries(14):
        client.get("/c/alder/mail/")


def test_the_next_page_after_a_refused_form_is_a_page(as_, alice, alder):
    """Its link was relative, and led to the address of the form, which opens no page."""
    notice = NoticeClass.objects.get(code="maintenance")
    people = User.objects.bulk_create(
        User(email=f"p{number}@many.example", name=f"Person {number}")
        for number in range(PAGE_SIZE + 1)
    )
    members = Membership.objects.bulk_create(
        Membership(customer=alder, user=person, work_name=person.name) for person in people
    )
    CustomerRecipient.objects.bulk_create(
        CustomerRecipient(membership=member, notice_class=notice, by=alice) for member in members
    )

    refused = as_(alice).post(reverse("preferences:contact-add", args=["alder"]), {})

    assert refused.status_code == 200
    [link] = re.findall(r'rel="next"\s+href="([^"]+)"', refused.text)
    assert as_(alice).get(link).status_code == 200
