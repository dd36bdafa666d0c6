"""The acts of an agent in an open case: verify the caller, help, refer, close."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.adapters import signed_in_at
from accounts.choices import SupportAct
from accounts.domains import readable_address
from accounts.forms import StrictForm
from accounts.forms.desk import (
    CallBackForm,
    CallerCodeForm,
    CloseCaseForm,
    NewAddressForm,
    ReferenceForm,
)
from accounts.http import PersonRequest
from accounts.models import DelayedAct, SupportCase
from accounts.permissions import require_desk
from accounts.services import support
from accounts.views.actions import run_action, submit, submit_button
from accounts.views.desk import (
    check_code,
    correction_form,
    invitation_form,
    lost_factor_form,
    person_page,
)

# The acts that are a button; the others have a form.
BUTTONS: dict[str, tuple[Callable[..., Any], Any]] = {
    SupportAct.RESET_LINK: (
        support.send_reset_link,
        gettext_lazy("The link is on its way to %(person)s."),
    ),
    SupportAct.END_SESSIONS: (
        support.end_all_sessions,
        gettext_lazy("%(person)s is signed out everywhere."),
    ),
    SupportAct.UNLOCK: (
        support.lift_sign_in_limits,
        gettext_lazy("%(person)s can try to sign in again."),
    ),
    SupportAct.SUSPEND: (
        support.suspend_person,
        gettext_lazy("The account of %(person)s is suspended."),
    ),
    SupportAct.RESTORE: (
        support.restore_person,
        gettext_lazy("The account of %(person)s is restored."),
    ),
    SupportAct.STOP_COMPANY_SIGN_IN: (
        support.switch_off_company_sign_in,
        gettext_lazy("People of the company of %(person)s sign in with a password again."),
    ),
}


@require_POST
def case_email_code(request: PersonRequest, case: UUID) -> HttpResponse:
    """Email a code to the address on file."""
    found = _case(request, case)
    message = _("A code is on its way to %(address)s.") % {
        "address": readable_address(found.person.email)
    }
    run_action(request, lambda: support.send_caller_code(actor=request.user, case=found), message)
    return _back(found)


@require_POST
def case_code(request: PersonRequest, case: UUID) -> HttpResponse:
    """Verify the caller by the code that they read."""
    found = _case(request, case)
    check_code(request, found, CallerCodeForm(request.POST))
    return _back(found)


@require_POST
def case_call_back(request: PersonRequest, case: UUID) -> HttpResponse:
    """Note that the agent called the number on file."""
    found = _case(request, case)
    form = CallBackForm(request.POST)
    if submit_button(
        request,
        form,
        lambda: support.verify_by_call_back(
            actor=request.user, case=found, phone=form.cleaned_data["phone"]
        ),
    ):
        messages.success(request, _("The caller is verified by a call to the number on file."))
    return _back(found)


@require_POST
def case_ask(request: PersonRequest, case: UUID) -> HttpResponse:
    """Ask the company's Super Users whether the person really calls."""
    found = _case(request, case)
    message = _("The Super Users are asked. This page shows their answer.")
    run_action(request, lambda: support.ask_super_users(actor=request.user, case=found), message)
    return _back(found)


@require_POST
def case_reference(request: PersonRequest, case: UUID) -> HttpResponse:
    """Refer to a ticket or a recording elsewhere."""
    found = _case(request, case)
    form = ReferenceForm(request.POST)
    if submit(
        form,
        lambda: support.add_reference(actor=request.user, case=found, **form.cleaned_data),
    ):
        messages.success(request, _("The reference is added."))
        return _back(found)
    return person_page(request, found.person, reference_form=form)


@require_POST
def case_close(request: PersonRequest, case: UUID) -> HttpResponse:
    """Close the case with its outcome."""
    found = _case(request, case)
    form = CloseCaseForm(request.POST)
    if submit_button(
        request,
        form,
        lambda: support.close_case(
            actor=request.user, case=found, outcome=form.cleaned_data["outcome"]
        ),
    ):
        messages.success(request, _("The case is closed."))
        return redirect("accounts:desk")
    return _back(found)


@require_POST
def case_act(request: PersonRequest, case: UUID, act: str) -> HttpResponse:
    """Do one act of SupportAct for the person of the case."""
    found = _case(request, case)
    if act in BUTTONS:
        service, message = BUTTONS[act]
        run_action(
            request,
            lambda: service(actor=request.user, case=found),
            message % {"person": found.person},
        )
        return _back(found)
    if act == SupportAct.REMOVE_FACTOR:
        form: StrictForm = lost_factor_form(found.person, request.POST)
        return _send(request, found, "factor_form", form, support.remove_factor)
    if act == SupportAct.CORRECT_ADDRESS:
        form = NewAddressForm(request.POST)
        return _send(request, found, "address_form", form, support.correct_address)
    if act == SupportAct.RESEND_INVITATION:
        form = invitation_form(found.person, request.POST)
        return _send(request, found, "invitation_form", form, support.resend_invitation)
    if act == SupportAct.CORRECT_INVITATION:
        form = correction_form(found, request.POST)
        return _send(request, found, "correction_form", form, support.correct_invitation)
    raise Http404


_DONE = {
    "factor_form": gettext_lazy("The lost factor is removed, and %(person)s is signed out."),
    "address_form": gettext_lazy("A link is on its way to the new address of %(person)s."),
    "invitation_form": gettext_lazy("The invitation is on its way again."),
    "correction_form": gettext_lazy("The invitation is on its way to the right address."),
}


def _send(
    request: PersonRequest,
    case: SupportCase,
    name: str,
    form: StrictForm,
    service: Callable[..., Any],
) -> HttpResponse:
    done = submit(form, lambda: service(actor=request.user, case=case, **form.cleaned_data))
    if done is not None:
        waits = _("It waits, and %(person)s is told. This page says until when.")
        text = waits if isinstance(done.result, DelayedAct) else _DONE[name]
        messages.success(request, text % {"person": case.person})
        return _back(case)
    return person_page(request, case.person, **{name: form})


def _case(request: PersonRequest, case: UUID) -> SupportCase:
    """Return a case of anybody; its services refuse all but its agent, and record that."""
    require_desk(request.user, signed_in_at(request))
    return get_object_or_404(SupportCase.objects.select_related("person", "customer"), uuid=case)


def _back(case: SupportCase) -> HttpResponse:
    return redirect("accounts:desk-person", case.person.sub)
