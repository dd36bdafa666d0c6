"""Reads of this app: nouns or questions."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.choices import EVENT_SENTENCES, Role
from accounts.models import AuditEvent, Customer, Membership, User


def membership_of(user: User | AnonymousUser, customer: Customer) -> Membership | None:
    """This person's live membership of this customer, if any."""
    if not user.is_authenticated:
        return None
    return Membership.objects.live().filter(user=user, customer=customer).first()


def is_super_user(user: User | AnonymousUser, customer: Customer) -> bool:
    """Whether this person runs this customer (pages ask; services require)."""
    membership = membership_of(user, customer)
    return membership is not None and membership.role == Role.SUPER_USER


def super_users_of(customer: Customer) -> QuerySet[Membership]:
    """Live Super Users, the main one first: whom to ask."""
    return (
        Membership.objects.live()
        .filter(customer=customer, role=Role.SUPER_USER)
        .select_related("user")
        .order_by("pk")
    )


def people_of(customer: Customer, *, search: str = "") -> QuerySet[Membership]:
    """Everyone present in a customer, by name; `search` is the beginning of a name or address."""
    return (
        Membership.objects.present()
        .filter(customer=customer)
        .matching(search)
        .select_related("user", "customer")
        .order_by("search_name", "pk")
    )


def activity_of(customer: Customer) -> QuerySet[AuditEvent]:
    """The customer's own trail, newest first."""
    return AuditEvent.objects.filter(customer=customer).order_by("-pk")


def history_of(person: User) -> QuerySet[AuditEvent]:
    """What happened to or by this person, newest first: only they see it."""
    return AuditEvent.objects.filter(Q(person=person) | Q(actor=person)).order_by("-pk")


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


def sentence_of(event: AuditEvent) -> str:
    """One audit event in words, in the reader's language."""
    data: Mapping[str, Any] = event.data
    words = _Blank(data, actor=event.actor_name)
    if data.get("role") in Role.values:
        words["role"] = Role(data["role"]).label
    if "customer_name" in data:
        words["customer"] = data["customer_name"]
    sentence = EVENT_SENTENCES.get(event.kind)
    return str(sentence) % words if sentence else _("Unknown event: %s") % event.kind
