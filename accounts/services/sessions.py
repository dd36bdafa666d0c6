"""Ending sessions, and address changes that are not verified yet."""

import uuid
from collections.abc import Iterable

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts import signals
from accounts.models import User
from accounts.services.audit import record_event

MOST_AT_ONCE = 2000  # expired sessions


def end_sessions(user: User) -> int:
    """End every hub session of a person, and return how many were listed.

    The new epoch ends sessions in any store. An address change
    that is not verified yet is dropped too, because its link would still take the account.
    """
    drop_unverified_addresses(user)
    keys = list(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user=user).delete()
    user.session_epoch = uuid.uuid4()
    user.save(update_fields=["session_epoch"])
    return len(keys)


@transaction.atomic
def end_hub_sessions(*, user: User, keys: Iterable[str]) -> int:
    """End these hub sessions of a person and what was opened from them; return how many.

    They are locked first, so that nothing more is opened from them meanwhile.
    """
    own = UserSession.objects.filter(user=user, session_key__in=list(keys))
    ending = list(own.values_list("session_key", flat=True))
    stored = Session.objects.filter(session_key__in=ending)
    list(stored.select_for_update().order_by("pk"))
    signals.sessions_ending.send(User, user=user, session_keys=ending)
    stored.delete()
    own.delete()
    return len(ending)


@transaction.atomic
def sign_out_devices(*, actor: User, keys: Iterable[str]) -> int:
    """End a person's own sessions of these keys, and return how many there were."""
    count = end_hub_sessions(user=actor, keys=keys)
    if count:
        record_event(kind="sessions.ended", actor=actor, person=actor, count=count)
    return count


def end_other_sessions(*, user: User, session: SessionBase | None) -> None:
    """End every hub session of a person but this one, and whatever was opened from them."""
    others = UserSession.objects.filter(user=user)
    if session is not None and session.session_key:
        others = others.exclude(session_key=session.session_key)
    end_hub_sessions(user=user, keys=others.values_list("session_key", flat=True))
    signals.other_sessions_ended.send(User, user=user, session=session)


@transaction.atomic
def forget_expired_sessions() -> None:
    """Delete hub sessions that have expired, and the devices that they were listed as."""
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    keys = list(
        expired.select_for_update(skip_locked=True)
        .order_by("expire_date")
        .values_list("pk", flat=True)[:MOST_AT_ONCE]
    )
    UserSession.objects.filter(session_key__in=keys).delete()
    Session.objects.filter(pk__in=keys).delete()


def drop_unverified_addresses(user: User) -> None:
    """Drop an address change that is not verified yet; its emailed link stops working."""
    EmailAddress.objects.filter(user=user, verified=False).delete()
