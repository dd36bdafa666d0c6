"""What upper apps may hook into, and allauth's events turned into audit events.

Every signal of ours but the clock is sent inside the service's transaction: a receiver that raises
undoes it. Several workers have a clock each, so what a receiver does is safe to do twice at once.
"""

from typing import Any

from allauth.account import signals as allauth_signals
from django.apps import apps
from django.contrib.auth import signals as auth_signals
from django.db import transaction
from django.dispatch import Signal

# membership, actor, invitation (or None): receivers say what it promised and stays out
membership_began = Signal()
membership_ended = Signal()  # membership, actor: receivers return words for the event
membership_restoring = Signal()  # membership, actor, event: an undo; receivers say what stays out
# team, membership (None: someone invited), actor, reason, signed_in_at, conditions_checked_at;
# receivers may refuse
team_member_joining = Signal()
offboarding_due = Signal()  # leaving: receivers hand things on, and say what they did and could not
request_approved = Signal()  # asked, actor, how: a receiver applies it, and may refuse
team_ending = Signal()  # team, actor: receivers drop what it has, return words for the event
team_restoring = Signal()  # team, actor, event: an undo; receivers say what stays out
# A worker's clock: receivers do what fell due, each in its own transaction.
periodic_tick = Signal()
access_revoked = Signal()  # user: sessions were ended, tokens must go too

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
    """Give the provider's groups their permissions, once Django has made these."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    create_permissions(apps.get_app_config("accounts"), verbosity=0)
    for name, codenames in STAFF_GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.add(
            *Permission.objects.filter(content_type__app_label="accounts", codename__in=codenames)
        )


def _record(kind: str, user: Any) -> None:
    from accounts.services.audit import record_event

    with transaction.atomic():
        record_event(kind=kind, actor=user, person=user)


def _signed_in(*, user: Any, **_: Any) -> None:
    _record("sign_in.done", user)


def _signed_out(*, user: Any, **_: Any) -> None:
    if user is not None:
        _record("sign_out.done", user)


def _sign_in_failed(*, credentials: dict[str, Any], **_: Any) -> None:
    from accounts.models import User
    from accounts.services.audit import record_event

    address = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    if person := User.objects.filter(email=address).first():
        with transaction.atomic():
            record_event(kind="sign_in.failed", actor=None, person=person)


def _address_changed(*, request: Any, user: Any, from_email_address: Any, **_: Any) -> None:
    from allauth.usersessions.models import UserSession
    from django.contrib.auth import update_session_auth_hash

    from accounts.services.people import follow_address_change

    follow_address_change(
        actor=user, previous=from_email_address.email if from_email_address else "—"
    )
    if request.user == user:
        update_session_auth_hash(request, user)
        UserSession.objects.create_from_request(request)


def _membership_ended(*, membership: Any, actor: Any, **_: Any) -> None:
    from accounts.services.hand_overs import lapse_hand_over_to_leaver
    from accounts.services.requests import close_requests_of_leaver

    lapse_hand_over_to_leaver(membership=membership)
    close_requests_of_leaver(actor=actor, membership=membership)


def _memberships_due(**_: Any) -> None:
    from accounts.services.membership_expiry import end_due_memberships, remind_of_membership_expiry

    end_due_memberships()
    remind_of_membership_expiry()


def _requests_due(**_: Any) -> None:
    from accounts.services.requests import pass_on_what_waited

    pass_on_what_waited()


def connect() -> None:
    """Connect the receivers above; called once at start-up."""
    periodic_tick.connect(_memberships_due, dispatch_uid="memberships")
    periodic_tick.connect(_requests_due, dispatch_uid="requests")
    membership_ended.connect(_membership_ended, dispatch_uid="leaver")
    auth_signals.user_logged_in.connect(_signed_in, dispatch_uid="audit")
    auth_signals.user_logged_out.connect(_signed_out, dispatch_uid="audit")
    auth_signals.user_login_failed.connect(_sign_in_failed, dispatch_uid="audit")
    allauth_signals.email_changed.connect(_address_changed, dispatch_uid="address")
