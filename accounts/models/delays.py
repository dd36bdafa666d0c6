"""Acts of the support desk that wait, so that the person can cancel what is not theirs."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.choices.delays import DELAYED_ACTS, DelayState
from accounts.choices.support import SupportAct
from accounts.models.cases import SupportCase
from accounts.models.erasures import erased
from accounts.models.people import User
from accounts.triggers import refuse

_OF_ANOTHER_PERSON = """NOT EXISTS (SELECT 1 FROM accounts_supportcase c
    WHERE c.id = NEW.case_id AND c.person_id = NEW.person_id AND c.state = 'open'
        AND c.verification <> '')"""
_ERASED = erased("support", person="OLD.person_id")
_OTHER_FACTS = """NEW.case_id <> OLD.case_id OR NEW.person_id <> OLD.person_id
    OR NEW.act <> OLD.act OR NEW.subject <> OLD.subject OR NEW.asked_at <> OLD.asked_at
    OR NEW.takes_effect_at <> OLD.takes_effect_at"""


class DelayedActQuerySet(models.QuerySet["DelayedAct"]):
    """Delayed acts, and which of them wait."""

    def waiting(self) -> "DelayedActQuerySet":
        """Return those that are neither done nor cancelled."""
        return self.filter(state=DelayState.WAITING)


class DelayedAct(models.Model):
    """One act that waits for its moment; it is settled once.

    `subject` is the key of the factor that is removed, or the new address.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(SupportCase, on_delete=models.PROTECT, related_name="delayed_acts")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delayed_acts")
    act = models.CharField(max_length=20, choices=SupportAct)
    subject = models.CharField(max_length=254)
    # How pages and emails name the factor; empty for an address.
    factor_name = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    takes_effect_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=DelayState, default=DelayState.WAITING)
    settled_at = models.DateTimeField(null=True, blank=True)
    # The Super User who confirmed it in the hub, so that it waits no longer.
    confirmed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = DelayedActQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "act"],
                condition=Q(state=DelayState.WAITING),
                name="one_waiting_act_of_kind",
            ),
            models.CheckConstraint(
                condition=Q(act__in=DELAYED_ACTS, state__in=DelayState.values),
                name="delayed_act_known",
            ),
            models.CheckConstraint(
                condition=Q(takes_effect_at__gt=F("asked_at")) & ~Q(subject=""),
                name="delayed_act_waits",
            ),
            models.CheckConstraint(
                condition=Q(state=DelayState.WAITING, settled_at=None)
                | (~Q(state=DelayState.WAITING) & Q(settled_at__isnull=False)),
                name="delayed_act_settled_at_a_moment",
            ),
            models.CheckConstraint(
                condition=~Q(state=DelayState.DONE)
                | Q(settled_at__gte=F("takes_effect_at"))
                | Q(confirmed_by__isnull=False),
                name="delayed_act_done_in_time",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("person")),
                name="delayed_act_confirmed_by_other",
            ),
            *refuse(
                "delayed_act_settled_once",
                table="accounts_delayedact",
                when={"UPDATE": f"OLD.state <> 'waiting' AND NOT {_ERASED}", "DELETE": "TRUE"},
                message="a delayed act is settled once, and kept",
            ),
            *refuse(
                "delayed_act_keeps_its_facts",
                table="accounts_delayedact",
                when={"UPDATE": f"({_OTHER_FACTS}) AND NOT {_ERASED}"},
                message="a delayed act keeps its person and its moment",
            ),
            *refuse(
                "delayed_act_of_verified_case",
                table="accounts_delayedact",
                when={"INSERT": _OF_ANOTHER_PERSON},
                message="a delayed act needs an open, verified case of its person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["takes_effect_at"],
                condition=Q(state=DelayState.WAITING),
                name="delayed_act_by_effect",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.person}"

    @property
    def is_waiting(self) -> bool:
        """Whether it can still be cancelled."""
        return self.state == DelayState.WAITING

    @property
    def removes_factor(self) -> bool:
        """Whether it removes a second factor; else it changes the address."""
        return self.act == SupportAct.REMOVE_FACTOR
