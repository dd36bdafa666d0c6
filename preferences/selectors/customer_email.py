"""A company's email settings: the topics it denies, recipients it adds, and its contacts."""

from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import BigIntegerField, DateTimeField, Exists, Q, QuerySet
from django.utils import timezone

from accounts.models import Customer, Membership, User
from accounts.selectors.composed import ComposedQuery, Given
from accounts.selectors.paging import PAGE_SIZE, Page, page_made_of, page_of
from portals.choices import SubscriptionStatus
from portals.models import Subscription
from preferences.choices import CONTACT_CLASSES, ContactKind, NoticeCode, TopicBasis
from preferences.models import (
    ContactRole,
    CustomerRecipient,
    CustomerTopicDenial,
    NoticeClass,
    Reseller,
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


def topics_for(customer: Customer | Given) -> QuerySet[Topic]:
    """Return the topics offered to the people of this company."""
    subscriptions = Subscription.objects.filter(customer=customer, status=SubscriptionStatus.ACTIVE)
    return Topic.objects.filter(
        Q(portal=None) | Q(portal__in=subscriptions.values("portal")),
        Q(resellers_only=False) | Exists(Reseller.objects.filter(customer=customer)),
        active=True,
    )


def addable_topics(customer: Customer | Given) -> QuerySet[Topic]:
    """Return the topics that a company may add recipients to; the others need the person."""
    return topics_for(customer).filter(basis=TopicBasis.IMPLIED)


def addable_topics_of(customer: Customer) -> list[Topic]:
    """Return the list of `addable_topics`, by a statement composed once."""
    return _ADDABLE_TOPICS.rows(customer=customer.pk)


def topics_shown_to(customer: Customer | Given) -> QuerySet[Topic]:
    """Return the topics on the company's page: those offered to it or denied by it."""
    denied = CustomerTopicDenial.objects.filter(customer=customer)
    return Topic.objects.filter(
        Q(pk__in=topics_for(customer).values("pk")) | Q(pk__in=denied.values("topic"))
    )


_ADDABLE_TOPICS = ComposedQuery(addable_topics, customer=BigIntegerField())
_TOPICS_SHOWN = ComposedQuery(topics_shown_to, customer=BigIntegerField())
_DENIALS = ComposedQuery(
    lambda customer: CustomerTopicDenial.objects.filter(customer=customer).select_related("by"),
    customer=BigIntegerField(),
)


def customer_topics(customer: Customer) -> list[CustomerTopic]:
    """Return each of these topics with its denial, if there is one."""
    denials = {denial.topic_id: denial for denial in _DENIALS.rows(customer=customer.pk)}
    topics = _TOPICS_SHOWN.rows(customer=customer.pk)
    return [CustomerTopic(topic, denials.get(topic.pk)) for topic in topics]


def customer_contacts(customer: Customer) -> list[Contacts]:
    """Return every kind of contact with its people, in the order of the page."""
    rows = _CONTACTS.rows(customer=customer.pk)
    return [
        Contacts(
            kind,
            _classes(kind),
            [row for row in rows if row.kind == kind],
        )
        for kind in ContactKind
    ]


_CONTACTS = ComposedQuery(
    lambda customer: (
        ContactRole.objects.filter(membership__customer=customer)
        .select_related("membership__user", "membership__customer", "by")
        .order_by("membership__search_name", "pk")
    ),
    customer=BigIntegerField(),
)


def customer_recipients(customer: Customer | Given) -> QuerySet[CustomerRecipient]:
    """Return the recipients that the company added to a topic or notice class."""
    return (
        CustomerRecipient.objects.filter(membership__customer=customer)
        .select_related("membership__user", "membership__customer", "topic", "notice_class", "by")
        .order_by("pk")
    )


def recipients_page(customer: Customer, after: str) -> Page[CustomerRecipient]:
    """Return a page of `customer_recipients`. Raises BadCursor."""
    if not after:
        return page_made_of(_FIRST_RECIPIENTS.rows(customer=customer.pk), PAGE_SIZE)
    rows = customer_recipients(customer)
    return page_of(rows, among=rows, order=("pk",), after=after)


_FIRST_RECIPIENTS = ComposedQuery(
    lambda customer: customer_recipients(customer)[: PAGE_SIZE + 1], customer=BigIntegerField()
)


@dataclass(frozen=True)
class Copies:
    """The notices that a company sends somebody copies of, and who decided it."""

    customer: Customer
    by: User
    notices: list[NoticeClass]


class MailOfCompanies(NamedTuple):
    """Topics, and copies of notices, to which their companies have added a person."""

    topics: list[CustomerRecipient]
    copies: list[Copies]


def mail_of_companies(person: User) -> MailOfCompanies:
    """Return the email that this person gets for their companies."""
    now = timezone.now()
    added = _ADDED.rows(user=person.pk, now=now)
    as_contact = [
        Copies(role.membership.customer, role.by, _classes(ContactKind(role.kind)))
        for role in _ROLES.rows(user=person.pk, now=now)
    ]
    notices = [
        Copies(row.membership.customer, row.by, [row.notice_class])
        for row in added
        if row.notice_class is not None
    ]
    return MailOfCompanies([row for row in added if row.topic_id], as_contact + notices)


_ROLES = ComposedQuery(
    lambda user, now: ContactRole.objects.filter(
        membership__in=Membership.objects.live(now).filter(user=user)
    ).select_related("membership__customer", "by"),
    user=BigIntegerField(),
    now=DateTimeField(),
)
_ADDED = ComposedQuery(
    lambda user, now: CustomerRecipient.objects.filter(
        membership__in=Membership.objects.live(now).filter(user=user)
    ).select_related("membership__customer", "by", "notice_class"),
    user=BigIntegerField(),
    now=DateTimeField(),
)


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
