"""The work of the provider's staff: requests, notices that reached nobody, messages, deadlines."""

from dataclasses import dataclass, field

from django.db.models import QuerySet

from accounts.choices import APPROVED_AS_ASKED, ASKED_OF_PROVIDER, RequestKind
from accounts.models import AccessRequest, User
from accounts.selectors import requests_with_provider
from accounts.selectors.composed import ComposedQuery
from compliance.selectors.due import overdue, sources_for
from hub.home.guide import Guide, provider_guide
from preferences.choices import CampaignState
from preferences.models import Campaign, Escalation
from preferences.selectors.bounces import escalations_for_staff
from preferences.selectors.campaigns import public_campaigns
from preferences.selectors.email_days import EmailDay, last_email_days

MOST = 5  # rows of each list; the pages behind them have the rest
ON_THE_WAY = [CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.SCHEDULED]


@dataclass(frozen=True)
class StaffRequest:
    """A request to the provider; `at_once` where one press approves it."""

    access_request: AccessRequest
    at_once: bool


@dataclass
class StaffWork:
    """The work of somebody of the staff; None for a list that is not theirs to see."""

    requests: list[StaffRequest] | None = None
    escalations: list[Escalation] | None = None
    campaigns: list[Campaign] | None = None
    email_days: list[EmailDay] | None = None
    overdue: int | None = None  # missed legal deadlines
    guide: Guide | None = None
    may_send: set[str] = field(default_factory=set)  # "topic", "notice"


def _escalations() -> QuerySet[Escalation]:
    return escalations_for_staff().order_by("pk")[:MOST]


def _campaigns() -> QuerySet[Campaign]:
    rows = public_campaigns().filter(state__in=ON_THE_WAY)
    return rows.select_related("topic", "notice_class").order_by("starts_at", "pk")[:MOST]


_ESCALATIONS = ComposedQuery(_escalations)
_CAMPAIGNS = ComposedQuery(_campaigns)


def staff_work_of(user: User) -> StaffWork:
    """Return the work of somebody of the staff, each list by its permission."""
    work = StaffWork()
    may_change_customers = user.has_perm("accounts.change_customer")
    if user.has_perm("accounts.view_accessrequest"):
        work.requests = _requests(user, may_change_customers)
    if user.has_perm("preferences.view_escalation"):
        work.escalations = _ESCALATIONS.rows()
    if user.has_perm("preferences.view_campaign"):
        work.campaigns = _CAMPAIGNS.rows()
        work.email_days = last_email_days()
        kinds = ("topic", "notice")
        work.may_send = {k for k in kinds if user.has_perm(f"preferences.send_{k}_campaign")}
    if user.has_perm("compliance.view_due_list"):
        work.overdue = len(overdue(sources_for(user)))
    if may_change_customers:
        work.guide = provider_guide(user)
    return work


def _requests(user: User, may_change_customers: bool) -> list[StaffRequest]:
    """Return the oldest open requests that this person may answer."""
    waiting = requests_with_provider().filter(pk__in=AccessRequest.objects.open().values("pk"))
    if not may_change_customers:  # others answer requests for services
        waiting = waiting.exclude(kind__in=ASKED_OF_PROVIDER)
    at_once = {RequestKind.ADD_SERVICE, *APPROVED_AS_ASKED}
    may_answer = user.has_perm("accounts.change_accessrequest")
    return [
        StaffRequest(found, may_answer and found.kind in at_once)
        for found in waiting.order_by("pk")[:MOST]
    ]
