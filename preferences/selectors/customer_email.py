"""A company's email settings: the topics it denies, recipients it adds, and its contacts."""

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
    """A topic on the company's page."""

    topic: Topic
    denial: CustomerTopicDenial | None


@dataclass(frozen=True)
class Contacts:
    """The contacts of one kind, and the notices they get as such."""

    kind: ContactKind
    notices: list[NoticeClass]
    people: list[ContactRole]


def topics_for(customer: Customer) -> QuerySet[Topic]:
    """Return the topics offered to the people of this company."""
    portals = customer.subscriptions.filter(status=SubscriptionStatus.ACTIVE).values("portal")
    offered = Topic.objects.filter(Q(portal=None) | Q(portal__in=portals), active=True)
    if hasattr(customer, "reseller"):
        return offered
    return offered.filter(resellers_only=False)


def addable_topics(customer: Customer) -> QuerySet[Topic]:
    """Return the topics that a company may add recipients to; the others need the person."""
    return topics_for(customer).filter(basis=TopicBasis.IMPLIED)


def topics_shown_to(customer: Customer) -> QuerySet[Topic]:
    """Return the topics on the company's page: those offered to it or denied by it."""
    denied = CustomerTopicDenial.objects.filter(customer=customer)
    return Topic.objects.filter(
        Q(pk__in=topics_for(customer).values("pk")) | Q(pk__in=denied.values("topic"))
    )


def customer_topics(customer: Customer) -> list[CustomerTopic]:
    """Return each of these topics with its denial, if there is one."""
    denials = {
        denial.topic_id: denial
        for denial in CustomerTopicDenial.objects.filter(customer=customer).select_related("by")
    }
    return [CustomerTopic(topic, denials.get(topic.pk)) for topic in topics_shown_to(customer)]


def customer_contacts(customer: Customer) -> list[Contacts]:
    """Return every kind of contact with its people, in the order of the page."""
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
    """Return the recipients that the company added to a topic or notice class, by name."""
    return (
        CustomerRecipient.objects.filter(membership__customer=customer)
        .select_related("membership__user", "membership__customer", "topic", "notice_class", "by")
        .order_by("membership__search_name", "pk")
    )


@dataclass(frozen=True)
class Copies:
    """The notices that a company sends somebody copies of, and who decided it."""

    customer: Customer
    by: User
    notices: list[NoticeClass]


def copies_of(person: User) -> list[Copies]:
    """Return the copies of notices that this person gets for their companies."""
    memberships = Membership.objects.live().filter(user=person)
    roles = ContactRole.objects.filter(membership__in=memberships)
    added = CustomerRecipient.objects.filter(membership__in=memberships, topic=None)
    as_contact = [
        Copies(role.membership.customer, role.by, _classes(ContactKind(role.kind)))
        for role in roles.select_related("membership__customer", "by")
    ]
    return as_contact + [
        Copies(row.membership.customer, row.by, [row.notice_class])
        for row in added.select_related("membership__customer", "by", "notice_class")
        if row.notice_class is not None
    ]


def _classes(kind: ContactKind) -> list[NoticeClass]:
    return [NoticeClass(code=code) for code in CONTACT_CLASSES[kind]]


def contacts_for(customer: Customer, notice_class: str) -> QuerySet[User]:
    """Return the people who get copies of a company's notices of this class."""
    kinds = [kind for kind, codes in CONTACT_CLASSES.items() if NoticeCode(notice_class) in codes]
    memberships = Membership.objects.live().filter(
        Q(contact_roles__kind__in=kinds) | Q(added_mail__notice_class=notice_class),
        customer=customer,
    )
    return User.objects.filter(is_active=True, pk__in=memberships.values("user")).order_by("pk")
