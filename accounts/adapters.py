"""The rules of the hub inside allauth: no self sign-up, our email header, links on our host."""

from datetime import UTC, datetime
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.emails import NOTICE_CLASS_HEADER, absolute, plain
from accounts.http import (
    count_email,
    count_guess,
    forget_emails,
    forget_strangers,
    note_owner,
)
from accounts.services.audit import record_event
from accounts.services.sessions import drop_unverified_addresses
from accounts.validators import address_as_stored, normalise_address


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in and account pages; every email of allauth is of the security class."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": _(
            "Too many failed sign-ins. Wait a while, or use “Forgot your password?”."
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
        """Name the notice class for the gate, and the page's language for the footer."""
        context.setdefault("brand", settings.HUB_BRAND_NAME)
        headers = {
            **(headers or {}),
            NOTICE_CLASS_HEADER: "security",
            "Content-Language": get_language() or settings.LANGUAGE_CODE,
        }
        mail = super().render_mail(template_prefix, email, context, headers)
        mail.subject, mail.body = plain(mail.subject), plain(mail.body)
        return mail

    def format_email_subject(self, subject: str) -> str:
        """Return the subject without a prefix; the sender's name says who writes."""
        return subject

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

    def clean_email(self, email: str) -> str:
        """Return the form that the hub stores, so that look-alike addresses are one person."""
        return normalise_address(email)

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """Change the address, what depends on it, and write the event, in one transaction."""
        with transaction.atomic():
            return bool(super().confirm_email(request, email_address))

    def set_password(self, user: Any, password: str) -> None:
        """Set the password and write the event, in one transaction; for a reset too.

        Somebody who knew the old password may have begun to change the address, so that ends too.
        """
        with transaction.atomic():
            super().set_password(user, password)
            drop_unverified_addresses(user)
            record_event(kind="password.changed", actor=user, person=user)
        note_owner(self.request, user)  # whoever reset it has read the person's email

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Set the person's language for the pages that follow."""
        response = super().post_login(request, user, **kwargs)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
        return response


class SessionsAdapter(DefaultUserSessionsAdapter):
    """The page on which a person ends their own sessions."""

    def end_sessions(self, sessions: Any) -> None:
        """End the sessions and write the event, in one transaction."""
        ended = list(sessions)
        with transaction.atomic():
            super().end_sessions(ended)
            if ended:
                person = ended[0].user
                record_event(kind="sessions.ended", actor=person, person=person, count=len(ended))


def signed_in_at(request: HttpRequest) -> datetime | None:
    """Return when this session last signed in or re-authenticated; None for never."""
    records = get_authentication_records(request, request.user)
    if not records:
        return None
    return datetime.fromtimestamp(max(record["at"] for record in records), tz=UTC)
