"""Signing in by an emailed code. It replaces the password, never the second factor."""

from uuid import UUID

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.forms.sign_in_codes import EnterCodeForm, SignInCodeForm
from accounts.http import lead_to_company, rate_limited
from accounts.selectors.company_sign_in import sign_in_for_address
from accounts.services.sign_in_codes import use_sign_in_code

ASKED = "accounts.sign_in_code"  # in the session: the code's row, the address, the page wanted


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """Ask for the address; posted, send it a code if somebody has it."""
    if request.user.is_authenticated:
        return redirect("home")
    wanted = get_next_redirect_url(request)
    form = SignInCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        address = form.cleaned_data["email"]
        if refusal := rate_limited(request, "sign_in_code", address):
            return refusal
        code_row = str(form.save(request))
        if own := sign_in_for_address(address):
            return lead_to_company(request, own, address=address, page=wanted or "")
        request.session[ASKED] = [code_row, address, wanted]
        return redirect("accounts:sign-in-code-enter")
    return render(request, "account/request_login_code.html", {"form": form, "wanted": wanted})


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code_enter(request: HttpRequest) -> HttpResponse:
    """Ask for the code; posted, sign in whoever has the address, or ask for the second factor."""
    if request.user.is_authenticated:
        return redirect("home")
    if ASKED not in request.session:
        return redirect("accounts:sign-in-code")
    code_row, address, wanted = request.session[ASKED]
    form = EnterCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if refusal := rate_limited(request, "sign_in_code", address):
            return refusal
        code = form.cleaned_data["code"]
        person = use_sign_in_code(actor=None, code_row=UUID(code_row), code=code)
        if person is not None:
            del request.session[ASKED]
            record_authentication(request, person, method="code", email=address)
            login = Login(user=person, email=address, redirect_url=wanted or reverse("home"))
            response: HttpResponse = perform_login(request, login)
            return response
        form.add_error("code", _("This code is wrong, used or expired. Ask for another."))
    context = {"form": form, "address": address, "wanted": wanted}
    return render(request, "account/confirm_login_code.html", context)
