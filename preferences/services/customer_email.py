"""A company's layer: topics it does not want, people it adds, contacts it names.

It adds readers, or takes optional mail away; nothing here can keep a notice from anybody (R43).
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.choices import Language
from accounts.models import Customer, Membership, User
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
    """What a company asks of its people's mail makes no sense; the message says why."""


@transaction.atomic
def deny_topic(*, actor: User, customer: Customer, topic: Topic) -> CustomerTopicDenial:
    """Stop a topic for everyone in the company, whatever they chose; twice is once.

    Who also belongs to another company that lets it through still gets it through that one. Raises
    PermissionDenied, or CustomerEmailRefused naming `topic` when it is not offered to the company.
    """
    customer = lock_managed_customer(actor, customer)
    if not topics_for(customer).filter(pk=topic.pk).exists():
        raise CustomerEmailRefused({"topic": _("This mail is not offered to your company.")})
    denial, made = CustomerTopicDenial.objects.get_or_create(
        customer=customer, topic=topic, defaults={"by": actor}
    )
    if made:
        record_event(
            kind="customer_email.topic_denied", actor=actor, customer=customer, topic=topic.names
        )
    return denial


@transaction.atomic
def allow_topic(*, actor: User, customer: Customer, topic: Topic) -> bool:
    """Let it through again: what each person chose counts. Out: whether it was denied.

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
    """Have one of the company's people get a topic, or copies of a class of notices; twice is once.

    Their own no to a topic still counts. Raises PermissionDenied, or CustomerEmailRefused
    naming `person` or `category`.
    """
    customer, membership = _lock_present(actor, membership)
    topic = category if isinstance(category, Topic) else None
    if topic is not None and not addable_topics(customer).filter(pk=topic.pk).exists():
        raise CustomerEmailRefused(
            {"category": _("Only the person themselves can ask for this mail.")}
        )
    notice_class = category if isinstance(category, NoticeClass) else None
    row, made = CustomerRecipient.objects.get_or_create(
        membership=membership, topic=topic, notice_class=notice_class, defaults={"by": actor}
    )
    if made:
        _record("customer_email.recipient_added", actor, row.membership, category=_names(category))
    return row


@transaction.atomic
def remove_recipient(*, actor: User, recipient: CustomerRecipient) -> bool:
    """Take an addition back; what the person gets otherwise stays. Out: whether it was there.

    Raises PermissionDenied.
    """
    lock_managed_customer(actor, recipient.membership.customer)
    gone, _rows = CustomerRecipient.objects.filter(pk=recipient.pk).delete()
    if gone:
        names = _names(recipient.what)
        _record("customer_email.recipient_removed", actor, recipient.membership, category=names)
    return bool(gone)


@transaction.atomic
def name_contact(*, actor: User, membership: Membership, kind: str) -> ContactRole:
    """Make one of the company's people its contact for something; twice is once.

    Raises PermissionDenied, or CustomerEmailRefused naming `person` or `kind`.
    """
    _customer, membership = _lock_present(actor, membership)
    if kind not in ContactKind.values:
        raise CustomerEmailRefused({"kind": _("There is no such contact.")})
    row, made = ContactRole.objects.get_or_create(
        membership=membership, kind=kind, defaults={"by": actor}
    )
    if made:
        _record(
            "customer_email.contact_named",
            actor,
            membership,
            contact=_in_both(ContactKind(kind).label),
        )
    return row


@transaction.atomic
def remove_contact(*, actor: User, contact: ContactRole) -> bool:
    """End a contact role. Out: whether it was there. Raises PermissionDenied."""
    lock_managed_customer(actor, contact.membership.customer)
    gone, _rows = ContactRole.objects.filter(pk=contact.pk).delete()
    if gone:
        label = ContactKind(contact.kind).label
        _record(
            "customer_email.contact_removed", actor, contact.membership, contact=_in_both(label)
        )
    return bool(gone)


def drop_mail_of_leaver(*, membership: Membership) -> dict[str, list[str]]:
    """What a company had somebody get ends with their place in it, in the caller's transaction.

    Out: words for the event: the contact roles and additions that ended.
    """
    contacts = ContactRole.objects.filter(membership=membership)
    added = CustomerRecipient.objects.filter(membership=membership).select_related("topic")
    said = {
        "contact_roles": sorted(contacts.values_list("kind", flat=True)),
        "added_mail": [row.category for row in added],
    }
    contacts.delete()
    added.delete()
    return {name: values for name, values in said.items() if values}


def _lock_present(actor: User, membership: Membership) -> tuple[Customer, Membership]:
    customer = lock_managed_customer(actor, membership.customer)
    found = (
        Membership.objects.present()
        .select_for_update(of=("self",))
        .select_related("user", "customer")
        .filter(pk=membership.pk)
        .first()
    )
    if found is None:
        raise CustomerEmailRefused({"person": _("Only people of the company can be added.")})
    return customer, found


def _in_both(label: str | Promise) -> dict[str, str]:
    """A word of ours as the trail keeps it: in every language."""
    words = {}
    for language in Language.values:
        with translation.override(language):
            words[language] = str(label)
    return words


def _names(category: Topic | NoticeClass) -> dict[str, str]:
    if isinstance(category, Topic):
        return category.names
    return _in_both(NoticeCode(category.code).label)


def _record(kind: str, actor: User, membership: Membership, **words: Any) -> None:
    record_event(
        kind=kind,
        actor=actor,
        customer=membership.customer,
        person=membership.user,
        **words,
    )
