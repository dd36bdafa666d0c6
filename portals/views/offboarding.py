"""Leaving, step by step: what they hold, who takes it over, when; review; done."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus, RequestKind
from accounts.http import PersonRequest
from accounts.models import Membership
from accounts.selectors import people_of
from accounts.views.access import managed_membership
from accounts.views.undo import offer_undo
from portals.forms.offboarding import OffboardingForm
from portals.selectors.offboarding import (
    offboarding_items_of,
    planned_offboarding,
    reassignments_of,
    waiting_requests_by,
)
from portals.services.offboarding import plan_offboarding, review_offboarding

PEOPLE = 500  # people the browser completes an address from; any address can be typed


@require_http_methods(["GET", "HEAD", "POST"])
def offboarding(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Plan that somebody leaves. Everything is chosen on one page, shown once more, then done.

    The page keeps what was typed in hidden fields, so that nothing is stored before the end.
    """
    membership = managed_membership(request, customer, person)
    posted = request.POST if request.method == "POST" else None
    form = OffboardingForm(
        posted, membership=membership, resources=offboarding_items_of(membership)
    )
    if posted is None or posted.get("step") == "edit" or not form.is_valid():
        return _page(request, membership, form)
    confirmed = form.cleaned_data["step"] == "confirm"
    act = plan_offboarding if confirmed else review_offboarding
    try:
        planned = act(
            actor=request.user,
            membership=membership,
            access_request=waiting_requests_by(membership).filter(kind=RequestKind.LEAVE).first(),
            signed_in_at=signed_in_at(request),
            **form.plan(),
        )
    except ValidationError as refusal:
        form.refuse(refusal)
        return _page(request, membership, form)
    if not confirmed or planned is None:
        return _review(request, membership, form)
    if planned.event is not None:
        said = _("%(person)s has left the company.") % {"person": membership}
        offer_undo(request, said, planned.event)
        return redirect("portals:people", customer)
    membership.refresh_from_db()
    said = _("Planned: the last day of %(person)s is %(day)s. You can cancel until then.")
    day = date_format(membership.last_day or "", "DATE_FORMAT")
    messages.success(request, said % {"person": membership, "day": day})
    return redirect("portals:person", customer, person)


def _page(request: PersonRequest, membership: Membership, form: OffboardingForm) -> HttpResponse:
    """What they hold and the choices; or what is planned; or why this person cannot leave."""
    company = membership.customer
    planned = planned_offboarding(membership)
    context: dict[str, Any] = {
        "customer": company,
        "membership": membership,
        "form": form,
        "planned": planned,
        "is_main": company.main_super_user_id == membership.pk,
        "is_self": membership.user_id == request.user.pk,
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    if planned is not None:
        context["rows"] = reassignments_of(planned)
    else:
        context["waiting"] = waiting_requests_by(membership)
        context["receivers"] = people_of(company).exclude(pk=membership.pk)[:PEOPLE]
    return render(request, "portals/offboarding.html", context)


def _review(request: PersonRequest, membership: Membership, form: OffboardingForm) -> HttpResponse:
    decided = form.decisions()
    context = {
        "customer": membership.customer,
        "membership": membership,
        "form": form,
        "reassigned": [
            (resource, receiver) for resource, receiver in decided if receiver is not None
        ],
        "dropped": [resource for resource, receiver in decided if receiver is None],
        "waiting": waiting_requests_by(membership),
        "last_day": form.day,
        "sent": [
            (name, value)
            for name, value in request.POST.items()
            if name not in ("csrfmiddlewaretoken", "step")
        ],
    }
    return render(request, "portals/offboarding_review.html", context)
