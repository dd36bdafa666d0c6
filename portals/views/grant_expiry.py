"""Grants that expire soon: the list, and the button that renews one."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.timezones import end_date
from accounts.views.access import managed_customer
from accounts.views.actions import previous_page, submit_button
from portals.choices import RenewalLength
from portals.forms.grants import RenewForm
from portals.models import PersonGrant, TeamGrant
from portals.selectors.grant_expiry import (
    expiring_grants_page,
    expiring_memberships_page,
    of_customer,
)
from portals.services.grant_expiry import renew_grant


@require_safe
def expiring_access(request: PersonRequest, customer: str) -> HttpResponse:
    """List access that ends within a month or did in the last days, and last days of people."""
    company = managed_customer(request, customer)
    context = {
        "customer": company,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "length_options": format_html_join(
            "", '<option value="{}">{}</option>', RenewalLength.choices
        ),
        "leavers": expiring_memberships_page(company, request.GET.get("leaver", "")),
        "of_people": expiring_grants_page(PersonGrant, company, request.GET.get("after", "")),
        "of_teams": expiring_grants_page(TeamGrant, company, request.GET.get("team", "")),
    }
    return render(request, "portals/grant_expiry.html", context)


@require_POST
def grant_renew(
    request: PersonRequest,
    customer: str,
    grant: int,
    model: type[PersonGrant] | type[TeamGrant],
) -> HttpResponse:
    """Renew a grant, then go back to the page of the button."""
    company = managed_customer(request, customer)
    form = RenewForm(request.POST)
    grants = of_customer(model._default_manager.all(), company.pk).select_related(
        "content_object__subscription__customer"
    )

    def renew() -> PersonGrant | TeamGrant:
        return renew_grant(
            actor=request.user,
            grant=get_object_or_404(grants, pk=grant),
            length=form.cleaned_data["length"] or RenewalLength.SAME,
            signed_in_at=signed_in_at(request),
        )

    success = submit_button(request, form, renew)
    if success:
        messages.success(request, _renewed_message(success.result))
    return redirect(previous_page(request, reverse("portals:expiring-access", args=[customer])))


def _renewed_message(grant: PersonGrant | TeamGrant) -> str:
    words: dict[str, Any] = {
        "privilege": grant.permission.privilege,
        "resource": grant.content_object,
    }
    if grant.expires_at is None:
        return _("“%(privilege)s” on %(resource)s now has no end date.") % words
    words["until"] = end_date(grant.expires_at)
    return _("“%(privilege)s” on %(resource)s now ends on %(until)s.") % words
