"""Corrections: a request's new name applied where the hub keeps it, or a note beside the old."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.validators import validate_name
from compliance.choices.privacy_requests import PrivacyRequestKind
from compliance.models import DataNote, PrivacyRequest
from compliance.registry import ITEMS


@transaction.atomic
def correct_name(*, actor: User, request: PrivacyRequest, name: str) -> User:
    """Correct the name of an account, as its person asked, and at work where it was the same (L59).

    Portals read it with the next sign-in or token, and by the directory API. Raises
    PermissionDenied, and ValidationError for another kind of request and for a bad name.
    """
    person = _require(actor, request)
    name = name.strip()
    validate_name(name)
    person = User.objects.select_for_update().get(pk=person.pk)
    former = person.name
    if name == former:
        raise ValidationError({"name": _("This is the name already.")})
    person.name = name
    person.save(update_fields=["name"])
    for membership in Membership.objects.filter(user=person, work_name=former):
        membership.work_name = name
        membership.save()
    record_event(kind="data.corrected", actor=actor, person=person)
    return person


@transaction.atomic
def note_dispute(*, actor: User, request: PrivacyRequest, item: str, text: str) -> DataNote:
    """Put a person's words beside data that is not corrected (L59).

    Raises PermissionDenied, and ValidationError naming the field.
    """
    person = _require(actor, request)
    if item not in {each.code for each in ITEMS}:
        raise ValidationError({"item": _("Choose the data.")})
    if not text.strip():
        raise ValidationError({"text": _("Write what the person says.")})
    note, _new = DataNote.objects.update_or_create(
        request=request,
        item=item,
        defaults={"person": person, "text": text.strip(), "by": actor},
    )
    record_event(kind="data.noted", actor=actor, person=person)
    return note


def _require(actor: User, request: PrivacyRequest) -> User:
    require_staff(actor, "compliance.change_privacyrequest")
    if request.kind != PrivacyRequestKind.CORRECTION or request.person is None:
        raise ValidationError(_("This is no request of an account to correct data."))
    return request.person
