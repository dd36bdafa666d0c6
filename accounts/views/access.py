"""Access to pages: a customer that the reader may not see is 404, one they do not manage is 403."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Customer, Membership, Team
from accounts.selectors import super_users_of, visible_customers

MAX_HELPERS = 5  # Super Users that the 403 page names


def visible_customer(request: PersonRequest, slug: str) -> Any:
    """Return a customer that this person belongs to, else 404. Its page shows its own times.

    It has `is_managed`.
    """
    customer = get_object_or_404(visible_customers(request.user), slug=slug)
    timezone.activate(customer.zone)
    return customer


def managed_customer(request: PersonRequest, slug: str) -> Customer:
    """Return a customer that this person belongs to (else 404) and manages (else 403)."""
    customer: Customer = visible_customer(request, slug)
    if not customer.is_managed:  # type: ignore[attr-defined]
        raise PermissionDenied
    return customer


def own_membership(request: PersonRequest, slug: str) -> Membership:
    """Return this person's live membership of a customer, else 404."""
    membership = get_object_or_404(
        Membership.objects.live()
        .filter(user=request.user, customer__in=Customer.objects.visible_to(request.user))
        .select_related("user", "customer"),
        customer__slug=slug,
    )
    timezone.activate(membership.customer.zone)
    return membership


def managed_membership(request: PersonRequest, slug: str, person: Any) -> Membership:
    """Return a membership of a customer that this person manages; else 404 or 403."""
    customer = managed_customer(request, slug)
    return get_object_or_404(
        Membership.objects.present().select_related("user", "customer"),
        customer=customer,
        user__sub=person,
    )


def managed_team(request: PersonRequest, slug: str, team: Any) -> Team:
    """Return a team of a customer that this person manages; else 404 or 403."""
    customer = managed_customer(request, slug)
    return get_object_or_404(customer.teams.select_related("customer"), uuid=team)


def permission_denied(request: PersonRequest, exception: Exception) -> HttpResponse:
    """Return the 403 page; inside a company it names the Super Users who can help."""
    match = request.resolver_match
    slug = match.kwargs.get("customer") if match else None
    customer = None
    if isinstance(slug, str) and request.user.is_authenticated:
        customer = Customer.objects.visible_to(request.user).filter(slug=slug).first()
    if customer is None:
        return render(request, "403.html", status=403)
    helpers = super_users_of(customer).exclude(user=request.user.pk)[:MAX_HELPERS]
    may_ask = bool(helpers) and customer.status == CustomerStatus.ACTIVE
    context = {"customer": customer, "helpers": helpers, "may_ask": may_ask}
    return render(request, "accounts/denied.html", context, status=403)
