"""Ending sessions, and address changes that are not verified yet."""

import uuid

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from accounts.models import User


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


def drop_unverified_addresses(user: User) -> None:
    """Drop an address change that is not verified yet; its emailed link stops working."""
    EmailAddress.objects.filter(user=user, verified=False).delete()
