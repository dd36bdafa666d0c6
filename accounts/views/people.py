"""The people of a customer and the offers that wait."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.models import Membership
from accounts.selectors import invitations_of, page_of, people_of
from accounts.services import invitations
from accounts.views.rings import managed_customer, press


@require_safe
def people(request: PersonRequest, customer: str) -> HttpResponse:
    """Everyone in the company, searched by the beginning of a name or address."""
    company = managed_customer(request, customer)
    form = SearchForm(request.GET)
    search = form.cleaned_data["q"] if form.is_valid() else ""
    found = people_of(company, search=search) if form.is_valid() else Membership.objects.none()
    context = {
        "customer": company,
        "form": form,
        "search": search,
        "page": page_of(
            found,
            among=company.memberships.all(),
            order=("search_name", "pk"),
            after=request.GET.get("after", ""),
        ),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    if request.htmx:
        return render(request, "accounts/people.html#people", context)
    context["invitations"] = page_of(
        invitations_of(company),
        among=company.invitations.all(),
        order=("-pk",),
        after=request.GET.get("invited", ""),
        size=20,
    )
    return render(request, "accounts/people.html", context)


@require_POST
def invitation_resend(request: PersonRequest, customer: str, invitation: UUID) -> HttpResponse:
    """Send an offer again, with a fresh link."""
    company = managed_customer(request, customer)
    offer = get_object_or_404(company.invitations.filter(as_main_super_user=False), uuid=invitation)
    press(
        request,
        lambda: invitations.resend_invitation(actor=request.user, invitation=offer),
        _("The invitation is on its way to %(address)s again.") % {"address": offer.address},
    )
    return redirect("accounts:people", customer)


@require_POST
def invitation_revoke(request: PersonRequest, customer: str, invitation: UUID) -> HttpResponse:
    """Withdraw an offer."""
    company = managed_customer(request, customer)
    offer = get_object_or_404(company.invitations.filter(as_main_super_user=False), uuid=invitation)
    press(
        request,
        lambda: invitations.revoke_invitation(actor=request.user, invitation=offer),
        _("The invitation of %(address)s is withdrawn; its link no longer works.")
        % {"address": offer.address},
    )
    return redirect("accounts:people", customer)
