"""Requests nobody answers: a reminder, another, then on to the provider; and back again."""

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

REMIND_AFTER = timedelta(hours=24)  # and again after as long


def time_to_answer() -> timedelta:
    """How long the Super Users have before a request goes on to the provider."""
    return timedelta(hours=settings.HUB_REQUEST_HOURS)


@transaction.atomic
def pass_on_request(*, actor: User, access_request: AccessRequest) -> AccessRequest:
    """Pass a request on to the provider, which may answer it then, as Super Users still may.

    The asker, the other Super Users and the provider's staff are told. Raises PermissionDenied
    unless the actor is a Super User here; RequestRefused for one's own, an answered one, or one
    passed on already.
    """
    access_request = lock_request(access_request)
    require_super_user(actor, access_request.customer)
    require_open(access_request)
    refuse_own_request(actor, access_request)
    if access_request.passed_at is not None:
        raise RequestRefused(_("This request is with the provider already."), code="passed")
    _pass(access_request, actor)
    return access_request


def _pass(access_request: AccessRequest, actor: User | None) -> None:
    access_request.passed_at = timezone.now()
    access_request.save(update_fields=["passed_at"])
    record("request.passed", access_request, actor)
    emails.send_to_provider(access_request=access_request)
    readers = super_users_of(access_request.customer).exclude(pk=access_request.membership_id)
    for person in [access_request.membership.user, *(reader.user for reader in readers)]:
        if person != actor:
            emails.send_passed(access_request=access_request, reader=person)


@transaction.atomic
def send_back_request(*, actor: User, access_request: AccessRequest, word: str) -> AccessRequest:
    """Give a request back to the Super Users with a word; their time to answer begins again.

    Raises PermissionDenied unless the actor is staff with `accounts.change_accessrequest` and it
    was passed on; RequestRefused without a word, for an answered request, and where no Super User
    could answer it.
    """
    word = clean_text("word", word, required=True)
    access_request = lock_to_answer(actor, access_request, for_provider=True)
    readers = list(super_users_of(access_request.customer).exclude(pk=access_request.membership_id))
    if is_for_provider_alone(access_request) or not readers:
        raise RequestRefused(_("No Super User of the company could answer this."), code="provider")
    access_request.passed_at, access_request.waiting_since, access_request.reminders = (
        None,
        timezone.now(),
        0,
    )
    access_request.save(update_fields=["passed_at", "waiting_since", "reminders"])
    record("request.sent_back", access_request, actor, reason=word)
    for reader in readers:
        emails.send_reminder(access_request=access_request, reader=reader.user, word=word)
    return access_request


def pass_on_overdue_requests() -> None:
    """What fell due by now: reminders to Super Users, and what they left goes to the provider.

    Each request in its own transaction, under its customer's lock, where what is due is looked at
    again: several workers may do this at once.
    """
    now = timezone.now()
    for access_request in (
        AccessRequest.objects.filter(_due(now)).select_related("customer").order_by("pk")
    ):
        try:
            _do_what_is_due(access_request, now)
        except Exception:  # one that fails keeps no other waiting
            log.exception("a request that fell due failed", request=str(access_request.uuid))


def _due(now: datetime) -> Q:
    """Open requests that Super Users have left for too long."""
    waited = Q(waiting_since__lte=now - time_to_answer())
    for sent in range(MAX_REMINDERS):
        waited |= Q(reminders=sent, waiting_since__lte=now - (sent + 1) * REMIND_AFTER)
    with_super_users = Q(passed_at=None, customer__status=CustomerStatus.ACTIVE)
    return with_super_users & Q(state=RequestState.OPEN) & waited


@transaction.atomic
def _do_what_is_due(access_request: AccessRequest, now: datetime) -> None:
    access_request = lock_request(access_request)
    if not AccessRequest.objects.filter(_due(now), pk=access_request.pk).exists():
        return
    if access_request.waiting_since <= now - time_to_answer():
        _pass(access_request, None)
        return
    access_request.reminders = int(
        (now - access_request.waiting_since) / REMIND_AFTER
    )  # what was missed is past
    access_request.save(update_fields=["reminders"])
    record("request.reminded", access_request, None)
    for reader in super_users_of(access_request.customer).exclude(pk=access_request.membership_id):
        emails.send_reminder(access_request=access_request, reader=reader.user)
