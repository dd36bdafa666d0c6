"""How a person signs in: their passkeys, authenticator app and recovery codes.

allauth's views do the work. Each change is one transaction with its event, and ends the person's
other sessions.
"""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.mixins import NextRedirectMixin
from allauth.account.models import Login
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn import views as webauthn
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.views.decorators.http import require_safe
from django.views.generic.edit import FormView

from accounts.forms import first_error
from accounts.forms.factors import RemoveFactorForm
from accounts.http import PersonRequest
from accounts.models import User
from accounts.selectors.factors import ways_to_sign_in, who_demands_a_factor
from accounts.services.factors import lock_factors, spend_app_code
from accounts.services.sessions import end_other_sessions, end_sessions

WANTED = "second_factor.wanted"  # in the session: the page that somebody without one asked for


@require_safe
def factors(request: PersonRequest) -> HttpResponse:
    """Show the ways in which the person can sign in."""
    ways = ways_to_sign_in(request.user)
    context = {
        "ways": ways,
        "demanded_by": who_demands_a_factor(request.user),
        "wanted": request.session.pop(WANTED, "") if ways.has_second_factor else "",
        "passkeys_possible": "webauthn" in settings.MFA_SUPPORTED_TYPES,
    }
    return render(request, "mfa/index.html", context)


class FactorChange:
    """A view whose valid form changes the person's factors."""

    request: PersonRequest
    adds: Authenticator.Type | None = None  # the type of the factor that it adds

    def form_valid(self, form: Form) -> HttpResponse:
        """Change them and end the person's other sessions, in one transaction (F3)."""
        with transaction.atomic():
            User.objects.select_for_update().get(pk=self.request.user.pk)
            before = {factor.pk for factor in lock_factors(self.request.user)}
            response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
            if self.adds is not None:
                _count_as_proof(self.request, self.adds, before)
            _end_other_sessions(self.request)
        return response


def _count_as_proof(request: PersonRequest, kind: str, before: set[int]) -> None:
    """Note that this session has just proved the new factor: from now on it has to."""
    added = Authenticator.objects.filter(user=request.user, type=kind).exclude(pk__in=before)
    for factor in added:
        record_authentication(
            request, request.user, "mfa", id=factor.pk, type=factor.type, reauthenticated=True
        )


def _end_other_sessions(request: PersonRequest) -> None:
    """End all sessions of the person but this one."""
    end_other_sessions(user=request.user, session=request.session)
    end_sessions(request.user)
    update_session_auth_hash(request, request.user)
    UserSession.objects.create_from_request(request)


class SetUpApp(FactorChange, ActivateTOTPView):
    """Show the key of a new authenticator app; posted with its code, keep it."""

    adds = Authenticator.Type.TOTP

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep the key, unless another tab did so first."""
        with transaction.atomic():
            User.objects.select_for_update().get(pk=self.request.user.pk)
            if ways_to_sign_in(self.request.user).app is not None:
                return redirect("mfa_index")
            response = super().form_valid(form)
            for factor in lock_factors(self.request.user):
                if factor.type == Authenticator.Type.TOTP:
                    spend_app_code(factor, form.cleaned_data["code"])
        return response


class RemoveApp(FactorChange, DeactivateTOTPView):
    """Ask whether to remove the authenticator app; posted, remove it."""


class AddPasskey(FactorChange, webauthn.AddWebAuthnView):
    """Let the browser make a passkey; posted, keep it."""

    adds = Authenticator.Type.WEBAUTHN

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Ask for a passkey that signs in alone; allauth would ask for a weaker key."""
        context = FormView.get_context_data(self, **kwargs)
        return {**context, "options": auth.begin_registration(self.request.user, True)}


class RenamePasskey(webauthn.EditWebAuthnView):
    """Show the name of a passkey; posted, change it."""

    success_url = reverse_lazy("mfa_index")


class RemovePasskey(FactorChange, webauthn.RemoveWebAuthnView):
    """Ask whether to remove a passkey; posted, remove it."""

    form_class = RemoveFactorForm
    success_url = reverse_lazy("mfa_index")

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form refuse at once what can't be removed, as that of an app does."""
        return {"data": {}, **super().get_form_kwargs(), "authenticator": self.object}


class MakeCodes(FactorChange, GenerateRecoveryCodesView):
    """Ask whether to make new recovery codes; posted, make them."""


class ShowCodes(ViewRecoveryCodesView):
    """Show the recovery codes once."""

    http_method_names = ("get", "options")  # HEAD would use up the one time

    def get(self, request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show them, to one request alone."""
        with transaction.atomic():
            lock_factors(request.user)
            response: HttpResponse = super().get(request, *args, **kwargs)
        return response


class SecondStep(AuthenticateView):
    """Ask for the second factor of somebody whose password was right."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say what this person has set up."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        ways = ways_to_sign_in(self.stage.login.user)
        options = context.get("js_data", {}).get("request_options") if ways.passkeys else None
        return {**context, "has_app": ways.app is not None, "options": options}


class SignInWithPasskey(NextRedirectMixin, webauthn.LoginWebAuthnView):
    """Give a script the challenge for a passkey; posted with the answer, sign in."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign in whoever the passkey belongs to, and lead where they wanted to go."""
        factor = form.cleaned_data["credential"]
        login = Login(user=factor.user, redirect_url=self.get_next_url())
        response: HttpResponse = perform_passwordless_login(self.request, factor, login)
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        """Lead back to the sign-in, which says why."""
        messages.error(self.request, first_error(form))
        return redirect(self.passthrough_next_url(reverse("account_login")))


class ConfirmWithPasskey(webauthn.ReauthenticateWebAuthnView):
    """Ask for a passkey before an act that wants a fresh sign-in."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a new challenge."""
        context = super(webauthn.ReauthenticateWebAuthnView, self).get_context_data(**kwargs)
        return {**context, "options": auth.begin_authentication(self.request.user)}

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show the page again, with the reason."""
        return FormView.form_invalid(self, form)
