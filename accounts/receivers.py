"""This app's answers to signals of allauth, of Django and of its own."""

from typing import Any

from allauth.account import signals as allauth_signals
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.auth import signals as auth_signals
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.models import Membership, User
from accounts.services.audit import record_event
from accounts.services.hand_overs import lapse_hand_over_to_leaver
from accounts.services.membership_expiry import end_due_memberships, remind_of_membership_expiry
from accounts.services.people import follow_address_change
from accounts.services.requests import close_requests_of_leaver, pass_on_overdue_requests
from accounts.signals import membership_ended, periodic_tick
from accounts.tasks import record_failed_sign_in
from accounts.validators import address_as_stored

STAFF_GROUPS = {
    "Support": ["use_desk", "view_accessrequest", "change_accessrequest"],
    "Operators": [
        "use_desk",
        "use_provider",
        "view_customer",
        "add_customer",
        "change_customer",
        "view_accessrequest",
        "change_accessrequest",
    ],
}


def create_staff_groups(**_: Any) -> None:
    """Create the provider's groups and give them their permissions, after a migration."""
    create_permissions(apps.get_app_config("accounts"), verbosity=0)
    for name, codenames in STAFF_GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.add(
            *Permission.objects.filter(content_type__app_label="accounts", codename__in=codenames)
        )


def _record(kind: str, user: User) -> None:
    with transaction.atomic():
        record_event(kind=kind, actor=user, person=user)


def _record_sign_in(*, user: User, **_: Any) -> None:
    _record("sign_in.done", user)


def _record_sign_out(*, user: User | None, **_: Any) -> None:
    if user is not None:
        _record("sign_out.done", user)


def _record_failed_sign_in(*, credentials: dict[str, Any], **_: Any) -> None:
    """Leave it to a job: an unknown address must not be answered sooner."""
    address = address_as_stored(str(credentials.get("email") or credentials.get("username") or ""))
    record_failed_sign_in.enqueue(address)


def _follow_address_change(*, request: Any, user: User, from_email_address: Any, **_: Any) -> None:
    follow_address_change(
        actor=user, previous=from_email_address.email if from_email_address else "—"
    )
    if request.user == user:
        update_session_auth_hash(request, user)
        UserSession.objects.create_from_request(request)


def _close_what_a_leaver_began(*, membership: Membership, actor: User | None, **_: Any) -> None:
    lapse_hand_over_to_leaver(membership=membership)
    close_requests_of_leaver(actor=actor, membership=membership)


def _end_due_memberships(**_: Any) -> None:
    end_due_memberships()
    remind_of_membership_expiry()


def _pass_on_overdue_requests(**_: Any) -> None:
    pass_on_overdue_requests()


def connect() -> None:
    """Connect the receivers above; called once at start-up."""
    periodic_tick.connect(_end_due_memberships, dispatch_uid="memberships")
    periodic_tick.connect(_pass_on_overdue_requests, dispatch_uid="requests")
    membership_ended.connect(_close_what_a_leaver_began, dispatch_uid="leaver")
    auth_signals.user_logged_in.connect(_record_sign_in, dispatch_uid="audit")
    auth_signals.user_logged_out.connect(_record_sign_out, dispatch_uid="audit")
    auth_signals.user_login_failed.connect(_record_failed_sign_in, dispatch_uid="audit")
    allauth_signals.email_changed.connect(_follow_address_change, dispatch_uid="address")
