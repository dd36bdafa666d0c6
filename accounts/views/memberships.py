"""Changing one membership: suspend, restore, remove, role, end date, work details."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import LastDayForm, RoleForm, WorkDetailsForm
from accounts.http import PersonRequest
from accounts.selectors import sent_invitations_of
from accounts.services import memberships, offboarding
from accounts.views.access import managed_membership
from accounts.views.actions import run_action, submit, submit_button
from accounts.views.undo import offer_undo


@require_POST
def person_suspend(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Suspend all access of a person in the company."""
    membership = managed_membership(request, customer, person)
    run_action(
        request,
        lambda: memberships.suspend_membership(actor=request.user, membership=membership),
        _("%(person)s can no longer use any portal of the company. We told them by email.")
        % {"person": membership},
    )
    return redirect("portals:person", customer, person)


@require_POST
def person_restore(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """End a suspension."""
    membership = managed_membership(request, customer, person)
    run_action(
        request,
        lambda: memberships.restore_membership(actor=request.user, membership=membership),
        _("%(person)s can use the company's portals again. We told them by email.")
        % {"person": membership},
    )
    return redirect("portals:person", customer, person)


@require_http_methods(["GET", "HEAD", "POST"])
def person_remove(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Remove a person from the company, after a page that says what stops working."""
    membership = managed_membership(request, customer, person)
    if request.method != "POST":
        context = {
            "customer": membership.customer,
            "membership": membership,
            "sent_invitations": sent_invitations_of(membership),
        }
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
    """Set, change or clear the day on which a membership ends."""
    membership = managed_membership(request, customer, person)
    data = request.POST if request.method == "POST" else None
    form = LastDayForm(data, shown={"ends_at": membership.ends_at})
    if submit(
        form,
        lambda: offboarding.set_membership_end(
            actor=request.user, membership=membership, version=form.version_shown, **form.values()
        ),
    ):
        messages.success(request, _("Saved."))
        return redirect("portals:person", customer, person)
    context = {
        "customer": membership.customer,
        "membership": membership,
        "form": form,
        "sent_invitations": sent_invitations_of(membership),
    }
    return render(request, "accounts/person_end.html", context)


@require_POST
def offboarding_cancel(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Cancel a planned offboarding."""
    membership = managed_membership(request, customer, person)
    run_action(
        request,
        lambda: offboarding.cancel_offboarding(actor=request.user, membership=membership),
        _("%(person)s stays in the company. We told them by email.") % {"person": membership},
    )
    return redirect("portals:person", customer, person)


@require_POST
def person_role(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Make a person a Super User, or a user again."""
    membership = managed_membership(request, customer, person)
    form = RoleForm(request.POST)
    success = submit_button(
        request,
        form,
        lambda: memberships.change_role(
            actor=request.user, membership=membership, role=form.cleaned_data["role"]
        ),
    )
    if success:
        changed = success.result
        message = _("%(person)s now has the role %(role)s.")
        words = {"person": changed, "role": changed.get_role_display()}
        messages.success(request, message % words)
    return redirect("portals:person", customer, person)


@require_http_methods(["GET", "HEAD", "POST"])
def person_details(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Change the name and phone number that the company uses."""
    membership = managed_membership(request, customer, person)
    data = request.POST if request.method == "POST" else None
    form = WorkDetailsForm(data, shown=memberships.work_details(membership))
    if submit(
        form,
        lambda: memberships.update_work_details(
            actor=request.user, membership=membership, version=form.version_shown, **form.values()
        ),
    ):
        messages.success(request, _("Saved."))
        return redirect("portals:person", customer, person)
    context = {"customer": membership.customer, "membership": membership, "form": form}
    return render(request, "accounts/person_details.html", context)
