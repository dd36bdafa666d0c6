"""What a Super User does about one person's place in the company."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import LastDayForm, RoleForm, WorkDetailsForm, first_error
from accounts.http import PersonRequest
from accounts.services import memberships, offboarding
from accounts.views.access import managed_membership, run_action
from accounts.views.undo import offer_undo


@require_POST
def person_suspend(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Take every right away, for now."""
    membership = managed_membership(request, customer, person)
    run_action(
        request,
        lambda: memberships.suspend_membership(actor=request.user, membership=membership),
        _("%(person)s is suspended and has been told.") % {"person": membership},
    )
    return redirect("portals:person", customer, person)


@require_POST
def person_restore(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """End a suspension."""
    membership = managed_membership(request, customer, person)
    run_action(
        request,
        lambda: memberships.restore_membership(actor=request.user, membership=membership),
        _("%(person)s can work again and has been told.") % {"person": membership},
    )
    return redirect("portals:person", customer, person)


@require_http_methods(["GET", "HEAD", "POST"])
def person_remove(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Take a person out of the company, after a page that says what stops working."""
    membership = managed_membership(request, customer, person)
    if request.method != "POST":
        context = {"customer": membership.customer, "membership": membership}
        return render(request, "accounts/person_remove.html", context)
    removed = run_action(
        request,
        lambda: memberships.remove_membership(actor=request.user, membership=membership),
        _("%(person)s no longer belongs to the company.") % {"person": membership},
        offer_undo,
    )
    if removed:
        return redirect("portals:people", customer)
    return redirect("portals:person", customer, person)


@require_http_methods(["GET", "HEAD", "POST"])
def person_end(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Set, change or clear the day a membership ends by itself."""
    membership = managed_membership(request, customer, person)
    posted = request.POST if request.method == "POST" else None
    form = LastDayForm(posted, initial={"last_day": membership.last_day})
    if form.is_valid():
        try:
            offboarding.set_membership_end(
                actor=request.user, membership=membership, ends_at=form.cleaned_data["last_day"]
            )
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("portals:person", customer, person)
    context = {"customer": membership.customer, "membership": membership, "form": form}
    return render(request, "accounts/person_end.html", context)


@require_POST
def offboarding_cancel(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Call a planned leaving off."""
    membership = managed_membership(request, customer, person)
    run_action(
        request,
        lambda: offboarding.cancel_offboarding(actor=request.user, membership=membership),
        _("%(person)s stays, and has been told.") % {"person": membership},
    )
    return redirect("portals:person", customer, person)


@require_POST
def person_role(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Make a person a Super User, or a user again."""
    membership = managed_membership(request, customer, person)
    form = RoleForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError(first_error(form))
        changed = memberships.change_role(
            actor=request.user, membership=membership, role=form.cleaned_data["role"]
        )
    except ValidationError as refusal:
        messages.error(request, first_error(refusal))
    else:
        messages.success(
            request,
            _("%(person)s is now: %(role)s.")
            % {"person": changed, "role": changed.get_role_display()},
        )
    return redirect("portals:person", customer, person)


@require_http_methods(["GET", "HEAD", "POST"])
def person_details(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Correct the name and phone the company uses."""
    membership = managed_membership(request, customer, person)
    current = {"work_name": membership.work_name, "work_phone": membership.work_phone}
    form = WorkDetailsForm(request.POST if request.method == "POST" else None, initial=current)
    if form.is_valid():
        try:
            memberships.update_work_details(
                actor=request.user, membership=membership, **form.cleaned_data
            )
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("portals:person", customer, person)
    context = {"customer": membership.customer, "membership": membership, "form": form}
    return render(request, "accounts/person_details.html", context)
