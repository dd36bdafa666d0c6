"""The programmes of a company, and the rows that staff have to answer."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import AuditEvent, Customer, User
from accounts.selectors import page_of
from accounts.selectors.paging import Page
from compliance.choices.programmes import ReferralState, ResellerRequestState
from compliance.models import Referral, ResellerRequest
from compliance.registry.uses import REFERRALS, RESELLER_ALERTS
from compliance.selectors.uses import uses_told
from preferences.choices import ConsentBasis
from preferences.models import Choice, Reseller, Topic

MADE = "referral.made"  # the event of a referral
MOST_REQUESTS = 50  # on the page; the others follow once these are answered


@dataclass(frozen=True)
class Programme:
    """The programmes of a company, for one of its Super Users."""

    may_refer: bool
    referred: int
    joined: int  # those who let the referrer know
    reseller: Reseller | None
    request: ResellerRequest | None  # the latest
    alerts: list[Topic]  # that the person can subscribe to
    wants_alerts: bool
    may_get_alerts: bool

    @property
    def is_waiting(self) -> bool:
        """Whether staff have not answered the request yet."""
        return self.request is not None and self.request.state == ResellerRequestState.OPEN

    @property
    def is_declined(self) -> bool:
        """Whether the last request was declined."""
        return self.request is not None and self.request.state == ResellerRequestState.DECLINED


def programme_of(customer: Customer, person: User) -> Programme:
    """Return a company's programmes, as one of its Super Users sees them.

    Of the contacts there are numbers alone: nobody learns what a contact answered (L62).
    """
    joined = Referral.objects.filter(customer=customer, may_tell=True, joined_at__isnull=False)
    alerts = list(reseller_alerts(person))
    told = uses_told(person, [REFERRALS, RESELLER_ALERTS])
    return Programme(
        may_refer=bool(settings.HUB_BRAND_ADDRESS) and REFERRALS in told,
        referred=referrals_made(customer).count(),
        joined=joined.count(),
        reseller=Reseller.objects.filter(customer=customer).first(),
        request=ResellerRequest.objects.filter(customer=customer).order_by("-pk").first(),
        alerts=alerts,
        wants_alerts=_wanted(person, alerts),
        may_get_alerts=RESELLER_ALERTS in told,
    )


def referrals_made(customer: Customer) -> QuerySet[AuditEvent]:
    """Return the company's referrals, also those after which no email was sent.

    A contact who was referred before adds no row, which nobody may learn (L62).
    """
    return AuditEvent.objects.filter(customer=customer, kind=MADE)


def reseller_alerts(person: User) -> QuerySet[Topic]:
    """Return the topics for resellers that a person can subscribe to."""
    return Topic.objects.visible_to(person).filter(resellers_only=True)


def _wanted(person: User, topics: list[Topic]) -> bool:
    wanted = Choice.objects.filter(
        recipient__user=person,
        topic__in=topics,
        wants=True,
        consent__basis=ConsentBasis.EXPRESS,
    )
    return bool(topics) and wanted.count() == len(topics)


def referrals_for_staff(*, after: str = "") -> Page[Referral]:
    """Return a page of the contacts to call back, newest first. Raises BadCursor."""
    rows = Referral.objects.filter(state=ReferralState.INTERESTED).exclude(address="")
    return page_of(
        rows.select_related("customer", "referrer"),
        among=Referral.objects.all(),
        order=("-pk",),
        after=after,
    )


def open_reseller_requests() -> list[ResellerRequest]:
    """Return the requests to join that wait for an answer, the oldest first.

    There is at most one of each company.
    """
    rows = ResellerRequest.objects.filter(state=ResellerRequestState.OPEN)
    return list(rows.select_related("customer", "asked_by").order_by("pk")[:MOST_REQUESTS])
