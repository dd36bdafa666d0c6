"""Requests: of people to their Super Users, and of Super Users to the provider."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.choices import ASKED_OF_PROVIDER, RequestKind, RequestState, Role
from accounts.languages import in_readers_language
from accounts.models.customers import Customer, Membership
from accounts.models.erasures import erased
from accounts.models.people import User
from accounts.triggers import refuse
from accounts.validators import validate_plain_lines

TEXT_LENGTH = 500
QUOTED_LENGTH = 80  # of the text in a sentence
MAX_REMINDERS = 2

# A person has one of each, so a second open request for it makes no sense.
_CHANGES = [RequestKind.NAME, RequestKind.PHONE, RequestKind.ADDRESS, RequestKind.LEAVE]
_NOT_ANSWERED = Q(answered_at=None, answered_by=None)
_PASSED = Q(passed_at__isnull=False)


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    """Requests, which of them a person may see, and which are open."""

    def visible_to(
        self, user: User | Combinable, now: datetime | Combinable | None = None
    ) -> "AccessRequestQuerySet":
        """Return a person's own requests, and those of customers where they are Super User."""
        live = Membership.objects.live(now).filter(
            user=user, customer__in=Customer.objects.visible_to(user, now)
        )
        return self.filter(
            Q(membership__in=live.values("pk"))
            | Q(customer__in=live.filter(role=Role.SUPER_USER).values("customer_id"))
        )

    def open(self) -> "AccessRequestQuerySet":
        """Return those neither answered nor withdrawn."""
        return self.filter(state=RequestState.OPEN)

    def to_answer(self, *, customer: Any, by: Any) -> "AccessRequestQuerySet":
        """Return the open ones of a customer that the Super User with the membership `by` answers.

        Both may be expressions of an outer query.
        """
        asked = self.open().filter(customer=customer)
        return asked.exclude(membership=by).exclude(kind__in=ASKED_OF_PROVIDER)

    def with_provider(self) -> "AccessRequestQuerySet":
        """Return those that staff may see: asked of the provider, or passed on to it."""
        return self.filter(passed_at__isnull=False)


_ERASED = erased(
    "requests",
    person="(SELECT m.user_id FROM accounts_membership m WHERE m.id = OLD.membership_id)",
)
_OF_ANOTHER_CUSTOMER = """(SELECT m.customer_id FROM accounts_membership m
    WHERE m.id = NEW.membership_id) <> NEW.customer_id"""


class AccessRequest(models.Model):
    """A request of one person, answered once; an upper app may add rows to it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="requests", db_index=False
    )
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=10, choices=RequestKind)
    about = models.CharField(
        max_length=40, blank=True, help_text=_("Portal with one open request.")
    )
    text = models.CharField(
        _("reason given"), max_length=TEXT_LENGTH, blank=True, validators=[validate_plain_lines]
    )
    wanted = models.JSONField(default=dict, help_text=_("New value by field."))
    phrases = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("Requested action by language. If empty, the request has a text."),
    )
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.OPEN)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    waiting_since = models.DateTimeField(
        default=timezone.now, help_text=_("Start of the Super Users' time to answer.")
    )
    reminders = models.PositiveSmallIntegerField(
        default=0, help_text=_("Reminders sent since then.")
    )
    passed_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Time from which the provider can answer too.")
    )
    answer = models.CharField(
        _("answer"), max_length=TEXT_LENGTH, blank=True, validators=[validate_plain_lines]
    )
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Time of the answer or withdrawal.")
    )
    by_provider = models.BooleanField(
        default=False, help_text=_("Answered by the provider's staff.")
    )

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=RequestKind.values), name="request_kind_known"
            ),
            models.CheckConstraint(
                condition=(_NOT_ANSWERED & Q(state=RequestState.OPEN))
                | Q(state=RequestState.WITHDRAWN, answered_at__isnull=False, answered_by=None)
                | Q(
                    state__in=[RequestState.APPROVED, RequestState.REFUSED],
                    answered_at__isnull=False,
                    answered_by__isnull=False,
                ),
                name="request_answered_by_someone_at_a_moment",
            ),
            models.CheckConstraint(
                condition=~Q(state=RequestState.REFUSED) | ~Q(answer=""),
                name="request_refused_with_a_reason",
            ),
            models.UniqueConstraint(
                fields=["membership", "kind"],
                condition=Q(state=RequestState.OPEN, kind__in=_CHANGES),
                name="one_open_request_of_a_kind",
            ),
            models.UniqueConstraint(
                fields=["customer", "kind", "about"],
                condition=Q(state=RequestState.OPEN, kind__in=ASKED_OF_PROVIDER),
                name="one_open_request_about_a_service",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=ASKED_OF_PROVIDER) | (_PASSED & ~Q(about="")),
                name="service_is_asked_of_the_provider",
            ),
            models.CheckConstraint(
                condition=Q(by_provider=False) | (_PASSED & Q(answered_by__isnull=False)),
                name="provider_answers_what_was_passed_on",
            ),
            models.CheckConstraint(
                condition=Q(reminders__lte=MAX_REMINDERS), name="request_reminders_end"
            ),
            *refuse(
                "request_answered_once",
                table="accounts_accessrequest",
                when={"UPDATE": f"OLD.state <> 'open' AND NOT {_ERASED}"},
                message="a request is answered once",
            ),
            *refuse(
                "request_within_customer",
                table="accounts_accessrequest",
                when={"INSERT": _OF_ANOTHER_CUSTOMER, "UPDATE": _OF_ANOTHER_CUSTOMER},
                message="a request stands in the customer of whoever asks",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "state", "id"], name="request_by_state"),
            models.Index(
                fields=["waiting_since"],
                condition=Q(state=RequestState.OPEN, passed_at=None),
                name="request_by_wait",
            ),
            models.Index(fields=["state", "id"], condition=_PASSED, name="request_with_provider"),
        ]

    def __str__(self) -> str:
        return f"{self.membership}: {self.get_kind_display()}"

    @property
    def is_open(self) -> bool:
        """Whether it is neither answered nor withdrawn."""
        return self.state == RequestState.OPEN

    @property
    def is_of_provider(self) -> bool:
        """Whether it asks the provider for a service."""
        return self.kind in ASKED_OF_PROVIDER

    @property
    def phrase(self) -> str:
        """The words of it, in the reader's language: "renew alder.example", or its text."""
        if self.phrases:
            return str(in_readers_language(self.phrases))
        return f"“{Truncator(' '.join(self.text.split())).chars(QUOTED_LENGTH)}”"

    @property
    def sentence(self) -> str:
        """The request as others read it: "Bob Tremblay asks to renew alder.example"."""
        facts = {
            "who": self.customer if self.is_of_provider else self.membership,
            "phrase": self.phrase,
        }
        if self.phrases:
            return gettext("%(who)s asks to %(phrase)s") % facts
        return gettext("%(who)s asks: %(phrase)s") % facts

    @property
    def own_sentence(self) -> str:
        """The request as the person who asked reads it."""
        if self.phrases:
            return gettext("You asked to %(phrase)s") % {"phrase": self.phrase}
        return gettext("You asked: %(phrase)s") % {"phrase": self.phrase}

    @property
    def new_values(self) -> list[str]:
        """The values it asks for, in the reader's language where there is one in each."""
        return [str(in_readers_language(value)) for value in self.wanted.values()]
