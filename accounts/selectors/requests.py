"""Requests, as those who may see them list them."""

from django.db.models import QuerySet

from accounts.choices import RequestState
from accounts.models import AccessRequest, Membership


def requests_of(membership: Membership) -> QuerySet[AccessRequest]:
    """Return a member's own requests; for a Super User, everybody's."""
    requests = AccessRequest.objects.filter(customer=membership.customer_id)
    if not membership.is_super_user:
        requests = requests.filter(membership=membership)
    return requests.select_related("membership__user", "answered_by")


def waiting_requests(membership: Membership) -> QuerySet[AccessRequest]:
    """Return the open ones of requests_of, oldest first."""
    return requests_of(membership).filter(state=RequestState.OPEN).order_by("pk")


def requests_with_provider() -> QuerySet[AccessRequest]:
    """Return the requests that the provider's staff may see."""
    return AccessRequest.objects.with_provider().select_related(
        "membership__user", "customer", "answered_by"
    )


def settled_requests(membership: Membership) -> QuerySet[AccessRequest]:
    """Return those of requests_of that are answered or withdrawn, latest first."""
    return requests_of(membership).exclude(state=RequestState.OPEN).order_by("-answered_at", "-pk")
