"""The callers' side of a support case: their code, a Super User's answer, a cancelled change."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.adapters import signed_in_at
from accounts.forms import ActForm
from accounts.forms.desk import AnswerQuestionForm
from accounts.http import PersonRequest
from accounts.selectors.support import questions_for
from accounts.services import support
from accounts.services.support.caller_codes import WORKS_FOR
from accounts.tokens import open_correction
from accounts.views.actions import submit, submit_button


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def support_code(request: PersonRequest) -> HttpResponse:
    """Say what a support code is for; posted, show a new one, this once."""
    context: dict[str, Any] = {"minutes": WORKS_FOR.seconds // 60}
    form = ActForm(request.POST if request.method == "POST" else None)
    success = submit(form, lambda: support.make_support_code(actor=request.user))
    if success:
        context["code"] = success.result
    return render(request, "accounts/support_code.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def case_confirmation(request: PersonRequest, question: UUID) -> HttpResponse:
    """Ask a Super User whether a person of their company really calls the support desk."""
    found = get_object_or_404(questions_for(request.user), uuid=question)
    if request.method == "POST":
        form = AnswerQuestionForm(request.POST)
        success = submit_button(
            request,
            form,
            lambda: support.answer_confirmation(
                actor=request.user,
                question=found,
                is_right=form.cleaned_data["answer"] == "right",
                signed_in_at=signed_in_at(request),
            ),
        )
        if success:
            is_right = form.cleaned_data["answer"] == "right"
            text = (
                _("You confirmed that %(person)s is calling support.")
                if is_right
                else _("The case is closed, and the provider is told. Tell %(person)s too.")
            )
            messages.success(request, text % {"person": found.case.person})
            return redirect("home")
    return render(request, "accounts/case_confirmation.html", {"question": found})


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address_correction(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to cancel a change of address; posted, cancel it."""
    correction = open_correction(token)
    if correction is None:
        return render(request, "accounts/address_correction.html", {"is_over": True}, status=410)
    form = ActForm(request.POST if request.method == "POST" else None)
    success = submit(
        form, lambda: support.cancel_address_correction(actor=None, correction=correction)
    )
    context = {"correction": correction, "form": form, "is_cancelled": success is not None}
    return render(request, "accounts/address_correction.html", context)
