"""Audit events: append-only, in one hash chain per customer and one for the provider."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import models

from accounts.models.customers import Customer
from accounts.models.sealed_words import open_events
from accounts.triggers import append_only

PROVIDER_CHAIN = "provider"


def chain_name(customer: Customer | None) -> str:
    """Return the name of a customer's chain, `customer:<pk>`, or of the provider's."""
    return PROVIDER_CHAIN if customer is None else f"customer:{customer.pk}"


def customer_of_chain(name: str) -> int | None:
    """Return the primary key in the name of a customer's chain; None for the provider's."""
    return None if name == PROVIDER_CHAIN else int(name.removeprefix("customer:"))


class AuditChain(models.Model):
    """The head of one chain; its row is locked while an event is appended."""

    name = models.CharField(max_length=40, primary_key=True)
    last_sequence = models.PositiveBigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return self.name


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    """Events that were read together are opened together."""

    def _fetch_all(self) -> None:
        is_new = self._result_cache is None
        super()._fetch_all()
        if is_new:
            events = [event for event in self._result_cache or () if isinstance(event, AuditEvent)]
            for event in events:
                event.read_with = events


class AuditEvent(models.Model):
    """One fact of the activity log; triggers refuse to change or delete it.

    Its personal words are sealed, each under the key of whom it is about, and the hash covers what
    is sealed: when a key is deleted, no event changes. `data` and `actor_name` are the readable
    words. They are opened when they are first asked for, for all events of the same query at once.
    """

    chain = models.CharField(max_length=40)
    sequence = models.PositiveBigIntegerField()
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.PROTECT, related_name="audit_events", db_index=False
    )
    at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    # The hub's or a portal's name; empty where a person acted, whose name is sealed.
    actor_label = models.CharField(max_length=200, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    public = models.JSONField(default=dict)  # with marks in the place of sealed words
    sealed = models.JSONField(
        default=list
    )  # [[id of a subject's key, sealed words, their SHA-256], …]
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    # Set only by the view that shows them: labels with their lines (selectors.details_of).
    details: list[tuple[str, list[str]]]
    # Events of the same query, which are opened together.
    read_with: Sequence["AuditEvent"] = ()
    _words: dict[str, Any] | None = None
    _parts: list[list[str] | None] | None = None

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="event_sequence_once"),
            *append_only("accounts_auditevent"),
        ]
        indexes = [  # each begins with its foreign key, which needs no index of its own
            models.Index(fields=["customer", "-id"], name="event_by_customer"),
            models.Index(fields=["person", "-id"], name="event_by_person"),
            models.Index(fields=["actor", "-id"], name="event_by_actor"),
            models.Index(fields=["customer", "kind", "-id"], name="event_by_kind"),
            models.Index(fields=["customer", "at"], name="event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.chain}/{self.sequence} {self.kind}"

    @property
    def is_open(self) -> bool:
        """Whether the readable words are at hand."""
        return self._words is not None

    def open_with(self, words: dict[str, Any], parts: list[list[str] | None] | None = None) -> None:
        """Keep the readable data, the actor's name among it, and the opened parts of `sealed`."""
        self._words, self._parts = words, parts

    @property
    def parts(self) -> list[list[str] | None]:
        """The words of each part of `sealed`, as its hash covers them; None for erased ones."""
        if self._parts is None:
            self._words = None  # a new event has its words, and no parts
            self._opened()
        return self._parts or []

    def _opened(self) -> dict[str, Any]:
        if self._words is None:
            open_events([self, *self.read_with])
        return self._words or {}

    @property
    def data(self) -> dict[str, Any]:
        """The readable data. Setting it stores it as it is, unsealed."""
        return {name: value for name, value in self._opened().items() if name != "actor_name"}

    @data.setter
    def data(self, words: dict[str, Any]) -> None:
        self.public, self.sealed, self._words, self._parts = words, [], None, None

    @property
    def actor_name(self) -> str:
        """The readable name of who acted. Setting it stores it as it is, unsealed."""
        name: str = self.actor_label or self._opened().get("actor_name", "")
        return name

    @actor_name.setter
    def actor_name(self, name: str) -> None:
        self.actor_label = name

    def content(self) -> dict[str, Any]:
        """Return what the hash covers; a line of an export holds this and the hash."""
        sealed = {"sealed": self.sealed} if self.sealed else {}
        return {
            "chain": self.chain,
            "sequence": self.sequence,
            "at": self.at.isoformat(timespec="microseconds"),
            "kind": self.kind,
            "actor": self.actor_id,
            "actor_name": self.actor_label,
            "person": self.person_id,
            "data": self.public,
            **sealed,
            "previous_hash": self.previous_hash,
        }

    def computed_hash(self) -> str:
        """Return the SHA-256 of the content as canonical JSON."""
        canonical = json.dumps(
            self.content(), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    def resources(self) -> set[int]:
        """Return the primary keys of the resources in its data, in lists of it too."""
        lists = [value for value in self.public.values() if isinstance(value, list)]
        parts = [self.public, *(part for values in lists for part in values)]
        keys = [part.get("resource_id") for part in parts if isinstance(part, dict)]
        return {key for key in keys if isinstance(key, int)}

    def people(self) -> set[str]:
        """Return the `sub` of everybody in its data for whom the act changed something."""
        return {part["sub"] for part in self.public.get("concerned", [])}


class AuditEventResource(models.Model):
    """A resource in an event's data, to find the event by; append-only."""

    event = models.ForeignKey(
        AuditEvent, on_delete=models.PROTECT, related_name="resource_rows", db_index=False
    )
    resource = models.BigIntegerField()  # a primary key of an upper app, perhaps deleted

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "event"], name="event_speaks_once"),
            *append_only("accounts_auditeventresource"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} speaks of {self.resource}"


class AuditEventPerson(models.Model):
    """A person for whom an event changed something, to find the event by; append-only.

    The one whom it is about (`AuditEvent.person`) needs no row.
    """

    event = models.ForeignKey(
        AuditEvent, on_delete=models.PROTECT, related_name="person_rows", db_index=False
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "event"], name="event_concerns_once"),
            *append_only("accounts_auditeventperson"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} concerns {self.person_id}"
