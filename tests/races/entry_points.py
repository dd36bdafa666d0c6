"""The entry points of a race process: acts by a service or by its page.

An entry point takes plain values, loads its rows as a page opened earlier would, and returns the
act as a function. The act returns its result or raises a refusal.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.messages import ERROR, INFO, SUCCESS, get_messages
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccessRequest, HandOver, Membership, User
from accounts.services.hand_overs import (
    accept_hand_over,
    decline_hand_over,
    withdraw_hand_over,
)
from accounts.services.invitations import accept_invitation
from accounts.services.memberships import remove_membership
from accounts.services.requests import approve_request, refuse_request, withdraw_request
from portals.models import Privilege, Resource
from portals.services.grants import grant_privilege

Act = Callable[[], Any]
NEWCOMER = {"name": "Gina", "password": "a long passphrase 1"}


class PageRefused(ValidationError):
    """A page that refused, with its message."""


def signed_in(user: int) -> Client:
    """Return a client of this person with a fresh sign-in."""
    client = Client()
    client.force_login(User.objects.get(pk=user), backend="accounts.backends.PersonBackend")
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": timezone.now().timestamp()}
    ]
    session["account_authentication_methods_user"] = str(user)
    session.save()
    return client


def _submit(client: Client, url: str, data: dict[str, Any]) -> str:
    """Post and return the success message. Raises PageRefused if the page refuses."""
    response = client.post(url, data)
    messages = list(get_messages(response.wsgi_request))
    done = [str(message) for message in messages if message.level == SUCCESS]
    refused = [str(message) for message in messages if message.level == ERROR]
    form = response.context.get("form") if response.context else None
    if form is not None and form.errors:
        refused += [" ".join(errors) for errors in form.errors.values()]
    if response.status_code == 302 and done and not refused:
        return done[0]
    if not done and not refused:  # nothing was to do: another had done it
        refused = [str(message) for message in messages if message.level == INFO]
    if response.status_code in (403, 404, 410):
        refused.append(f"answered {response.status_code}")
    assert refused, (response.status_code, response.content)
    raise PageRefused(refused)


# --- Invitations ---


def accept_invitation_by_service(token: str) -> Act:
    return lambda: accept_invitation(actor=None, token=token, **NEWCOMER)


def accept_invitation_by_page(token: str) -> Act:
    client, url = Client(), reverse("accounts:invitation-accept", args=[token])
    return lambda: _submit(client, url, NEWCOMER)


# --- Requests ---

_ANSWERS: dict[str, tuple[Callable[..., Any], dict[str, str], str]] = {
    "approve": (approve_request, {}, "portals:request-approve"),
    "refuse": (refuse_request, {"reason": "No."}, "portals:request-refuse"),
    "withdraw": (withdraw_request, {}, "accounts:request-withdraw"),
}


def answer_request_by_service(answer: str, access_request: int, user: int) -> Act:
    service, values, _page = _ANSWERS[answer]
    actor = User.objects.get(pk=user)
    existing = AccessRequest.objects.select_related("customer", "membership").get(pk=access_request)
    return lambda: service(actor=actor, access_request=existing, **values)


def answer_request_by_page(answer: str, access_request: int, user: int) -> Act:
    _service, values, page = _ANSWERS[answer]
    existing = AccessRequest.objects.select_related("customer").get(pk=access_request)
    data: dict[str, Any] = dict(values)
    if answer == "approve":
        data["privileges"] = [str(row.pk) for row in existing.requested_grants.all()]
    client, url = signed_in(user), reverse(page, args=[existing.customer.slug, existing.uuid])
    return lambda: _submit(client, url, data)


# --- The role of main Super User ---

_HAND_OVER_SERVICES: dict[str, Callable[..., Any]] = {
    "accept": accept_hand_over,
    "decline": decline_hand_over,
    "withdraw": withdraw_hand_over,
}


def settle_hand_over_by_service(answer: str, offer: int, user: int) -> Act:
    existing, actor = HandOver.objects.get(pk=offer), User.objects.get(pk=user)
    more = {"signed_in_at": timezone.now()} if answer == "accept" else {}
    return lambda: _HAND_OVER_SERVICES[answer](actor=actor, hand_over=existing, **more)


def settle_hand_over_by_page(answer: str, offer: int, user: int) -> Act:
    existing = HandOver.objects.select_related("customer").get(pk=offer)
    client = signed_in(user)
    url = reverse(f"accounts:hand-over-{answer}", args=[existing.customer.slug, existing.uuid])
    return lambda: _submit(client, url, {})


# --- Grants and removals ---


def grant_by_service(user: int, grantee: int, privilege: int, resource: int) -> Act:
    given: dict[str, Any] = {
        "actor": User.objects.get(pk=user),
        "grantee": Membership.objects.select_related("user").get(pk=grantee),
        "privilege": Privilege.objects.select_related("portal", "resource_type").get(pk=privilege),
        "resource": Resource.objects.select_related("subscription__customer").get(pk=resource),
    }
    return lambda: grant_privilege(**given).pk


def grant_by_page(user: int, grantee: int, privilege: int, resource: int) -> Act:
    customer = Membership.objects.select_related("customer").get(pk=grantee).customer
    client = signed_in(user)
    url = reverse("portals:give-access", args=[customer.slug])
    data = {
        "to": f"person:{grantee}",
        "resource": f"resource:{resource}",
        "privilege": str(privilege),
        "ends": "never",
    }
    return lambda: _submit(client, url, data)


def remove_person_by_service(user: int, grantee: int) -> Act:
    actor, leaver = User.objects.get(pk=user), Membership.objects.get(pk=grantee)
    return lambda: remove_membership(actor=actor, membership=leaver)


def remove_person_by_page(user: int, grantee: int) -> Act:
    leaver, client = (
        Membership.objects.select_related("user", "customer").get(pk=grantee),
        signed_in(user),
    )
    url = reverse("accounts:person-remove", args=[leaver.customer.slug, leaver.user.sub])
    return lambda: _submit(client, url, {})
