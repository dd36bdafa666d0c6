"""The retention rules: what each would delete, whether it may, and its runs."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.views.actions import submit_button
from compliance.forms.erasures import ApproveForm
from compliance.selectors.retention import rule_states
from compliance.services.retention import approve_rule


@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: PersonRequest) -> HttpResponse:
    """Show staff the rules; posted, let one run that deletes what was shown."""
    require_staff(request.user, "compliance.view_retentionrun")
    if request.method == "POST":
        form = ApproveForm(request.POST)
        success = submit_button(
            request, form, lambda: approve_rule(actor=request.user, **form.cleaned_data)
        )
        if success:
            messages.success(request, _("The rule runs from now on, once a day."))
        return redirect("compliance:retention")
    return render(request, "compliance/retention.html", {"states": rule_states()})
