"""Marking a customer as a reseller, on the provider's page of the customer."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.permissions import require_staff
from accounts.views.actions import run_action
from preferences.models import Reseller
from preferences.services.resellers import mark_reseller, unmark_reseller


def reseller_panel(*, request: PersonRequest, customer: Customer, **_kept: Any) -> str:
    """Return the panel that says whether this customer is a reseller (portals.signals)."""
    if not request.user.has_perm("preferences.view_reseller"):
        return ""
    reseller = Reseller.objects.filter(customer=customer).first()
    context = {"customer": customer, "reseller": reseller}
    return render_to_string("preferences/_reseller.html", context, request=request)


@require_POST
def reseller(request: PersonRequest, slug: str, marked: bool) -> HttpResponse:
    """Mark a customer as a reseller, or unmark it."""
    require_staff(request.user, f"preferences.{'add' if marked else 'delete'}_reseller")
    customer = get_object_or_404(Customer, slug=slug)
    service = mark_reseller if marked else unmark_reseller
    done = (
        _("%(company)s is marked as a reseller.")
        if marked
        else _("%(company)s is no longer marked as a reseller.")
    )
    run_action(
        request,
        lambda: service(actor=request.user, customer=customer),
        done % {"company": customer},
    )
    return redirect("portals:provider-customer", slug)
