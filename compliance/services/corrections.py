"""Corrections: a request's data applied where the hub keeps it, or a note beside the old."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Membership, User
from accounts.permissions import lock_customer, require_staff
from accounts.services.audit import record_event
from accounts.services.memberships import save_work_details, work_details
from accounts.services.people import CORRECTED, profile_values, save_profile
from accounts.services.versions import refuse_overwriting
from compliance.choices.privacy_requests import PrivacyRequestKind
from compliance.models import DataNote, PrivacyRequest
from compliance.permissions import refuse_settled
from compliance.registry import ITEMS


def account_values(person: User) -> dict[str, Any]:
    """Return what can be corrected of an account, whose version the form carries."""
    values = profile_values(person)
    return {name: values[name] for name in ("name", "language", "time_zone")}


@transaction.atomic
def correct_account(
    *, actor: User, request: PrivacyRequest, version: str | None = None, **values: Any
) -> User:
    """Correct the account of a person as they asked: account_values (L59).

    A new name is also the one at work, where that was the same; each company finds that in its
    activity log. Portals read it with the next sign-in or token, and by the directory API. Raises
    PermissionDenied; ValidationError naming the field, for a settled request or another kind, and
    where nothing differs; ChangedMeanwhile where somebody saved since `version`.
    """
    person = _lock_request(actor, request)
    for customer in Customer.objects.filter(memberships__user=person).distinct().order_by("pk"):
        lock_customer(customer)
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    refuse_overwriting(
        version,
        saved=account_values(person),
        wanted=values,
        edits=AuditEvent.objects.filter(person=person, kind__in=["profile.updated", CORRECTED]),
    )
    former = person.name
    changes = save_profile(person, values)
    _refuse_nothing(changes)
    if person.name != former:
        _correct_at_work(actor, person, former)
    record_event(kind=CORRECTED, actor=actor, person=person, **changes)
    return person


def _correct_at_work(actor: User, person: User, former: str) -> None:
    """Correct the name at work where it was the former one; the companies are locked."""
    rows = Membership.objects.select_for_update(of=("self",)).select_related("customer")
    for place in rows.filter(user=person, work_name=former).order_by("customer", "pk"):
        changes = save_work_details(place, {"work_name": person.name})
        record_event(kind=CORRECTED, actor=actor, customer=place.customer, person=person, **changes)


@transaction.atomic
def correct_work_details(
    *,
    actor: User,
    request: PrivacyRequest,
    membership: Membership,
    version: str | None = None,
    **values: Any,
) -> Membership:
    """Correct the name and phone number that a company has for a person (L59).

    Of a membership that ended, too. The company finds it in its activity log. Raises like
    correct_account, and PermissionDenied for the membership of somebody else.
    """
    person = _lock_request(actor, request)
    if membership.user_id != person.pk:
        raise PermissionDenied("a membership of somebody else")
    customer = lock_customer(membership.customer)
    membership = Membership.objects.select_for_update().get(pk=membership.pk)
    refuse_overwriting(
        version,
        saved=work_details(membership),
        wanted=values,
        edits=AuditEvent.objects.filter(
            customer=customer, kind__in=["membership.updated", CORRECTED], person=person
        ),
    )
    changes = save_work_details(membership, values)
    _refuse_nothing(changes)
    record_event(kind=CORRECTED, actor=actor, customer=customer, person=person, **changes)
    return membership


def _refuse_nothing(changes: dict[str, Any]) -> None:
    if not changes:
        raise ValidationError(_("Nothing differs from what we have."), code="same")


@transaction.atomic
def note_dispute(*, actor: User, request: PrivacyRequest, item: str, text: str) -> DataNote:
    """Put a person's words beside data that is not corrected (L59).

    Raises PermissionDenied; ValidationError naming the field, and for a settled request.
    """
    person = _lock_request(actor, request)
    if item not in {each.code for each in ITEMS}:
        raise ValidationError({"item": _("Choose the data.")})
    if not text.strip():
        raise ValidationError({"text": _("Write what the person says.")})
    note, _new = DataNote.objects.update_or_create(
        request=request,
        item=item,
        defaults={"person": person, "text": text.strip(), "by": actor, "at": timezone.now()},
    )
    record_event(kind="data.noted", actor=actor, person=person)
    return note


def _lock_request(actor: User, request: PrivacyRequest) -> User:
    """Return the person of an open request to correct data; nobody settles it meanwhile."""
    require_staff(actor, "compliance.change_privacyrequest")
    request = PrivacyRequest.objects.select_for_update().get(pk=request.pk)
    refuse_settled(request)
    if request.kind != PrivacyRequestKind.CORRECTION or request.person is None:
        raise ValidationError(_("This is no request of an account to correct data."))
    return request.person
