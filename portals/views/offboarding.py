"""Offboarding a person: choose who takes over what and when, review, confirm."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus, RequestKind
from accounts.http import PersonRequest
from accounts.models import Membership, Offboarding
from accounts.selectors import sent_invitations_of
from accounts.views.access import managed_membership
from accounts.views.actions import submit
from accounts.views.undo import offer_undo
from portals.forms.offboarding import OffboardingForm
from portals.selectors.offboarding import (
    offboarding_items_of,
    planned_offboarding,
    reassignments_of,
    resources_owned_by,
    waiting_requests_by,
)
from portals.services.offboarding import plan_offboarding, review_offboarding


@require_http_methods(["GET", "HEAD", "POST"])
def offboarding(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Plan the offboarding of a person: everything is chosen on one page, reviewed, confirmed.

    The review carries the choices in hidden fields, so nothing is stored before the confirmation.
    """
    membership = managed_membership(request, customer, person)
    data = request.POST if request.method == "POST" else None
    form = OffboardingForm(data, membership=membership, resources=offboarding_items_of(membership))
    if data is None or data.get("step") == "edit":
        return _page(request, membership, form)

    def review_or_plan() -> Offboarding | None:
        service = plan_offboarding if _is_confirmed(form) else review_offboarding
        requests = waiting_requests_by(membership)
        return service(
            actor=request.user,
            membership=membership,
            access_request=next((row for row in requests if row.kind == RequestKind.LEAVE), None),
            signed_in_at=signed_in_at(request),
            **form.plan(),
        )

    success = submit(form, review_or_plan)
    if success is None:
        return _page(request, membership, form)
    planned = success.result
    if not _is_confirmed(form) or planned is None:
        return _review(request, membership, form)
    if planned.event is not None:
        message = _("%(person)s has left the company.") % {"person": membership}
        offer_undo(request, message, planned.event)
        return redirect("portals:people", customer)
    membership.refresh_from_db()
    message = _("The last day of %(person)s is %(day)s. You can cancel until then.")
    day = date_format(membership.last_day or "", "DATE_FORMAT")
    messages.success(request, message % {"person": membership, "day": day})
    return redirect("portals:person", customer, person)


def _is_confirmed(form: OffboardingForm) -> bool:
    return bool(form.cleaned_data["step"] == "confirm")


def _page(request: PersonRequest, membership: Membership, form: OffboardingForm) -> HttpResponse:
    """Return the page of choices, or of what is planned, or of why this person cannot leave."""
    company = membership.customer
    planned = planned_offboarding(membership)
    context: dict[str, Any] = {
        "customer": company,
        "membership": membership,
        "form": form,
        "planned": planned,
        "owned": resources_owned_by(membership),
        "is_main": company.main_super_user_id == membership.pk,
        "sent_invitations": sent_invitations_of(membership),
        "is_self": membership.user_id == request.user.pk,
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    if planned is not None:
        context["rows"] = reassignments_of(planned)
    else:
        context["waiting"] = waiting_requests_by(membership)
    return render(request, "portals/offboarding.html", context)


def _review(request: PersonRequest, membership: Membership, form: OffboardingForm) -> HttpResponse:
    decisions = form.decisions()
    context = {
        "customer": membership.customer,
        "membership": membership,
        "form": form,
        "reassigned": [
            (resource, receiver) for resource, receiver in decisions if receiver is not None
        ],
        "dropped": [resource for resource, receiver in decisions if receiver is None],
        "owned": resources_owned_by(membership),
        "waiting": waiting_requests_by(membership),
        "last_day": form.day,
        "carried": [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if value and name not in ("csrfmiddlewaretoken", "step")
        ],
    }
    return render(request, "portals/offboarding_review.html", context)
