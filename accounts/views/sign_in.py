"""Signing in by a password, and resetting it: allauth's views, which lead to companies' own."""

from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.account.views import LoginView, PasswordResetView
from django.http import HttpResponse

from accounts.http import lead_to_company
from accounts.selectors.company_sign_in import sign_in_for_address


class SignIn(LoginView):
    """The sign-in page."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Lead whoever signs in through their company there; at once if they wrote no password."""
        if form.company is None:
            response: HttpResponse = super().form_invalid(form)
            return response
        return lead_to_company(
            self.request,
            form.company,
            address=form.cleaned_data["login"],
            page=get_next_redirect_url(self.request) or "",
            at_once=not form.cleaned_data.get("password"),
        )


class ForgotPassword(PasswordResetView):
    """The page of somebody who forgot their password."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Answer by the domain alone, though whoever may sign in here gets the email."""
        response: HttpResponse = super().form_valid(form)
        address = form.cleaned_data["email"]
        own = sign_in_for_address(address)
        return (
            response
            if own is None
            else lead_to_company(self.request, own, address=address, page="")
        )
