"""A company's pages of a recovery: stop it, from Home or by a link, or accept the role."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.forms import ActForm, first_error
from accounts.http import PersonRequest
from accounts.models import Membership, SuperUserRecovery
from accounts.services import recoveries
from accounts.tokens import BadToken, read_recovery_token
from accounts.views.access import visible_customer
from accounts.views.actions import run_action


def _of_member(
    request: PersonRequest, slug: str, recovery: UUID
) -> tuple[SuperUserRecovery, Membership]:
    """Return a recovery of a company that this person belongs to, and their membership there."""
    company = visible_customer(request, slug)
    rows = company.recoveries.exclude(approved_by=None).select_related(
        "customer", "lost__user", "member__user", "opened_by", "approved_by"
    )
    row = get_object_or_404(rows, uuid=recovery)
    return row, Membership.objects.live().get(customer=company, user=request.user)


@require_safe
def recovery(request: PersonRequest, customer: str, recovery: UUID) -> HttpResponse:
    """Show what staff want to do, and to the successor the button that accepts the role."""
    row, membership = _of_member(request, customer, recovery)
    context = {
        "recovery": row,
        "company": row.customer,
        "is_lost": membership.pk == row.lost_id,
        "is_successor": membership.pk == row.member_id,
        "may_accept": row.state == "offered" and not row.is_expired,
    }
    return render(request, "accounts/recovery.html", context)


@require_POST
def recovery_accept(request: PersonRequest, customer: str, recovery: UUID) -> HttpResponse:
    """Accept the role of main Super User."""
    row, _membership = _of_member(request, customer, recovery)
    accepted = run_action(
        request,
        lambda: recoveries.accept_recovery(
            actor=request.user, recovery=row, signed_in_at=signed_in_at(request)
        ),
        _("You are now the main Super User of %(company)s.") % {"company": row.customer},
    )
    if accepted:
        return redirect("accounts:company", customer)
    return redirect("accounts:recovery", customer, recovery)


@require_POST
def recovery_stop(request: PersonRequest, customer: str, recovery: UUID) -> HttpResponse:
    """Stop the recovery."""
    row, membership = _of_member(request, customer, recovery)
    run_action(
        request,
        lambda: recoveries.stop_recovery(actor=request.user, recovery=row, membership=membership),
        _("The recovery is stopped. %(person)s stays the main Super User.") % {"person": row.lost},
    )
    return redirect("home")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_stop_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link in the email stops; a POST stops it, without a sign-in."""
    try:
        row, membership = read_recovery_token(token)
    except BadToken:
        return render(request, "accounts/link_gone.html", status=404)
    with translation.override(membership.user.language), timezone.override(row.customer.zone):
        response = _stop_by_link(request, row, membership)
    # The address holds the token, so pages opened from here learn no more than the host.
    response["Referrer-Policy"] = "strict-origin"
    return response


def _stop_by_link(
    request: HttpRequest, row: SuperUserRecovery, membership: Membership
) -> HttpResponse:
    refusal, form = "", ActForm(request.POST)
    if request.method == "POST":
        try:
            if form.is_valid():
                row = recoveries.stop_recovery(actor=None, recovery=row, membership=membership)
            else:
                refusal = first_error(form)
        except PermissionDenied:
            refusal = _("You no longer belong to this company.")
        except ValidationError as error:
            refusal = first_error(error)
    context = {
        "recovery": row,
        "company": row.customer,
        "is_lost": membership.pk == row.lost_id,
        "refusal": refusal,
        "done": request.method == "POST" and not refusal,
    }
    status = 409 if refusal else 200
    return render(request, "accounts/recovery_stop.html", context, status=status)
