"""The activation of a notice class that was added in code: it needs two members of staff."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from preferences.choices import FOUNDING_CLASSES
from preferences.models import Activation, NoticeClass


class ActivationRefused(ValidationError):
    """This person cannot approve the class; the message says why."""


@transaction.atomic
def activate_notice_class(*, actor: User, notice_class: NoticeClass) -> Activation:
    """Approve a notice class; the second approval, by somebody else, activates it (R23, R41).

    Raises PermissionDenied without `preferences.add_activation`; ActivationRefused for a founding
    class, which needs no approval, for an active one, and for a person who approved it already.
    """
    require_staff(actor, "preferences.add_activation")
    notice_class = NoticeClass.objects.select_for_update().get(pk=notice_class.pk)
    if notice_class.code in FOUNDING_CLASSES or notice_class.is_active:
        raise ActivationRefused(_("This class is already in use."), code="active")
    if notice_class.activations.filter(staff=actor).exists():
        raise ActivationRefused(
            _("You already approved this class. Another member of staff must approve it too."),
            code="same_person",
        )
    activation = Activation.objects.create(notice_class=notice_class, staff=actor)
    record_event(
        kind="notice_class.activated" if notice_class.is_active else "notice_class.approved",
        actor=actor,
        notice_class=notice_class.code,
    )
    return activation
