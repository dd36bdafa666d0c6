"""Closing an account: asked for, waiting for its days of grace, then done by the clock."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import CustomerStatus
from accounts.models import Customer, Membership, User
from accounts.permissions import lock_customer, require_fresh_sign_in
from accounts.services.audit import record_event
from accounts.services.membership_expiry import end_membership, open_offboarding
from accounts.services.support.effects import sign_out_everywhere
from compliance.choices.erasures import ClosingState
from compliance.emails import send_closing_begun, send_closing_cancelled, send_closing_done
from compliance.models import Closing, PrivacyRequest
from compliance.permissions import require_closer
from compliance.selectors.closings import companies_to_hand_over, waiting_closing
from compliance.selectors.erasable import Subject, plan_for, subject_of
from compliance.services.erasures import begin_erasure

GRACE = timedelta(days=7)
MAX_AT_ONCE = 50  # closings of one tick

log = structlog.get_logger(__name__)


@transaction.atomic
def close_account(*, actor: User, signed_in_at: datetime | None) -> Closing:
    """Begin to close the actor's own account: after the days of grace, its data is erased.

    Raises PermissionDenied for staff and a closed account, FreshSignInRequired, and ValidationError
    for a main Super User, who hands over first, and for a second time.
    """
    person = User.objects.select_for_update().get(pk=actor.pk)
    if not person.is_active or person.is_staff:
        raise PermissionDenied("staff and closed accounts do not close")
    require_fresh_sign_in(signed_in_at)
    refuse_main_super_user_of(person)
    if waiting_closing(person) is not None:
        raise ValidationError(_("Your account is being closed already."), code="waiting")
    return _begin(actor=actor, subject=subject_of(person, ()), language=person.language)


def begin_closing_of_request(*, actor: User, request: PrivacyRequest) -> Closing:
    """Begin to erase what a request to delete data is about; staff answered it just now.

    A closing that the person began themselves is taken. Raises ValidationError as close_account.
    """
    person = request.person and User.objects.select_for_update().get(pk=request.person.pk)
    if person is not None:
        if person.is_staff:
            raise ValidationError(_("A member of staff can't be erased. End their work first."))
        refuse_main_super_user_of(person)
    waiting = waiting_closing(person, request.address)
    if waiting is not None:
        return waiting
    subject = subject_of(person, [request.address])
    return _begin(actor=actor, subject=subject, language=request.language, request=request)


def _begin(
    *, actor: User, subject: Subject, language: str, request: PrivacyRequest | None = None
) -> Closing:
    now = timezone.now()
    closing = Closing.objects.create(
        person=subject.person,
        address="" if subject.person or request is None else request.address,
        language=language,
        request=request,
        plan=plan_as_json(subject),
        asked_at=now,
        takes_effect_at=now + GRACE,
    )
    record_event(kind="closing.begun", actor=actor, person=subject.person)
    send_closing_begun(closing)
    return closing


def plan_as_json(subject: Subject) -> list[dict[str, Any]]:
    """Return the plan of an erasure as a closing keeps it: codes and dates, no words."""
    return [
        {
            "item": planned.item.code,
            "erase": planned.item.erase.value,
            "ground": planned.kept.ground.value if planned.kept else "",
            "until": planned.kept.until.isoformat() if planned.kept and planned.kept.until else "",
        }
        for planned in plan_for(subject)
    ]


@transaction.atomic
def cancel_closing(*, actor: User, closing: Closing) -> Closing:
    """Keep an account that was about to close. Its person does, or staff who answer requests.

    Raises PermissionDenied for others, and ValidationError where it took effect or was cancelled.
    """
    locked = Closing.objects.select_for_update().get(pk=closing.pk)
    require_closer(actor, locked)
    if not locked.is_waiting:
        raise ValidationError(_("It's too late: this was settled already."), code="settled")
    locked.state, locked.settled_at = ClosingState.CANCELLED, timezone.now()
    locked.cancelled_by = actor
    locked.save(update_fields=["state", "settled_at", "cancelled_by"])
    record_event(kind="closing.cancelled", actor=actor, person=locked.person)
    send_closing_cancelled(locked)
    return locked


def do_due_closings() -> int:
    """Close the accounts whose days of grace are over. Return how many.

    The failure of one is logged, and stops no other.
    """
    done = 0
    due = Closing.objects.filter(state=ClosingState.WAITING, takes_effect_at__lte=timezone.now())
    stay = Customer.objects.exclude(status=CustomerStatus.CLOSED)
    due = due.exclude(person__in=stay.exclude(main_super_user=None).values("main_super_user__user"))
    keys = due.order_by("takes_effect_at").values_list("pk", flat=True)[:MAX_AT_ONCE]
    for closing in list(keys):
        try:
            done += do_closing(actor=None, closing=closing)
        except Exception as error:
            log.error("an account was not closed", closing=closing, error=type(error).__name__)
    return done


@transaction.atomic
def do_closing(*, actor: None, closing: int) -> bool:
    """Close the account: memberships, sessions and tokens end, and its erasure begins.

    A main Super User meanwhile stays until they hand over. Return whether it was done now.
    """
    person = User.objects.filter(closings=closing).first()
    if person is not None:
        lock_companies_of(person)
    locked = Closing.objects.select_for_update().get(pk=closing)
    if not locked.is_waiting or locked.takes_effect_at > timezone.now():
        return False
    if person is not None:
        if companies_to_hand_over(person):
            return False
        send_closing_done(locked)  # before the address is erased
        person = end_account(person)
    else:
        send_closing_done(locked)
    addresses = [locked.address] if locked.address else []
    locked.erasure = begin_erasure(person=person, addresses=addresses)
    locked.state, locked.settled_at = ClosingState.STARTED, timezone.now()
    locked.address = ""
    locked.save(update_fields=["erasure", "state", "settled_at", "address"])
    record_event(kind="closing.done", actor=None, person=person)
    return True


def lock_companies_of(person: User) -> None:
    """Lock the companies in which a person is a member, before anything of theirs."""
    companies = Customer.objects.filter(
        memberships__user=person, memberships__ended_at=None
    ).distinct()
    for customer in companies.order_by("pk"):
        lock_customer(customer)


def end_account(person: User) -> User:
    """End the memberships, sessions and tokens of a person, and their account. Return them anew."""
    lock_companies_of(person)
    Customer.objects.filter(status=CustomerStatus.CLOSED, main_super_user__user=person).update(
        main_super_user=None
    )
    present = Membership.objects.filter(user=person, ended_at=None).order_by("pk")
    for membership in present.select_related("customer", "user"):
        end_membership(actor=None, membership=membership, offboarding=open_offboarding(membership))
    person = User.objects.select_for_update().get(pk=person.pk)
    person.is_active, person.is_staff, person.suspended_at = False, False, None
    person.save(update_fields=["is_active", "is_staff", "suspended_at"])
    sign_out_everywhere(person)
    return person


def refuse_main_super_user_of(person: User) -> None:
    """Raise ValidationError for the main Super User of a company that lives on."""
    if companies := companies_to_hand_over(person):
        raise ValidationError(
            _("%(person)s is the main Super User of %(company)s and hands over first.")
            % {"person": person, "company": ", ".join(map(str, companies))},
            code="main_super_user",
        )
