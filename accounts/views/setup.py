"""Skipping a step of a set-up guide, whose card is on Home."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.choices import SetupStep
from accounts.forms import SetupForm
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.permissions import require_staff
from accounts.services.setup import skip_setup_step
from accounts.views.access import managed_customer
from accounts.views.actions import submit_button


@require_POST
def setup_skip(request: PersonRequest, customer: str) -> HttpResponse:
    """Skip a step of a company's guide, or all of it."""
    return _skip(request, managed_customer(request, customer))


@require_POST
def provider_setup_skip(request: PersonRequest) -> HttpResponse:
    """Skip a step of the provider's guide, or all of it."""
    require_staff(request.user, "accounts.change_customer")
    return _skip(request, None)


def _skip(request: PersonRequest, customer: Customer | None) -> HttpResponse:
    form = SetupForm(request.POST)
    if submit_button(
        request,
        form,
        lambda: skip_setup_step(
            actor=request.user, customer=customer, step=form.cleaned_data["step"]
        ),
    ):
        messages.success(request, _skipped(SetupStep(form.cleaned_data["step"])))
    return redirect("home")


def _skipped(step: SetupStep) -> str:
    if step == SetupStep.ALL:
        return _("The set-up guide is hidden. You find all its steps in the menu.")
    return _("Skipped: %(step)s.") % {"step": step.label}
