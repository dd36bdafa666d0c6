"""A company's layer: what it denies, whom it adds, who its contacts are."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import Customer, Membership, User
from portals.choices import SubscriptionStatus
from preferences.choices import CONTACT_CLASSES, ContactKind, NoticeCode, TopicBasis
from preferences.models import (
    ContactRole,
    CustomerRecipient,
    CustomerTopicDenial,
    NoticeClass,
    Topic,
)


@dataclass(frozen=True)
class CustomerTopic:
    """One topic as the company's page shows it."""

    topic: Topic
    denial: CustomerTopicDenial | None


@dataclass(frozen=True)
class Contacts:
    """Who is the contact for one thing, and what they get for it."""

    kind: ContactKind
    notices: list[NoticeClass]
    people: list[ContactRole]


def topics_for(customer: Customer) -> QuerySet[Topic]:
    """The topics offered to this company's people through it."""
    portals = customer.subscriptions.filter(status=SubscriptionStatus.ACTIVE).values("portal")
    offered = Topic.objects.filter(Q(portal=None) | Q(portal__in=portals), active=True)
    if hasattr(customer, "reseller"):
        return offered
    return offered.filter(resellers_only=False)


def addable_topics(customer: Customer) -> QuerySet[Topic]:
    """Those a company may have its people get; the others only the person can ask for."""
    return topics_for(customer).filter(basis=TopicBasis.IMPLIED)


def topics_shown_to(customer: Customer) -> QuerySet[Topic]:
    """What a company decides about: topics offered to it, and those it once denied."""
    denied = CustomerTopicDenial.objects.filter(customer=customer)
    return Topic.objects.filter(
        Q(pk__in=topics_for(customer).values("pk")) | Q(pk__in=denied.values("topic"))
    )


def customer_topics(customer: Customer) -> list[CustomerTopic]:
    """Each of these with its denial, if there is one."""
    denials = {
        denial.topic_id: denial
        for denial in CustomerTopicDenial.objects.filter(customer=customer).select_related("by")
    }
    return [CustomerTopic(topic, denials.get(topic.pk)) for topic in topics_shown_to(customer)]


def customer_contacts(customer: Customer) -> list[Contacts]:
    """Every kind of contact with who is it, in the order they are explained."""
    roles = (
        ContactRole.objects.filter(membership__customer=customer)
        .select_related("membership__user", "membership__customer", "by")
        .order_by("membership__search_name", "pk")
    )
    rows = list(roles)
    return [
        Contacts(
            kind,
            _classes(kind),
            [row for row in rows if row.kind == kind],
        )
        for kind in ContactKind
    ]


def customer_recipients(customer: Customer) -> QuerySet[CustomerRecipient]:
    """Whom the company added to a topic or a class, by name."""
    return (
        CustomerRecipient.objects.filter(membership__customer=customer)
        .select_related("membership__user", "membership__customer", "topic", "notice_class", "by")
        .order_by("membership__search_name", "pk")
    )


@dataclass(frozen=True)
class Copies:
    """What a company has somebody get copies of, and who said so."""

    customer: Customer
    by: User
    notices: list[NoticeClass]


def copies_of(person: User) -> list[Copies]:
    """Which notices about their companies this person gets besides their own."""
    members = Membership.objects.live().filter(user=person)
    named = ContactRole.objects.filter(membership__in=members)
    added = CustomerRecipient.objects.filter(membership__in=members, topic=None)
    roles = [
        Copies(one.membership.customer, one.by, _classes(ContactKind(one.kind)))
        for one in named.select_related("membership__customer", "by")
    ]
    return roles + [
        Copies(one.membership.customer, one.by, [one.notice_class])
        for one in added.select_related("membership__customer", "by", "notice_class")
        if one.notice_class is not None
    ]


def _classes(kind: ContactKind) -> list[NoticeClass]:
    return [NoticeClass(code=code) for code in CONTACT_CLASSES[kind]]


def contacts_for(customer: Customer, notice_class: str) -> QuerySet[User]:
    """Who gets a copy of the company's notices of a class: its contacts, and whom it added."""
    kinds = [kind for kind, codes in CONTACT_CLASSES.items() if NoticeCode(notice_class) in codes]
    members = Membership.objects.live().filter(
        Q(contact_roles__kind__in=kinds) | Q(added_mail__notice_class=notice_class),
        customer=customer,
    )
    return User.objects.filter(is_active=True, pk__in=members.values("user")).order_by("pk")
