"""The rules of the hub in allauth's sign-in and account pages."""

from datetime import UTC, datetime
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import EmailAddress
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.adapters.sessions import signed_in_at
from accounts.countries import country_of
from accounts.emails import NOTICE_CLASS_HEADER, HubEmail, absolute, greeting, render_email
from accounts.http import (
    METHOD,
    company_record,
    count_email,
    count_guess,
    forget_emails,
    forget_strangers,
    known_device,
    lead_to_company,
    note_owner,
)
from accounts.models import User
from accounts.permissions import is_fresh
from accounts.selectors.activity import has_signed_in_before
from accounts.selectors.company_sign_in import (
    sign_in_in_force,
    sign_in_of_person,
)
from accounts.selectors.factors import has_factor_of_request, has_second_factor
from accounts.services.audit import record_event
from accounts.services.sessions import (
    drop_unverified_addresses,
    end_other_sessions,
)
from accounts.services.support.addresses import may_prove
from accounts.validators import address_as_stored, normalise_address

# allauth's names of the ways to confirm that it is still you, the strongest first.
STRONG_CONFIRMATIONS = ["mfa_reauthenticate:webauthn", "mfa_reauthenticate"]
CONFIRMATIONS = {
    "mfa_reauthenticate:webauthn": _("Use a passkey"),
    "mfa_reauthenticate": _("Use a code"),
    "reauthenticate": _("Use your password"),
}
MFA_STAGE = "allauth.mfa.stages.AuthenticateStage"


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in and account pages; every email of allauth is of the security class."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "Too many failed sign-ins. Wait a few minutes, or use “Forgot your password?”."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: an account begins with an invitation."""
        return False

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Render our template; name the class for the gate, and the language for the footer."""
        context = {
            "brand": settings.HUB_BRAND_NAME,
            "reset_link": absolute(reverse("account_reset_password")),
            **context,
        }
        hello = greeting(context.get("user"))
        content = render_email(f"{template_prefix}.txt", context, greeting=hello)
        headers = {
            **(headers or {}),
            NOTICE_CLASS_HEADER: "security",
            "Content-Language": get_language() or settings.LANGUAGE_CODE,
        }
        return HubEmail(content, str(email), headers)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: Any = None, email: str | None = None
    ) -> None:
        """Tell a person what happened to their account, in their own language and time zone."""
        with translation.override(user.language), timezone.override(user.zone):
            context = {**(context or {}), "country": country_of(self.get_client_ip(self.request))}
            super().send_notification_mail(template_prefix, user, context, email)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return a link on the configured host, whatever Host header the request had."""
        return absolute(f"/accounts/password/reset/key/{key}/")

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Return a link on the configured host; a forged Host header could change the port."""
        return absolute(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a guess at a password by our limits. Raises ValidationError for one too many.

        allauth's own limit would let a stranger lock a person out. It takes the usage back itself
        once the password was right.
        """
        account = address_as_stored(str(credentials.get("email", "")))
        self._login_failed_rl_usage = count_guess(request, account)
        if self._login_failed_rl_usage is None:
            raise self.validation_error("too_many_login_attempts")

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Forget what strangers did to this address: its person has just reset the password."""
        address = address_as_stored(str(credentials.get("email", "")))
        forget_strangers(request, address)
        forget_emails(request, "reset", address)

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: Any, signup: bool
    ) -> None:
        """Send the link that proves an address, unless the address has got enough of them."""
        address = emailconfirmation.email_address
        if count_email(request, f"proof {address.user_id}", address.email):
            super().send_confirmation_mail(request, emailconfirmation, signup)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, str]]:
        """Return how the person can confirm that it is still them, the strongest way first.

        Whoever has a second factor needs it: the password alone may be in other hands.
        """
        ways = {
            way["id"]: {**way, "description": CONFIRMATIONS[way["id"]]}
            for way in super().get_reauthentication_methods(user)
        }
        if user.is_authenticated and has_factor_of_request(user):
            return [ways[name] for name in STRONG_CONFIRMATIONS if name in ways]
        record = company_record(self.request) if user.is_authenticated else None
        own = sign_in_in_force(record["sign_in"]) if record else None
        if own is not None:
            text = _("Confirm through %(company)s") % {"company": own.customer}
            url = reverse("accounts:company-sign-in-again")
            return [{"id": "company", "description": text, "url": url}]
        return [ways[name] for name in ("reauthenticate",) if name in ways]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Return whether a change of factors wants a fresh sign-in; the sign-in itself is one.

        Somebody who came through their company may have neither password nor factor. They set up
        their first factor just after they came, also where the provider does not say when they
        signed in there.
        """
        record = company_record(self.request)
        if app != "allauth.mfa" and record is None:
            return bool(super().is_reauthentication_required(app=app, **kwargs))
        if app == "allauth.mfa" and record is not None:
            came = datetime.fromtimestamp(record["at"], tz=UTC)
            if is_fresh(came) and not has_second_factor(cast(User, self.request.user)):
                return False
        return not is_fresh(signed_in_at(self.request))

    def clean_email(self, email: str) -> str:
        """Return the form that the hub stores, so that look-alike addresses are one person."""
        return normalise_address(email)

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Change the address, what depends on it, and write the event, in one transaction.

        Somebody may have cancelled the change since the link was opened: allauth would write the
        row again that was deleted.
        """
        with transaction.atomic():
            person = User.objects.select_for_update(no_key=True).get(pk=email_address.user_id)
            there = EmailAddress.objects.filter(pk=email_address.pk, email=email_address.email)
            is_gone = email_address.pk is not None and not there.select_for_update().exists()
            if is_gone or not may_prove(person, email_address.email):
                return False
            return bool(super().confirm_email(request, email_address))

    def set_password(self, user: Any, password: str) -> None:
        """Set the password and write the event, in one transaction; for a reset too.

        Somebody who knew the old password may have begun to change the address, so that ends too.
        """
        session = getattr(self.request, "session", None)
        with transaction.atomic():
            super().set_password(user, password)
            end_other_sessions(user=user, session=session)
            drop_unverified_addresses(user)
            record_event(kind="password.changed", actor=user, person=user)
        note_owner(self.request, user)  # whoever reset it has read the person's email

    def get_login_stages(self) -> list[str]:
        """Return the steps of a sign-in, with our own for the second factor."""
        stages: list[str] = super().get_login_stages()
        ours = f"{__name__}.SecondFactorStage"
        return [ours if stage == MFA_STAGE else stage for stage in stages]

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Lead whoever signs in through their company there, whatever they proved here."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if response is not None or METHOD in (kwargs["signal_kwargs"] or {}):
            return response
        own = sign_in_of_person(user)
        if own is None:
            return None
        clear_login(request)
        page = kwargs["redirect_url"] or ""
        return lead_to_company(request, own, address=user.email, page=page)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Tell the person of a new device, and set their language for the pages that follow."""
        response = super().post_login(request, user, **kwargs)
        if not known_device(request, user) and has_signed_in_before(user):
            self.send_notification_mail("account/email/new_device", user)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
        return response


class SecondFactorStage(AuthenticateStage):
    """Asks for the second factor, unless the person's company has seen one."""

    def _should_handle(self, request: HttpRequest) -> bool:
        records = get_authentication_records(request, self.login.user)
        if any(record.get("second_factor") for record in records):
            return False
        return bool(super()._should_handle(request))
