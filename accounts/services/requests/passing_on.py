"""Requests that nobody answers: reminders, then passed on to the provider, or sent back."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import CustomerStatus, RequestState
from accounts.models import AccessRequest, User
from accounts.models.requests import MAX_REMINDERS
from accounts.permissions import RequestRefused, refuse_own_request, require_super_user
from accounts.selectors import super_users_of
from accounts.services.requests.answering import lock_to_answer
from accounts.services.requests.common_rules import (
    clean_text,
    is_for_provider_alone,
    lock_request,
    record,
    require_open,
)

log = structlog.get_logger(__name__)

REMIND_AFTER = timedelta(hours=24)  # and again as much later


def time_to_answer() -> timedelta:
    """Return how long the Super Users have before a request is passed on to the provider."""
    return timedelta(hours=settings.HUB_REQUEST_HOURS)


@transaction.atomic
def pass_on_request(*, actor: User, access_request: AccessRequest) -> AccessRequest:
    """Pass a request on to the provider: its staff may answer it too from then on.

    Its author, the other Super Users and the provider's staff get an email. Raises PermissionDenied
    unless the actor is a Super User of the customer; RequestRefused for the actor's own request, an
    answered one, or one passed on already.
    """
    access_request = lock_request(access_request)
    require_super_user(actor, access_request.customer)
    require_open(access_request)
    refuse_own_request(actor, access_request)
    if access_request.passed_at is not None:
        raise RequestRefused(
            _("This request was already passed on to the provider."), code="passed"
        )
    _pass_on(access_request, actor)
    return access_request


def _pass_on(access_request: AccessRequest, actor: User | None) -> None:
    access_request.passed_at = timezone.now()
    access_request.save(update_fields=["passed_at"])
    record("request.passed", access_request, actor)
    emails.send_to_provider(access_request=access_request)
    super_users = super_users_of(access_request.customer).exclude(pk=access_request.membership_id)
    for person in [access_request.membership.user, *(member.user for member in super_users)]:
        if person != actor:
            emails.send_passed(access_request=access_request, reader=person)


@transaction.atomic
def send_back_request(*, actor: User, access_request: AccessRequest, word: str) -> AccessRequest:
    """Send a request back to the Super Users with a message; their time to answer starts again.

    Raises PermissionDenied unless the actor is staff with `accounts.change_accessrequest` and the
    request was passed on; RequestRefused without a message, for an answered request, and where no
    Super User could answer it.
    """
    word = clean_text("word", word, required=True)
    access_request = lock_to_answer(actor, access_request, for_provider=True)
    others = super_users_of(access_request.customer).exclude(pk=access_request.membership_id)
    super_users = list(others)
    if is_for_provider_alone(access_request) or not super_users:
        raise RequestRefused(
            _("No Super User of the company can answer this. Answer it yourself."), code="provider"
        )
    access_request.passed_at, access_request.waiting_since, access_request.reminders = (
        None,
        timezone.now(),
        0,
    )
    access_request.save(update_fields=["passed_at", "waiting_since", "reminders"])
    record("request.sent_back", access_request, actor, reason=word)
    for super_user in super_users:
        emails.send_reminder(access_request=access_request, reader=super_user.user, word=word)
    return access_request


def pass_on_overdue_requests() -> None:
    """Send the reminders that are due, and pass on the requests that waited for too long.

    Each request has its own transaction. What is due is read again under the customer's lock,
    because several workers may do this at once.
    """
    now = timezone.now()
    for access_request in (
        AccessRequest.objects.filter(_due(now)).select_related("customer").order_by("pk")
    ):
        try:
            _do_what_is_due(access_request, now)
        except Exception:  # the others must not wait for it
            log.exception("a request that fell due failed", request=str(access_request.uuid))


def _due(now: datetime) -> Q:
    """Return the condition of open requests for which a reminder or passing on is due."""
    is_due = Q(waiting_since__lte=now - time_to_answer())
    for sent in range(MAX_REMINDERS):
        is_due |= Q(reminders=sent, waiting_since__lte=now - (sent + 1) * REMIND_AFTER)
    with_super_users = Q(passed_at=None, customer__status=CustomerStatus.ACTIVE)
    return with_super_users & Q(state=RequestState.OPEN) & is_due


@transaction.atomic
def _do_what_is_due(access_request: AccessRequest, now: datetime) -> None:
    access_request = lock_request(access_request)
    if not AccessRequest.objects.filter(_due(now), pk=access_request.pk).exists():
        return
    if access_request.waiting_since <= now - time_to_answer():
        _pass_on(access_request, None)
        return
    access_request.reminders = int(
        (now - access_request.waiting_since) / REMIND_AFTER
    )  # reminders missed while no worker ran are not sent later
    access_request.save(update_fields=["reminders"])
    record("request.reminded", access_request, None)
    super_users = super_users_of(access_request.customer).exclude(pk=access_request.membership_id)
    for super_user in super_users:
        emails.send_reminder(access_request=access_request, reader=super_user.user)
