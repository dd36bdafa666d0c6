"""The audit trail: append-only, one hash chain per customer and one for the provider."""

import hashlib
import json
from typing import Any

from django.conf import settings
from django.db import models

from accounts.models.customers import Customer
from accounts.triggers import append_only

PROVIDER_CHAIN = "provider"


def chain_name(customer: Customer | None) -> str:
    """The chain an event belongs to: `provider`, or `customer:<pk>`."""
    return PROVIDER_CHAIN if customer is None else f"customer:{customer.pk}"


def customer_of_chain(name: str) -> int | None:
    """The primary key in a customer chain's name; None for the provider's."""
    return None if name == PROVIDER_CHAIN else int(name.removeprefix("customer:"))


class AuditChain(models.Model):
    """The head of one chain; its row is locked while an event is appended."""

    name = models.CharField(max_length=40, primary_key=True)
    last_sequence = models.PositiveBigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return self.name


class AuditEvent(models.Model):
    """One thing that happened; never changed, never deleted (triggers)."""

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
    actor_name = models.CharField(max_length=200)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    data = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

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

    def content(self) -> dict[str, Any]:
        """What the hash covers, and what an export line holds besides the hash itself."""
        return {
            "chain": self.chain,
            "sequence": self.sequence,
            "at": self.at.isoformat(timespec="microseconds"),
            "kind": self.kind,
            "actor": self.actor_id,
            "actor_name": self.actor_name,
            "person": self.person_id,
            "data": self.data,
            "previous_hash": self.previous_hash,
        }

    def computed_hash(self) -> str:
        """SHA-256 over the canonical JSON of the content."""
        canonical = json.dumps(
            self.content(), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(canonical.encode()).hexdigest()

    def resources(self) -> set[int]:
        """The keys of the resources its data speaks of."""
        told = [self.data, *self.data.get("grants", [])]
        return {one["resource_id"] for one in told if isinstance(one.get("resource_id"), int)}


class AuditEventResource(models.Model):
    """Which event speaks of which resource: derived from its data, to find it by; append-only."""

    event = models.ForeignKey(
        AuditEvent, on_delete=models.PROTECT, related_name="resource_rows", db_index=False
    )
    resource = models.BigIntegerField()  # of an upper app, perhaps gone by now

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "event"], name="event_speaks_once"),
            *append_only("accounts_auditeventresource"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} speaks of {self.resource}"
