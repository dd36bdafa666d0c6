"""Access to pages: a customer that the reader may not see is 404, one they do not manage is 403."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Customer, Membership, Team
from accounts.selectors import find_own_membership, find_visible_customer, first_super_users_of
from accounts.selectors.people import find_member
from accounts.selectors.teams import find_team


def visible_customer(request: PersonRequest, slug: str) -> Any:
    """Return a customer that this person belongs to, else 404. Its page shows its own times.

    It has `is_managed`.
    """
    customer = find_visible_customer(request.user, slug)
    if customer is None:
        raise Http404
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
    membership = find_own_membership(request.user, slug)
    if membership is None:
        raise Http404
    timezone.activate(membership.customer.zone)
    return membership


def managed_membership(request: PersonRequest, slug: str, person: Any) -> Membership:
    """Return a membership of a customer that this person manages; else 404 or 403."""
    membership: Membership | None = find_member(managed_customer(request, slug), person)
    if membership is None:
        raise Http404
    return membership


def managed_team(request: PersonRequest, slug: str, team: Any) -> Team:
    """Return a team of a customer that this person manages; else 404 or 403."""
    found = find_team(managed_customer(request, slug), team)
    if found is None:
        raise Http404
    return found


def permission_denied(request: PersonRequest, exception: Exception) -> HttpResponse:
    """Return the 403 page; inside a company it names the Super Users who can help."""
    match = request.resolver_match
    slug = match.kwargs.get("customer") if match else None
    customer = None
    if isinstance(slug, str) and request.user.is_authenticated:
        customer = Customer.objects.visible_to(request.user).filter(slug=slug).first()
    if customer is None:
        return render(request, "403.html", status=403)
    helpers = first_super_users_of(customer, but=request.user)
    may_ask = bool(helpers) and customer.status == CustomerStatus.ACTIVE
    context = {"customer": customer, "helpers": helpers, "may_ask": may_ask}
    return render(request, "accounts/denied.html", context, status=403)
