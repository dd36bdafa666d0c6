"""What people ask of their Super Users."""

from django.db.models import QuerySet

from accounts.choices import RequestState
from accounts.models import AccessRequest, Membership


def requests_of(membership: Membership) -> QuerySet[AccessRequest]:
    """Everything this person follows: their own, or for a Super User everyone's."""
    found = AccessRequest.objects.filter(customer=membership.customer_id)
    if not membership.is_super_user:
        found = found.filter(membership=membership)
    return found.select_related("membership__user", "answered_by")


def waiting_requests(membership: Membership) -> QuerySet[AccessRequest]:
    """Those that wait for an answer, the oldest first."""
    return requests_of(membership).filter(state=RequestState.OPEN).order_by("pk")


def requests_with_provider() -> QuerySet[AccessRequest]:
    """Everything that came to the provider's staff."""
    return AccessRequest.objects.with_provider().select_related(
        "membership__user", "customer", "answered_by"
    )


def settled_requests(membership: Membership) -> QuerySet[AccessRequest]:
    """Those answered or withdrawn, the latest first."""
    return requests_of(membership).exclude(state=RequestState.OPEN).order_by("-answered_at", "-pk")
