"""Emails about requests: to whoever may answer them, and to the person who asked."""

from typing import Any

from django.urls import reverse

from accounts.emails.notices import absolute, send_to
from accounts.models import AccessRequest, User
from accounts.selectors import staff_with


def send_request(*, access_request: AccessRequest, reader: User) -> None:
    """Tell a Super User what somebody asks of them."""
    _send_about(access_request, reader, "accounts/emails/request")


def send_reminder(*, access_request: AccessRequest, reader: User, word: str = "") -> None:
    """Remind a Super User of a request; `word` is the provider's, where it sent it back."""
    _send_about(access_request, reader, "accounts/emails/request_reminder", word=word)


def send_passed(*, access_request: AccessRequest, reader: User) -> None:
    """Tell the person who asked, or a Super User, that the provider may answer now."""
    _send_about(access_request, reader, "accounts/emails/request_passed")


def send_to_provider(*, access_request: AccessRequest) -> None:
    """Tell the provider's staff who may answer a request about it."""
    permission = "change_customer" if access_request.is_of_provider else "change_accessrequest"
    path = reverse("portals:provider-request", args=[access_request.uuid])
    template = "accounts/emails/request_to_provider"
    for reader in staff_with(permission):
        _send_about(access_request, reader, template, staff_link=absolute(path))


def send_answer(*, access_request: AccessRequest) -> None:
    """Tell the person who asked about the answer; for a new address, also how to change it."""
    membership = access_request.membership
    _send_about(
        access_request,
        membership.user,
        "accounts/emails/request_answer",
        # The company's contacts also read what it gets from the provider.
        copied_about=membership if access_request.is_of_provider else None,
        address_link=absolute(reverse("account_email")),
    )


def _send_about(access_request: AccessRequest, reader: User, template: str, **context: Any) -> None:
    company = access_request.customer
    send_to(
        reader,
        template,
        notice_class="transactional",
        path=reverse("portals:request", args=[company.slug, access_request.uuid]),
        zone=company.zone,
        request=access_request,
        person=access_request.membership,
        company=company,
        **context,
    )
