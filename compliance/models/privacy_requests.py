"""Requests about personal data, with the day by which the law wants an answer."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.choices import Language
from accounts.choices.erasures import NAMED_GROUNDS, KeepGround
from accounts.intervals import days_between
from accounts.triggers import refuse
from compliance.choices.privacy_requests import (
    ENTERED_SOURCES,
    PAUSING_LAWS,
    WITH_GROUND,
    PrivacyLaw,
    PrivacyRequestKind,
    PrivacyRequestSource,
    PrivacyRequestState,
)

ANSWER_LENGTH = 1000  # characters
REASON_LENGTH = 500
LONGEST_EXTENSION = 30  # days

_LONGER = days_between("NEW.extended_from", "NEW.due_at")
_LATER_DUE = days_between("OLD.due_at", "NEW.due_at")
_EXTENDED_AGAIN = """OLD.extended_at IS NOT NULL
    AND (NEW.extended_at IS NULL OR NEW.extended_at <> OLD.extended_at
        OR NEW.extended_from <> OLD.extended_from)"""
# Without an extension, only a pause moves the day, by as long as it lasted.
_MOVED = f"""{_LATER_DUE} > 0.0001 AND NOT (
    OLD.extended_at IS NULL AND NEW.extended_at IS NOT NULL
    OR OLD.paused_at IS NOT NULL AND NEW.paused_at IS NULL)"""


class PrivacyRequest(models.Model):
    """A request about personal data: by a link, or entered by staff from phone or paper."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=12, choices=PrivacyRequestKind)
    address = models.EmailField()
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="privacy_requests",
    )
    language = models.CharField(max_length=2, choices=Language)
    source = models.CharField(
        max_length=5, choices=PrivacyRequestSource, default=PrivacyRequestSource.LINK
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    law = models.CharField(max_length=6, choices=PrivacyLaw, default=PrivacyLaw.CANADA)
    details = models.CharField(max_length=ANSWER_LENGTH, blank=True)
    received_at = models.DateTimeField(editable=False)
    due_at = models.DateTimeField(editable=False)
    paused_at = models.DateTimeField(null=True, editable=False)
    extended_at = models.DateTimeField(null=True, editable=False)
    extended_from = models.DateTimeField(null=True, editable=False)  # the day it was due before
    extension_reason = models.CharField(max_length=REASON_LENGTH, blank=True)
    state = models.CharField(
        max_length=10, choices=PrivacyRequestState, default=PrivacyRequestState.OPEN
    )
    answer = models.CharField(max_length=ANSWER_LENGTH, blank=True)
    ground = models.CharField(max_length=12, choices=KeepGround, blank=True)
    kept_items = models.CharField(max_length=500, blank=True)  # codes of data items
    kept_until = models.DateField(null=True)
    settled_at = models.DateTimeField(null=True, blank=True, editable=False)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=PrivacyRequestKind.values), name="privacy_request_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=PrivacyRequestState.values),
                name="privacy_request_state_known",
            ),
            models.CheckConstraint(
                condition=Q(source=PrivacyRequestSource.LINK, entered_by=None)
                | Q(source__in=ENTERED_SOURCES, entered_by__isnull=False),
                name="entered_privacy_request_names_its_writer",
            ),
            models.CheckConstraint(
                condition=Q(law__in=PrivacyLaw.values), name="privacy_request_law_known"
            ),
            models.CheckConstraint(
                condition=Q(due_at__gt=F("received_at")), name="privacy_request_is_due_later"
            ),
            models.CheckConstraint(
                condition=Q(paused_at=None)
                | Q(law__in=PAUSING_LAWS, state=PrivacyRequestState.OPEN),
                name="privacy_request_pauses_where_the_law_knows_it",
            ),
            models.CheckConstraint(
                condition=Q(extended_at=None, extended_from=None, extension_reason="")
                | Q(extended_at__lte=F("extended_from"), due_at__gt=F("extended_from"))
                & ~Q(extension_reason=""),
                name="privacy_request_is_extended_in_time_with_reasons",
            ),
            models.CheckConstraint(
                condition=Q(state=PrivacyRequestState.OPEN, settled_at=None, settled_by=None)
                | ~Q(state=PrivacyRequestState.OPEN)
                & Q(settled_at__isnull=False, settled_by__isnull=False),
                name="settled_privacy_request_names_who_and_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=WITH_GROUND)
                | Q(ground__in=NAMED_GROUNDS, kept_until__isnull=False)
                & ~Q(answer="")
                & ~Q(kept_items=""),
                name="refused_privacy_request_has_a_reason",
            ),
            models.UniqueConstraint(
                fields=["address", "kind", "received_at"], name="one_privacy_request_of_a_link"
            ),
            *refuse(
                "privacy_request_extended_once",
                table="compliance_privacyrequest",
                when={"UPDATE": _EXTENDED_AGAIN},
                message="a request about data is extended once",
            ),
            *refuse(
                "privacy_request_extension_is_short",
                table="compliance_privacyrequest",
                when={
                    "INSERT": "NEW.extended_at IS NOT NULL",
                    "UPDATE": "OLD.extended_at IS NULL AND NEW.extended_at IS NOT NULL"
                    f" AND {_LONGER} > {LONGEST_EXTENSION}.001",
                },
                message="an extension is for 30 days at most",
            ),
            *refuse(
                "privacy_request_due_day_stays",
                table="compliance_privacyrequest",
                when={"UPDATE": f"NEW.received_at <> OLD.received_at OR {_MOVED}"},
                message="the time to answer runs from receipt; an extension or a pause moves it",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state=PrivacyRequestState.OPEN),
                name="privacy_request_by_due_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.received_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state == PrivacyRequestState.OPEN

    @property
    def may_pause(self) -> bool:
        """Whether its law lets the time stop while identity is asked for."""
        return self.is_open and self.law in PAUSING_LAWS and self.paused_at is None
