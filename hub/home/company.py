"""The work that waits for a Super User, as Home shows it for each of their companies."""

from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BigIntegerField,
    DateTimeField,
    Exists,
    FilteredRelation,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
)
from django.utils import timezone

from accounts.choices import APPROVED_AS_ASKED, Role
from accounts.models import AccessRequest, AuditEvent, Customer, Membership
from accounts.selectors import activity_of, sentence_of
from accounts.selectors.composed import ComposedQuery, Given
from accounts.selectors.factors import MANY, people_without_factor, second_factors
from hub.home.endings import Ending, endings_of
from hub.home.guide import Guide, company_flags, company_guide
from portals.choices import ReviewState
from portals.models import AccessReview, PrivilegeInclusion, RequestedGrant

MOST = 5  # rows of each list; the pages behind them have the rest


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
    without_factor: str  # "3 people have no second factor."; "" where everybody has one
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
        without_factor=people_without_factor(facts.without_factor),
        entries=[(event, sentence_of(event)) for event in activity_of(customer)[:MOST]],
        guide=company_guide(facts),
    )


def _facts(membership: Membership) -> Any:
    """Return the company with what is asked about it, in one statement."""
    [company] = _FACTS.rows(
        customer=membership.customer_id,
        main=membership.customer.main_super_user_id or 0,
        membership=membership.pk,
        user=membership.user_id,
        now=timezone.now(),
    )
    return company


def _facts_of(
    customer: Given, main: Given, membership: Given, user: Given, now: Given
) -> QuerySet[Customer]:
    members = Membership.objects.live(now).filter(customer=customer, user__is_active=True)
    # As the list that the number leads to (accounts.selectors.people_list), suspended people too.
    without_factor = Membership.objects.present(now).filter(
        ~Exists(second_factors().filter(user=OuterRef("user"))), customer=customer
    )
    stand_ins = members.filter(role=Role.SUPER_USER).exclude(pk=membership)
    company: Any = Customer.objects.filter(pk=customer)
    facts: QuerySet[Customer] = company.annotate(
        open_review=FilteredRelation(
            "access_reviews", condition=Q(access_reviews__state=ReviewState.OPEN)
        ),
        has_stand_in=Exists(stand_ins),
        has_factor=Exists(second_factors().filter(user=user)),
        without_factor=_CountOf(without_factor.values("pk")[: MANY + 1]),
        **company_flags(customer, main, now),
    ).select_related("open_review")
    return facts


_FACTS = ComposedQuery(
    _facts_of,
    customer=BigIntegerField(),
    main=BigIntegerField(),
    membership=BigIntegerField(),
    user=BigIntegerField(),
    now=DateTimeField(),
)


def _waiting(membership: Membership) -> list[Waiting]:
    requests = _REQUESTS.rows(customer=membership.customer_id, membership=membership.pk)
    return [Waiting(found, _is_simple(found)) for found in requests]


def _requests(customer: Given, membership: Given) -> QuerySet[AccessRequest]:
    """Return the oldest requests that a Super User can answer."""
    sensitive = PrivilegeInclusion.objects.filter(
        privilege=OuterRef("privilege"), included__sensitive=True
    )
    asked = RequestedGrant.objects.annotate(is_sensitive=Exists(sensitive))
    return (
        AccessRequest.objects.to_answer(customer=customer, by=membership)
        .select_related("membership__user", "customer")
        .prefetch_related(Prefetch("requested_grants", asked))
        .order_by("pk")[:MOST]
    )


_REQUESTS = ComposedQuery(_requests, customer=BigIntegerField(), membership=BigIntegerField())


def _is_simple(access_request: AccessRequest) -> bool:
    """Return whether approving needs no page: nothing to choose, and nothing sensitive."""
    if access_request.kind in APPROVED_AS_ASKED:
        return True
    rows = access_request.requested_grants.all()
    return bool(rows) and not any(row.is_sensitive for row in rows)  # type: ignore[attr-defined]
