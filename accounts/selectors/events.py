"""The trail, in words."""

import re
from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.choices import EVENT_CODES, EVENT_SENTENCES, FIELD_NAMES, HUB_ACTOR_NAME, RequestKind
from accounts.models import AuditChain, AuditEvent, Customer, User
from accounts.models.audit import chain_name


def activity_of(customer: Customer) -> QuerySet[AuditEvent]:
    """The customer's own trail, newest first."""
    return AuditEvent.objects.filter(customer=customer).order_by("-pk")


def history_of(person: User) -> QuerySet[AuditEvent]:
    """What happened to or by this person, newest first: only they see it.

    An act of the desk stands in the provider's chain and once more in each customer's, a request
    for a service in both too; it is shown once.
    """
    twins = Q(kind__startswith="support.", customer__isnull=False)
    twins |= Q(kind__startswith="request.", customer=None)
    own = Q(person=person) | Q(actor=person)
    return AuditEvent.objects.filter(own).exclude(twins).order_by("-pk")


def desk_acts_on(person: User) -> QuerySet[AuditEvent]:
    """What the support desk did for this person, newest first."""
    return AuditEvent.objects.filter(
        person=person, kind__startswith="support.", customer=None
    ).order_by("-pk")


def chain_names() -> list[str]:
    """Every chain there is, and one for every customer, whose creation it begins with."""
    names = {chain_name(customer) for customer in Customer.objects.only("pk")}
    names |= set(AuditChain.objects.values_list("name", flat=True))
    names |= set(AuditEvent.objects.order_by().values_list("chain", flat=True).distinct())
    return sorted(names)


_UNNAMED = {"customer_name", "service"}  # said under another name


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


def _in_readers_language(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return value.get((get_language() or "en")[:2]) or value.get("en", "—")


def placeholders_of(sentence: str) -> set[str]:
    """The words a sentence waits for."""
    return set(re.findall(r"%\((\w+)\)s", sentence))


def shown_data(event: AuditEvent) -> dict[str, Any]:
    """What an event's sentence says of its data, and nothing else of it."""
    named = placeholders_of(str(EVENT_SENTENCES.get(event.kind, ""))) | _UNNAMED
    return {name: value for name, value in event.data.items() if name in named}


def sentence_of(event: AuditEvent) -> str:
    """One audit event in words, in the reader's language."""
    data: Mapping[str, Any] = event.data
    words = _Blank(
        # A label of a manifest is kept in every language; the reader's is shown.
        {name: _in_readers_language(value) for name, value in data.items()},
        actor=_("The hub") if event.actor_name == HUB_ACTOR_NAME else event.actor_name,
    )
    if "fields" in data:
        names = data["fields"].split(", ")
        words["fields"] = ", ".join(str(FIELD_NAMES.get(name, name)) for name in names)
    for name, codes in EVENT_CODES.items():
        if data.get(name) in codes.values:
            words[name] = codes(data[name]).label
    if data.get("request") in RequestKind.values:
        label = RequestKind(data["request"]).label
        words["request"] = f"{label}: {words['service']}" if "service" in data else label
    if "customer_name" in data:
        words["customer"] = data["customer_name"]
    sentence = EVENT_SENTENCES.get(event.kind)
    return str(sentence) % words if sentence else _("Unknown event: %s") % event.kind
