"""The support desk's pages of recoveries: propose, approve, withdraw."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.forms import RecoveryForm
from accounts.http import PersonRequest
from accounts.models import Customer, SuperUserRecovery
from accounts.permissions import require_desk
from accounts.selectors import super_users_of
from accounts.selectors.recoveries import open_recoveries, recoveries_of
from accounts.services import recoveries
from accounts.views.actions import run_action, submit


@require_safe
def desk_recoveries(request: PersonRequest) -> HttpResponse:
    """List the recoveries that are open."""
    require_desk(request.user, signed_in_at(request))
    page = open_recoveries(after=request.GET.get("after", ""))
    return render(request, "accounts/desk_recoveries.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def desk_recovery(request: PersonRequest, slug: str) -> HttpResponse:
    """Show the recoveries of a company; posted, propose one."""
    require_desk(request.user, signed_in_at(request))
    company = get_object_or_404(Customer.objects.select_related("main_super_user__user"), slug=slug)
    form = RecoveryForm(request.POST if request.method == "POST" else None)
    if submit(
        form,
        lambda: recoveries.propose_recovery(
            actor=request.user,
            customer=company,
            signed_in_at=signed_in_at(request),
            **form.cleaned_data,
        ),
    ):
        messages.success(request, _("Proposed. A colleague has to approve it."))
        return redirect("accounts:desk-recovery", slug)
    rows = list(recoveries_of(company))
    context = {
        "company": company,
        "form": form,
        "current": next((row for row in rows if row.is_open), None),
        "earlier": [row for row in rows if not row.is_open],
        "others": super_users_of(company).exclude(pk=company.main_super_user_id or 0),
        "hours": settings.HUB_RECOVERY_HOURS,
    }
    return render(request, "accounts/desk_recovery.html", context)


def _recovery(request: PersonRequest, recovery: UUID) -> SuperUserRecovery:
    require_desk(request.user, signed_in_at(request))
    return get_object_or_404(
        SuperUserRecovery.objects.select_related("customer", "lost__user"), uuid=recovery
    )


@require_POST
def desk_recovery_approve(request: PersonRequest, recovery: UUID) -> HttpResponse:
    """Approve what a colleague proposed."""
    row = _recovery(request, recovery)
    run_action(
        request,
        lambda: recoveries.approve_recovery(
            actor=request.user, recovery=row, signed_in_at=signed_in_at(request)
        ),
        _("Approved. Everybody at %(company)s is told and can stop it.")
        % {"company": row.customer},
    )
    return redirect("accounts:desk-recovery", row.customer.slug)


@require_POST
def desk_recovery_withdraw(request: PersonRequest, recovery: UUID) -> HttpResponse:
    """Withdraw a recovery."""
    row = _recovery(request, recovery)
    run_action(
        request,
        lambda: recoveries.withdraw_recovery(actor=request.user, recovery=row),
        _("Withdrawn. %(person)s stays the main Super User.") % {"person": row.lost},
    )
    return redirect("accounts:desk-recovery", row.customer.slug)
