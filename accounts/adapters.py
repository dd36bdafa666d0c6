"""Our rules inside allauth: no self sign-up, our mail header, the configured host in links."""

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

from accounts.emails import NOTICE_CLASS_HEADER, absolute
from accounts.services.audit import record_event
from accounts.services.sessions import forget_unproved_addresses
from accounts.validators import normalise_address


class AccountAdapter(DefaultAccountAdapter):
    """Everything allauth mails is the security class."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """An account begins with an invitation, never here."""
        return False

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        """Name the notice class for the gate, and the page's language: the foot speaks it too."""
        context.setdefault("brand", settings.HUB_BRAND_NAME)
        headers = {
            **(headers or {}),
            NOTICE_CLASS_HEADER: "security",
            "Content-Language": get_language() or settings.LANGUAGE_CODE,
        }
        return super().render_mail(template_prefix, email, context, headers)

    def format_email_subject(self, subject: str) -> str:
        """No prefix; the sender's name says who writes."""
        return subject

    def get_reset_password_from_key_url(self, key: str) -> str:
        """A link on the configured host, whatever Host header the request had."""
        return absolute(f"/accounts/password/reset/key/{key}/")

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Likewise: the port of a Host header is anybody's choice, even where its name is not."""
        return absolute(reverse("account_confirm_email", args=[emailconfirmation.key]))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Guesses count for the account; allauth's own key begins with the Host header."""
        return str(credentials.get("email", "")).strip().lower()

    def clean_email(self, email: str) -> str:
        """The one form the hub stores, so that no two look-alike addresses are two people."""
        return normalise_address(email)

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        """The new address, what follows from it, and its event stand or fall together."""
        with transaction.atomic():
            return bool(super().confirm_email(request, email_address))

    def set_password(self, user: Any, password: str) -> None:
        """The new password and its event stand or fall together, changed or reset alike.

        Whoever knew the old one may have begun to change the address: that ends here.
        """
        with transaction.atomic():
            super().set_password(user, password)
            forget_unproved_addresses(user)
            record_event(kind="password.changed", actor=user, person=user)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        """Open the hub in the person's own language."""
        response = super().post_login(request, user, **kwargs)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
        )
        return response


class SessionsAdapter(DefaultUserSessionsAdapter):
    """A person ends their own sessions elsewhere."""

    def end_sessions(self, sessions: Any) -> None:
        """The sessions end and their event is written, both or neither."""
        ended = list(sessions)
        with transaction.atomic():
            super().end_sessions(ended)
            if ended:
                person = ended[0].user
                record_event(kind="sessions.ended", actor=person, person=person, count=len(ended))


def signed_in_at(request: HttpRequest) -> datetime | None:
    """When this session last proved who it is (sign-in or re-authentication), if it did."""
    records = get_authentication_records(request, request.user)
    if not records:
        return None
    return datetime.fromtimestamp(max(record["at"] for record in records), tz=UTC)
