"""Requests about personal data, for the staff who answer; and whether an address is known."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.models import ErasureStep, Invitation, Membership, SuperUserRecovery, User
from accounts.selectors import page_of
from accounts.selectors.paging import Page
from compliance.choices.privacy_requests import PrivacyRequestKind, PrivacyRequestState
from compliance.models import Closing, PrivacyRequest
from compliance.registry import ITEMS
from preferences.models import Recipient

LATEST = 20  # answered requests on the page


def is_known(address: str) -> bool:
    """Return whether data is held under an address, which is as the hub stores it."""
    return (
        User.objects.filter(email=address).exists()
        or Recipient.objects.filter(address=address).exists()
        or Invitation.objects.filter(address=address).exists()
        or SuperUserRecovery.objects.filter(address=address).exists()
        or PrivacyRequest.objects.filter(address=address).exists()
    )


def open_requests(*, after: str = "") -> Page[PrivacyRequest]:
    """Return a page of the open requests, those due soonest first. Raises BadCursor."""
    rows = PrivacyRequest.objects.filter(state=PrivacyRequestState.OPEN).select_related("person")
    return page_of(rows, among=PrivacyRequest.objects.all(), order=("due_at", "pk"), after=after)


def settled_requests() -> list[PrivacyRequest]:
    """Return the latest requests that were answered or refused."""
    rows = PrivacyRequest.objects.exclude(state=PrivacyRequestState.OPEN)
    return list(rows.select_related("person", "settled_by").order_by("-settled_at")[:LATEST])


def may_correct(request: PrivacyRequest) -> bool:
    """Return whether it asks to correct the data of an account."""
    return request.kind == PrivacyRequestKind.CORRECTION and request.person_id is not None


def memberships_to_correct(request: PrivacyRequest) -> QuerySet[Membership]:
    """Return the person's places in companies, ended ones too, for a request to correct data."""
    if not may_correct(request):
        return Membership.objects.none()
    rows = Membership.objects.filter(user=request.person).select_related("customer")
    return rows.order_by("customer__name", "pk")


@dataclass(frozen=True)
class ShownStep:
    """The latest step of an erasure about one data item, as staff see it."""

    label: Any
    step: ErasureStep


def steps_of(request: PrivacyRequest) -> list[ShownStep]:
    """Return what became of each data item in the erasure of a request."""
    closing = Closing.objects.filter(request=request).select_related("erasure").first()
    if closing is None or closing.erasure is None:
        return []
    latest = {step.item: step for step in closing.erasure.steps.order_by("pk")}
    return [ShownStep(item.label, latest[item.code]) for item in ITEMS if item.code in latest]
