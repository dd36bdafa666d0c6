"""The work that waits for a Super User, as Home shows it for each of their companies."""

from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Exists,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
)

from accounts.choices import APPROVED_AS_ASKED
from accounts.models import AccessRequest, AuditEvent, Customer, Membership
from accounts.selectors import activity_of, sentence_of
from accounts.selectors.factors import second_factors
from hub.home.endings import Ending, endings_of
from hub.home.guide import Guide, company_flags, company_guide
from portals.choices import ReviewState
from portals.models import AccessReview, PrivilegeInclusion, RequestedGrant

MOST = 5  # rows of each list; the pages behind them have the rest
MANY = 100  # people without a second factor; more are not counted


@dataclass(frozen=True)
class Waiting:
    """A request to answer; `at_once` where one press approves all it asks for."""

    access_request: AccessRequest
    at_once: bool


@dataclass(frozen=True)
class Work:
    """The work of a company's Super User."""

    waiting: list[Waiting]
    review: AccessReview | None
    endings: list[Ending]
    has_stand_in: bool  # another Super User
    without_factor: int  # live members without a second factor, counted up to MANY
    entries: list[tuple[AuditEvent, str]]  # of the activity log, with their sentences
    guide: Guide | None  # while the company begins

    @property
    def can_remind(self) -> bool:
        """Whether the reader may remind the other Super Users of the review."""
        return self.review is not None and self.has_stand_in and self.review.can_remind


class _CountOf(Subquery):
    """The number of rows of a query with a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def work_of(membership: Membership) -> Work:
    """Return the work of a Super User's company."""
    customer = membership.customer
    facts = _facts(membership)
    return Work(
        waiting=_waiting(membership),
        review=getattr(facts, "open_review", None),  # unset where none is open
        endings=endings_of(customer, MOST),
        has_stand_in=facts.has_stand_in,
        without_factor=facts.without_factor,
        entries=[(event, sentence_of(event)) for event in activity_of(customer)[:MOST]],
        guide=company_guide(facts),
    )


def _facts(membership: Membership) -> Any:
    """Return the company with what is asked about it, in one statement."""
    customer = membership.customer
    members = Membership.objects.live().filter(customer=customer.pk, user__is_active=True)
    factor = second_factors().filter(user=OuterRef("user"))
    stand_ins = members.filter(role=membership.role).exclude(pk=membership.pk)
    own_factor = second_factors().filter(user=membership.user_id)
    company: Any = Customer.objects.filter(pk=customer.pk)
    return (
        company.annotate(
            open_review=FilteredRelation(
                "access_reviews", condition=Q(access_reviews__state=ReviewState.OPEN)
            ),
            has_stand_in=Exists(stand_ins),
            has_factor=Exists(own_factor),
            without_factor=_CountOf(members.filter(~Exists(factor)).values("pk")[:MANY]),
            **company_flags(customer),
        )
        .select_related("open_review")
        .get()
    )


def _waiting(membership: Membership) -> list[Waiting]:
    sensitive = PrivilegeInclusion.objects.filter(
        privilege=OuterRef("privilege"), included__sensitive=True
    )
    asked = RequestedGrant.objects.annotate(is_sensitive=Exists(sensitive))
    requests = (
        AccessRequest.objects.to_answer(customer=membership.customer, by=membership)
        .select_related("membership__user", "customer")
        .prefetch_related(Prefetch("requested_grants", asked))
        .order_by("pk")[:MOST]
    )
    return [Waiting(found, _is_simple(found)) for found in requests]


def _is_simple(access_request: AccessRequest) -> bool:
    """Return whether approving needs no page: nothing to choose, and nothing sensitive."""
    if access_request.kind in APPROVED_AS_ASKED:
        return True
    rows = access_request.requested_grants.all()
    return bool(rows) and not any(row.is_sensitive for row in rows)  # type: ignore[attr-defined]
