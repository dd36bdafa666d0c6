"""Copying a colleague's access: choose the colleague, see the changes, make them."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.models import AuditEvent
from accounts.selectors import people_of
from accounts.views.access import managed_membership
from accounts.views.actions import submit
from accounts.views.undo import offer_undo
from portals.forms.copied_access import CopyAccessForm
from portals.selectors.copied_access import copy_plan
from portals.selectors.grant_changes import target_of
from portals.services.copied_access import copy_access as copy

MAX_COLLEAGUES = 20  # shown to choose from; a search finds the others


@require_http_methods(["GET", "HEAD", "POST"])
def copy_access(request: PersonRequest, customer: str, person: str) -> HttpResponse:
    """Choose a colleague; with `colleague`, show what copying would change; posted, do it."""
    membership = managed_membership(request, customer, person)
    company = membership.customer
    others = people_of(company).exclude(pk=membership.pk)
    form = CopyAccessForm(request.POST if request.method == "POST" else request.GET)
    colleague = None
    if form.is_valid():
        colleague = others.filter(user__sub=form.cleaned_data["colleague"]).first()
        if colleague is None:
            form.add_error("colleague", _("Choose a person."))
    search = SearchForm({"q": request.GET.get("q", "")}).text
    context = {
        "customer": company,
        "membership": membership,
        "person": membership.user,
        "form": form,
        "colleague": colleague,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "q": search,
    }
    if colleague is None:
        matches = people_of(company, search=search).exclude(pk=membership.pk)
        colleagues = list(matches[: MAX_COLLEAGUES + 1])
        context |= {
            "colleagues": colleagues[:MAX_COLLEAGUES],
            "more": len(colleagues) > MAX_COLLEAGUES,
            "is_sent": "colleague" in form.data,
        }
        return render(request, "portals/copy_access.html", context)
    options = {
        "equal": form.cleaned_data["how"] == "equal",
        "with_teams": form.cleaned_data["teams"],
    }
    if request.method == "POST":

        def apply() -> list[AuditEvent]:
            return copy(
                actor=request.user,
                membership=membership,
                colleague=colleague,
                reason=form.cleaned_data["reason"],
                shown=form.cleaned_data["shown"],
                signed_in_at=signed_in_at(request),
                **options,
            )

        success = submit(form, apply)
        if success:
            message = _("%(person)s now has the access of %(colleague)s.")
            words = {"person": membership, "colleague": colleague}
            offer_undo(request, message % words, *success.result)
            return redirect("portals:person", customer, person)
    plan = copy_plan(membership, colleague, **options)
    context |= {
        "plan": plan,
        "given": [(grant, target_of(grant), plan.needs_reason(grant)) for grant in plan.given],
        "removed": [(grant, target_of(grant)) for grant in plan.removed],
    }
    return render(request, "portals/copy_access_changes.html", context)
