"""Audit events, and the sentence that each is shown as."""

import re
from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.choices import EVENT_CODES, EVENT_SENTENCES, FIELD_NAMES, HUB_ACTOR_NAME, RequestKind
from accounts.choices.event_words import is_declared
from accounts.languages import in_readers_language, with_one_stop
from accounts.models import AuditChain, AuditEvent, Customer, User
from accounts.models.audit import chain_name
from accounts.selectors.event_details import EVENT_DETAILS, EVENT_IDENTITIES


def activity_of(customer: Customer) -> QuerySet[AuditEvent]:
    """Return the events of a customer, newest first."""
    return AuditEvent.objects.filter(customer=customer).order_by("-pk")


def history_of(person: User) -> QuerySet[AuditEvent]:
    """Return what a person did and what concerned them, newest first; only they see it.

    An act of support, and a request for a service, are in the provider's chain and in a customer's:
    each is returned once.
    """
    duplicates = Q(kind__startswith="support.", customer__isnull=False)
    duplicates |= Q(kind__startswith="request.", customer=None)
    own = Q(person=person) | Q(actor=person)
    return AuditEvent.objects.filter(own).exclude(duplicates).order_by("-pk")


def desk_acts_on(person: User) -> QuerySet[AuditEvent]:
    """Return what the support desk did for a person, newest first, without looks at them."""
    events = AuditEvent.objects.filter(person=person, kind__startswith="support.", customer=None)
    return events.exclude(kind="support.person_seen").order_by("-pk")


def chain_names() -> list[str]:
    """Return the names of all chains, with one for each customer: its creation is an event."""
    names = {chain_name(customer) for customer in Customer.objects.only("pk")}
    names |= set(AuditChain.objects.values_list("name", flat=True))
    names |= set(AuditEvent.objects.order_by().values_list("chain", flat=True).distinct())
    return sorted(names)


_SHOWN_UNDER_ANOTHER_NAME = {"customer_name", "service", "phrase"}


class _DashForMissing(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


def placeholders_of(sentence: str) -> set[str]:
    """Return the names of the values that a sentence needs."""
    return set(re.findall(r"%\((\w+)\)s", sentence))


def _shown_names(event: AuditEvent) -> set[str]:
    """Return the names in an event's data whose values its sentence shows."""
    sentence = str(EVENT_SENTENCES.get(event.kind, ""))
    return placeholders_of(sentence) | _SHOWN_UNDER_ANOTHER_NAME


def shown_data(event: AuditEvent) -> dict[str, Any]:
    """Return the part of an event's data that its sentence shows."""
    shown = _shown_names(event)
    return {name: value for name, value in event.data.items() if name in shown}


def details_of(event: AuditEvent) -> list[tuple[str, list[str]]]:
    """Return what the sentence leaves to say, as labels with their lines, in reader's language.

    A Super User's log shows them, with each resource, permission and person. A person's own history
    does not: the rest of an event may be about colleagues.
    """
    shown = _shown_names(event)
    if event.person_id == event.actor_id or event.data.get("grantee") == event.data.get("person"):
        shown.add("person")
    return [
        (str(detail.label), lines)
        for name, detail in EVENT_DETAILS.items()
        if name in event.data and name not in shown
        if (lines := detail.describe(event.data[name]))
    ]


def undeclared_facts(event: AuditEvent) -> list[str]:
    """Return the names in an event's data that neither its sentence nor its details show.

    An identity is shown where the event names in words what it identifies.
    """
    shown = _shown_names(event) | EVENT_DETAILS.keys()
    said = shown & event.data.keys()
    undeclared = []
    for name in event.data.keys() - shown:
        if event.data[name] in ("", None, [], {}):
            continue  # no fact
        says_it = EVENT_IDENTITIES.get(name)
        if says_it is None or (says_it and not said.intersection(says_it)):
            undeclared.append(name)
    return sorted(undeclared)


def undeclared_words(kind: str, data: Mapping[str, Any]) -> list[str]:
    """Return the paths of the words in an event's data of which nothing says whether to seal them.

    They are sealed as free text about the person.
    """

    def look(path: str, value: Any) -> list[str]:
        if is_declared(kind, path) or value is None or isinstance(value, bool | int | float):
            return []
        if isinstance(value, dict):
            return [found for name, part in value.items() for found in look(f"{path}.{name}", part)]
        if isinstance(value, list | tuple):
            return [found for part in value for found in look(path, part)]
        return [path] if value else []

    return sorted({found for name, value in data.items() for found in look(name, value)})


def sentence_of(event: AuditEvent) -> str:
    """Return the sentence of an event, in the reader's language."""
    data: Mapping[str, Any] = event.data
    values = _DashForMissing(
        # A label of a manifest is stored in every language.
        {name: in_readers_language(value) for name, value in data.items()},
        actor=_("The hub") if event.actor_name == HUB_ACTOR_NAME else event.actor_name,
    )
    if "fields" in data:
        fields = data["fields"].split(", ")
        values["fields"] = ", ".join(str(FIELD_NAMES.get(field, field)) for field in fields)
    for name in EVENT_CODES.keys() & data.keys():
        codes = EVENT_CODES[name]
        if data[name] in codes.values:
            values[name] = codes(data[name]).label
    if "request" in data and data["request"] in RequestKind.values:
        label = RequestKind(data["request"]).label
        values["request"] = f"{label}: {values['service']}" if "service" in data else label
        values["request"] = values.get("phrase", values["request"])
    if "customer_name" in data:
        values["customer"] = data["customer_name"]
    sentence = EVENT_SENTENCES.get(event.kind)
    if not sentence:
        return _("Unknown event: %s") % event.kind
    return with_one_stop(str(sentence) % values)
