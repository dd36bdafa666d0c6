"""Who a page is for: unseen is 404, seen but not allowed is 403 with whom to ask."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.choices import CustomerStatus
from accounts.forms import ActForm, first_error
from accounts.http import PersonRequest
from accounts.models import Customer, Membership, Team
from accounts.selectors import is_super_user, super_users_of

MOST_TO_ASK = 5


def managed_customer(request: PersonRequest, slug: str) -> Customer:
    """A customer this person belongs to (else 404) and runs (else 403)."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user), slug=slug)
    if not is_super_user(request.user, customer):
        raise PermissionDenied
    return customer


def managed_membership(request: PersonRequest, slug: str, person: Any) -> Membership:
    """Someone present in a customer this person runs; else 404 or 403."""
    customer = managed_customer(request, slug)
    return get_object_or_404(
        Membership.objects.present().select_related("user", "customer"),
        customer=customer,
        user__sub=person,
    )


def managed_team(request: PersonRequest, slug: str, team: Any) -> Team:
    """A team of a customer this person runs; else 404 or 403."""
    customer = managed_customer(request, slug)
    return get_object_or_404(customer.teams.select_related("customer"), uuid=team)


def came_from(request: PersonRequest, otherwise: str) -> str:
    """The page of the hub the button was on; `otherwise` where the browser does not tell."""
    told = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(told, request.get_host())
    # A button that wanted a fresh sign-in is pressed again by the sign-in's own page.
    return told if is_ours and reverse("account_reauthenticate") not in told else otherwise


def _say(request: PersonRequest, said: str, _result: Any) -> None:
    messages.success(request, said)


def run_action(
    request: PersonRequest,
    act: Callable[[], Any],
    done: str,
    tell: Callable[[PersonRequest, str, Any], None] = _say,
) -> bool:
    """A button without fields: do the act and say so, or say why not. Out: whether it was done.

    `tell` says it, given what the act returned (accounts.views.undo.offer_undo).
    """
    form = ActForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return False
    try:
        result = act()
    except ValidationError as refusal:
        messages.error(request, first_error(refusal))
        return False
    tell(request, done, result)
    return True


def denied(request: PersonRequest, exception: Exception) -> HttpResponse:
    """The 403 page; inside a company it names the people who can help."""
    match = request.resolver_match
    slug = match.kwargs.get("customer") if match else None
    customer = None
    if isinstance(slug, str) and request.user.is_authenticated:
        customer = Customer.objects.visible_to(request.user).filter(slug=slug).first()
    if customer is None:
        return render(request, "403.html", status=403)
    helpers = super_users_of(customer).exclude(user=request.user.pk)[:MOST_TO_ASK]
    may_ask = bool(helpers) and customer.status == CustomerStatus.ACTIVE
    context = {"customer": customer, "helpers": helpers, "may_ask": may_ask}
    return render(request, "accounts/denied.html", context, status=403)
