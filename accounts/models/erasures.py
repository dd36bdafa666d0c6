"""Erasures: data that is destroyed about a person or an address, each step written before it.

A trigger that keeps a row as it is lets an erasure's step through: `erased` writes that condition.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.choices.erasures import ERASED_DOMAIN, ErasureOutcome, KeepGround
from accounts.triggers import append_only, refuse

_IN_USE = """EXISTS (SELECT 1 FROM accounts_user u
    WHERE u.id = NEW.person_id AND (u.is_active OR u.is_staff))"""
_OPENED_AGAIN = """(NEW.is_active OR NEW.is_staff) AND EXISTS (
    SELECT 1 FROM accounts_erasure e WHERE e.person_id = NEW.id)"""
_ENDED = """EXISTS (SELECT 1 FROM accounts_erasure e
    WHERE e.id = NEW.erasure_id AND e.done_at IS NOT NULL)"""


_SUBJECT = "COALESCE((SELECT p.sub FROM accounts_user p WHERE p.id = e.person_id), e.uuid)"


def erased(item: str, *, person: str, unled: str = "", address: str = "") -> str:
    """Return SQL: an erasure has a done step for a data item of this person.

    `person` is SQL over the row. `unled` is the condition of a row that has an address and leads to
    nobody: it is let through while an erasure runs that has the step. `address` is SQL for an
    address that is written: it has to be the one that takes the place of the erased ones.
    """
    whose = f"e.person_id = {person}"
    if unled:
        whose += f" OR {unled} AND e.done_at IS NULL"
    condition = (
        "EXISTS (SELECT 1 FROM accounts_erasurestep s"  # noqa: S608 -- ours
        " JOIN accounts_erasure e ON e.id = s.erasure_id"
        f" WHERE s.item = '{item}' AND s.outcome = 'done' AND ({whose})"
    )
    if address:  # SQLite stores a uuid without its hyphens
        condition += (
            f" AND replace({address}, '-', '') = 'erased'"
            f" || replace(CAST({_SUBJECT} AS text), '-', '') || '@{ERASED_DOMAIN}'"
        )
    return f"{condition})"


class Erasure(models.Model):
    """The erasure of one person, or of an address without an account.

    The addresses by which its rows are found are sealed, and emptied with the end. The keyed hash
    stays, so that a restored backup can be erased again.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="erasures"
    )
    sealed_addresses = models.TextField(blank=True)
    address_hash = models.CharField(max_length=64)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    done_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None) & ~Q(sealed_addresses="")
                | Q(done_at__isnull=False, sealed_addresses=""),
                name="erasure_knows_addresses_while_it_runs",
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(done_at=None), name="one_open_erasure_of_a_person"
            ),
            models.UniqueConstraint(
                fields=["address_hash"],
                condition=Q(done_at=None, person=None),
                name="one_open_erasure_of_an_address",
            ),
            *refuse(
                "erasure_of_a_closed_account",
                table="accounts_erasure",
                when={"INSERT": _IN_USE},
                message="an account is closed before its data is erased",
            ),
            *refuse(
                "erased_account_stays_closed",
                table="accounts_user",
                when={"UPDATE": _OPENED_AGAIN},
                message="an account whose data is erased is never opened again",
            ),
            *refuse(
                "erasure_keeps_its_subject",
                table="accounts_erasure",
                when={
                    "UPDATE": "OLD.done_at IS NOT NULL"
                    " OR COALESCE(NEW.person_id, 0) <> COALESCE(OLD.person_id, 0)"
                    " OR NEW.address_hash <> OLD.address_hash",
                    "DELETE": "TRUE",
                },
                message="an erasure stays about whom it was, and is kept",
                no_truncate=True,
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class ErasureStep(models.Model):
    """One data item in an erasure: erased, or kept on a ground; a trigger refuses to change it.

    A kept item that is erased later gets another step. `until` is None where a record stays for as
    long as its retention rule says, or until what it waits for is over.
    """

    erasure = models.ForeignKey(Erasure, on_delete=models.PROTECT, related_name="steps")
    item = models.CharField(max_length=40)
    outcome = models.CharField(max_length=4, choices=ErasureOutcome)
    ground = models.CharField(max_length=12, choices=KeepGround, blank=True)
    until = models.DateTimeField(null=True)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome=ErasureOutcome.DONE, ground="", until=None)
                | Q(outcome=ErasureOutcome.KEPT, ground__in=KeepGround.values),
                name="kept_step_names_its_ground",
            ),
            models.UniqueConstraint(
                fields=["erasure", "item"],
                condition=Q(outcome=ErasureOutcome.DONE),
                name="item_is_erased_once",
            ),
            *append_only("accounts_erasurestep"),
            *refuse(
                "step_of_an_open_erasure",
                table="accounts_erasurestep",
                when={"INSERT": _ENDED},
                message="a step is written while its erasure runs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.get_outcome_display()}"
