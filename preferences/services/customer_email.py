"""A company's email settings: topics it denies, recipients it adds, contacts it names.

They add recipients or take optional email away. None can keep a notice from anybody (R43).
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.models import AuditEvent, Customer, Membership, User
from accounts.permissions import lock_managed_customer
from accounts.services.audit import record_event
from preferences.choices import ContactKind, NoticeCode
from preferences.models import (
    ContactRole,
    CustomerRecipient,
    CustomerTopicDenial,
    NoticeClass,
    Topic,
)
from preferences.selectors.customer_email import addable_topics, topics_for


class CustomerEmailRefused(ValidationError):
    """The company cannot have this setting; the message says why."""


@transaction.atomic
def deny_topic(*, actor: User, customer: Customer, topic: Topic) -> CustomerTopicDenial:
    """Stop a topic for everyone in the company, whatever they chose. Doing it twice is safe.

    People who also belong to a company that allows it still get it. Raises PermissionDenied, or
    CustomerEmailRefused naming `topic` when it is not offered to the company.
    """
    customer = lock_managed_customer(actor, customer)
    if not topics_for(customer).filter(pk=topic.pk).exists():
        raise CustomerEmailRefused({"topic": _("This topic is not offered to your company.")})
    denial, created = CustomerTopicDenial.objects.get_or_create(
        customer=customer, topic=topic, defaults={"by": actor}
    )
    if created:
        record_event(
            kind="customer_email.topic_denied", actor=actor, customer=customer, topic=topic.names
        )
    return denial


@transaction.atomic
def allow_topic(*, actor: User, customer: Customer, topic: Topic) -> bool:
    """Allow a topic again: each person's own choice counts. Return whether it was denied.

    Raises PermissionDenied.
    """
    customer = lock_managed_customer(actor, customer)
    denied, _rows = CustomerTopicDenial.objects.filter(customer=customer, topic=topic).delete()
    if denied:
        record_event(
            kind="customer_email.topic_allowed", actor=actor, customer=customer, topic=topic.names
        )
    return bool(denied)


@transaction.atomic
def add_recipient(
    *, actor: User, membership: Membership, category: Topic | NoticeClass
) -> CustomerRecipient:
    """Send a member of the company a topic, or copies of a class of notices. Twice is safe.

    The person's own no to a topic still counts. Raises PermissionDenied, or CustomerEmailRefused
    naming `person` or `category`.
    """
    customer, membership = _lock_present(actor, membership)
    topic = category if isinstance(category, Topic) else None
    if topic is not None and not addable_topics(customer).filter(pk=topic.pk).exists():
        raise CustomerEmailRefused({"category": _("Only the person can subscribe to this topic.")})
    notice_class = category if isinstance(category, NoticeClass) else None
    row, created = CustomerRecipient.objects.get_or_create(
        membership=membership, topic=topic, notice_class=notice_class, defaults={"by": actor}
    )
    if created:
        _record("customer_email.recipient_added", actor, row.membership, category=_names(category))
    return row


@transaction.atomic
def remove_recipient(*, actor: User, recipient: CustomerRecipient) -> bool:
    """Remove a recipient that the company added. Return whether there was one.

    What the person gets by their own choice stays. Raises PermissionDenied.
    """
    lock_managed_customer(actor, recipient.membership.customer)
    deleted, _rows = CustomerRecipient.objects.filter(pk=recipient.pk).delete()
    if deleted:
        names = _names(recipient.what)
        _record("customer_email.recipient_removed", actor, recipient.membership, category=names)
    return bool(deleted)


@transaction.atomic
def name_contact(*, actor: User, membership: Membership, kind: str) -> ContactRole:
    """Make a member the company's contact of one kind. Doing it twice is safe.

    Raises PermissionDenied, or CustomerEmailRefused naming `person` or `kind`.
    """
    _customer, membership = _lock_present(actor, membership)
    if kind not in ContactKind.values:
        raise CustomerEmailRefused({"kind": _("There is no such contact.")})
    row, created = ContactRole.objects.get_or_create(
        membership=membership, kind=kind, defaults={"by": actor}
    )
    if created:
        _record(
            "customer_email.contact_named",
            actor,
            membership,
            contact=_in_both(ContactKind(kind).label),
        )
    return row


@transaction.atomic
def remove_contact(*, actor: User, contact: ContactRole) -> bool:
    """End a contact role. Return whether there was one. Raises PermissionDenied."""
    lock_managed_customer(actor, contact.membership.customer)
    deleted, _rows = ContactRole.objects.filter(pk=contact.pk).delete()
    if deleted:
        label = ContactKind(contact.kind).label
        _record(
            "customer_email.contact_removed", actor, contact.membership, contact=_in_both(label)
        )
    return bool(deleted)


def drop_mail_of_leaver(*, membership: Membership) -> dict[str, list[str]]:
    """End a member's contact roles and added email, in the caller's transaction.

    Return them as data for the audit event.
    """
    contacts = ContactRole.objects.filter(membership=membership)
    added = CustomerRecipient.objects.filter(membership=membership).select_related("topic")
    ended = {
        "contact_roles": sorted(contacts.values_list("kind", flat=True)),
        "added_mail": [row.category for row in added],
    }
    contacts.delete()
    added.delete()
    return {name: values for name, values in ended.items() if values}


def restore_mail_of_member(*, membership: Membership, actor: User, event: AuditEvent) -> list[str]:
    """Bring back the contact roles and added email that ended with this event, in its undo.

    Return the names of the topics that the company may not add people to any more.
    """
    topics = addable_topics(membership.customer)
    for kind in event.data.get("contact_roles", []):
        ContactRole.objects.get_or_create(membership=membership, kind=kind, defaults={"by": actor})
    left_out = []
    for code in event.data.get("added_mail", []):
        notice_class = NoticeClass.objects.filter(code=code).first()
        topic = None if notice_class else topics.filter(slug=code).first()
        if notice_class is None and topic is None:
            left_out.append(code)
            continue
        CustomerRecipient.objects.get_or_create(
            membership=membership, topic=topic, notice_class=notice_class, defaults={"by": actor}
        )
    return left_out


def _lock_present(actor: User, membership: Membership) -> tuple[Customer, Membership]:
    customer = lock_managed_customer(actor, membership.customer)
    locked = (
        Membership.objects.present()
        .select_for_update(of=("self",))
        .select_related("user", "customer")
        .filter(pk=membership.pk)
        .first()
    )
    if locked is None:
        raise CustomerEmailRefused({"person": _("You can add only people of the company.")})
    return customer, locked


def _in_both(label: str | Promise) -> dict[str, str]:
    """Return a label of ours in every language, as audit events hold it."""
    texts = {}
    for language in Language.values:
        with translation.override(language):
            texts[language] = str(label)
    return texts


def _names(category: Topic | NoticeClass) -> dict[str, str]:
    if isinstance(category, Topic):
        return category.names
    return _in_both(NoticeCode(category.code).label)


def _record(kind: str, actor: User, membership: Membership, **event_data: Any) -> None:
    record_event(
        kind=kind,
        actor=actor,
        customer=membership.customer,
        person=membership.user,
        **event_data,
    )
