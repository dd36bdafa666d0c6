"""This app's answers to signals of allauth, of Django and of its own."""

from typing import Any

from allauth.account import signals as allauth_signals
from allauth.mfa import signals as factor_signals
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.auth import signals as auth_signals
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models.signals import post_delete, post_save

from accounts.models import Customer, Invitation, Membership, SuperUserRecovery, User
from accounts.services import support
from accounts.services.audit import record_event
from accounts.services.company_sign_in import reseal_client_secrets, take_due_domains
from accounts.services.factors import record_factor, reseal_seeds
from accounts.services.hand_overs import lapse_hand_over_to_leaver
from accounts.services.membership_expiry import end_due_memberships, remind_of_membership_expiry
from accounts.services.people import follow_address_change
from accounts.services.recoveries import (
    finish_recovery,
    lapse_recoveries,
    offer_due_recoveries,
)
from accounts.services.requests import close_requests_of_leaver, pass_on_overdue_requests
from accounts.services.sessions import end_other_sessions, forget_expired_sessions
from accounts.services.sign_in_codes import delete_old_sign_in_codes
from accounts.services.subject_keys import reseal_subject_keys
from accounts.services.support.delays import do_due_acts
from accounts.signals import (
    company_sign_in_switched,
    membership_began,
    membership_ended,
    periodic_tick,
    recovery_approved,
    second_factor_changed,
)
from accounts.tasks import (
    look_for_domain_record,
    record_failed_sign_in,
    tell_members_of_company_sign_in,
    tell_members_of_recovery,
    tell_members_of_second_factor,
)
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
    is_here = request.user == user
    end_other_sessions(user=user, session=request.session if is_here else None)
    if is_here:
        update_session_auth_hash(request, user)
        UserSession.objects.create_from_request(request)


def _record_new_factor(*, instance: Authenticator, created: bool, raw: bool, **_: Any) -> None:
    """Record it in the transaction that adds it, whoever does: allauth's signal comes later."""
    if created and not raw:
        is_code = instance.type == Authenticator.Type.RECOVERY_CODES
        with transaction.atomic():
            record_factor("factor.codes_made" if is_code else "factor.added", instance)


def _record_removed_factor(*, instance: Authenticator, **_: Any) -> None:
    if instance.type != Authenticator.Type.RECOVERY_CODES:  # new ones, or none with the last factor
        with transaction.atomic():
            record_factor("factor.removed", instance, actor=getattr(instance, "removed_by", None))


def _record_used_code(*, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        left = len(authenticator.wrap().get_unused_codes())
        with transaction.atomic():
            record_factor("factor.code_used", authenticator, left=left)


def _record_wrong_factor(*, user: User, **_: Any) -> None:
    with transaction.atomic():
        record_event(kind="sign_in.failed", actor=None, person=user)


def _tell_members_of_second_factor(*, customer: Customer, **_: Any) -> None:
    tell_members_of_second_factor.enqueue(customer.pk)


def _tell_members_of_company_sign_in(
    *, customer: Customer, is_on: bool, domains: list[str], **_: Any
) -> None:
    tell_members_of_company_sign_in.enqueue(customer.pk, is_on, domains)


def _look_for_domain_records(**_: Any) -> None:
    for domain in take_due_domains():
        look_for_domain_record.enqueue(str(domain))


def _delete_old_sign_in_codes(**_: Any) -> None:
    delete_old_sign_in_codes()
    support.delete_old_caller_codes()
    support.delete_old_references()


def _reseal_seeds(**_: Any) -> None:
    reseal_seeds()
    reseal_client_secrets()
    reseal_subject_keys()


def _close_what_a_leaver_began(*, membership: Membership, actor: User | None, **_: Any) -> None:
    lapse_hand_over_to_leaver(membership=membership)
    close_requests_of_leaver(actor=actor, membership=membership)


def _end_due_memberships(**_: Any) -> None:
    end_due_memberships()
    remind_of_membership_expiry()


def _pass_on_overdue_requests(**_: Any) -> None:
    pass_on_overdue_requests()


def _tell_members_of_recovery(*, recovery: SuperUserRecovery, **_: Any) -> None:
    tell_members_of_recovery.enqueue(str(recovery.uuid))


def _finish_recovery(
    *, membership: Membership, invitation: Invitation | None, **_: Any
) -> list[str]:
    if invitation is not None and invitation.as_main_super_user:
        finish_recovery(membership=membership, invitation=invitation)
    return []


def _do_due_acts(**_: Any) -> None:
    do_due_acts()


def _lapse_cases(**_: Any) -> None:
    support.lapse_cases()


def _go_on_with_recoveries(**_: Any) -> None:
    lapse_recoveries()
    offer_due_recoveries()


def _forget_expired_sessions(**_: Any) -> None:
    forget_expired_sessions()


def connect() -> None:
    """Connect the receivers above; called once at start-up."""
    periodic_tick.connect(_end_due_memberships, dispatch_uid="memberships")
    periodic_tick.connect(_pass_on_overdue_requests, dispatch_uid="requests")
    periodic_tick.connect(_delete_old_sign_in_codes, dispatch_uid="codes")
    periodic_tick.connect(_reseal_seeds, dispatch_uid="factors")
    periodic_tick.connect(_look_for_domain_records, dispatch_uid="company domains")
    post_save.connect(_record_new_factor, Authenticator, dispatch_uid="factor added")
    post_delete.connect(_record_removed_factor, Authenticator, dispatch_uid="factor removed")
    factor_signals.authenticator_used.connect(_record_used_code, dispatch_uid="factor used")
    factor_signals.authentication_failed.connect(_record_wrong_factor, dispatch_uid="factor wrong")
    periodic_tick.connect(_do_due_acts, dispatch_uid="delayed acts")
    periodic_tick.connect(_lapse_cases, dispatch_uid="support cases")
    periodic_tick.connect(_go_on_with_recoveries, dispatch_uid="recoveries")
    recovery_approved.connect(_tell_members_of_recovery, dispatch_uid="members")
    membership_began.connect(_finish_recovery, dispatch_uid="recoveries")
    second_factor_changed.connect(_tell_members_of_second_factor, dispatch_uid="members")
    company_sign_in_switched.connect(_tell_members_of_company_sign_in, dispatch_uid="members")
    periodic_tick.connect(_forget_expired_sessions, dispatch_uid="expired sessions")
    membership_ended.connect(_close_what_a_leaver_began, dispatch_uid="leaver")
    auth_signals.user_logged_in.connect(_record_sign_in, dispatch_uid="audit")
    auth_signals.user_logged_out.connect(_record_sign_out, dispatch_uid="audit")
    auth_signals.user_login_failed.connect(_record_failed_sign_in, dispatch_uid="audit")
    allauth_signals.email_changed.connect(_follow_address_change, dispatch_uid="address")
