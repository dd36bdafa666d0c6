"""The permissions of this app: every check has its name here."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer, User
from accounts.permissions import (
    require_fresh_sign_in,
    require_member,
    require_staff,
    require_super_user,
)
from accounts.timezones import today_of_provider
from compliance.choices import AskedOf
from compliance.choices.sealed_files import SealedFileKind, SealedFileState
from compliance.models import (
    Breach,
    Closing,
    LogRequest,
    Policy,
    PolicyVersion,
    PrivacyRequest,
    Representative,
    SealedFile,
    Wave,
)
from compliance.registry.uses import Use
from compliance.selectors.log_requests import holds_the_second_key, visible_log_requests
from compliance.selectors.representatives import representative_of
from compliance.selectors.uses import is_told


class PolicyRefused(ValidationError):
    """The policy or version can't be changed or answered this way; the message says why."""


class RepresentativeRefused(ValidationError):
    """The representative can't be changed this way; the message says why."""


class LogRefused(ValidationError):
    """The log request can't be changed this way; the message says why."""


class PaymentRefused(ValidationError):
    """The payment can't be recorded; the message says why."""


class AuthorisationRefused(ValidationError):
    """The authorisation can't be changed this way; the message says why."""


class BreachRefused(ValidationError):
    """The record or notice of a breach can't be changed this way; the message says why."""


def lock_breach(actor: User, breach: Breach, permission: str, *, to_add: bool = False) -> Breach:
    """Lock a breach for staff who see breaches and have a further permission.

    It is the first step of every write about a breach. `to_add` allows it for a closed one, to add
    to its record. Raises PermissionDenied, and BreachRefused for a closed breach.
    """
    require_staff(actor, "compliance.view_breach")
    require_staff(actor, permission)
    breach = Breach.objects.select_for_update().get(pk=breach.pk)
    if breach.closed_at is not None and not to_add:
        raise BreachRefused(_("This breach is closed. Its record stays as it is."), code="closed")
    return breach


def refuse_writer_of_wave(actor: User, wave: Wave, alone_reason: str) -> None:
    """Raise BreachRefused where the releaser wrote the notice, unless there is a reason (L23)."""
    if actor.pk == wave.written_by_id and not alone_reason.strip():
        raise BreachRefused(
            {
                "alone_reason": _(
                    "You wrote this notice. Ask a colleague to release it, or say why you release"
                    " it alone."
                )
            },
            code="same_person",
        )


def require_answerer(actor: User, policy: Policy, customer: Customer | None) -> None:
    """Raise PermissionDenied unless the actor may answer this policy, for this company or none.

    A company's agreement is answered by one of its live Super Users alone (L14). Staff are not
    asked.
    """
    expected = AskedOf.PERSON if customer is None else AskedOf.COMPANY
    if policy.asked_of != expected or not actor.is_active or actor.is_staff:
        raise PermissionDenied("this policy does not ask this person")
    if customer is not None:
        require_super_user(actor, customer)


def refuse_writer(actor: User, version: PolicyVersion, alone_reason: str) -> None:
    """Raise PolicyRefused where the releaser wrote or published it, unless there is a reason."""
    if actor.pk in (version.written_by_id, version.published_by_id) and not alone_reason.strip():
        raise PolicyRefused(
            {
                "alone_reason": _(
                    "You wrote or published this version. Ask a colleague to announce it, or say "
                    "why you announce it alone."
                )
            },
            code="same_person",
        )


class UseNotBegun(ValidationError):
    """A new use of data has not begun for this person: no notice told them yet (L18)."""


def require_use(use: Use, person: User) -> None:
    """Raise UseNotBegun unless a new use of a person's data has begun for them."""
    if not is_told(use, person):
        raise UseNotBegun(
            _(
                "We can't do this yet: first we have to tell you by email that we use %(use)s."
                " Nothing was changed."
            )
            % {"use": use.label},
            code="use",
        )


def require_own_ready_file(actor: User, file: SealedFile, *, signed_in_at: datetime | None) -> None:
    """Refuse to open a file of somebody else, one that is not ready, or one whose days are over.

    Raises PermissionDenied, and FreshSignInRequired for its person.
    """
    if not actor.is_active or file.person_id != actor.pk:
        raise PermissionDenied("a file is for one person")
    if file.state != SealedFileState.READY or file.expires_at is None:
        raise PermissionDenied("the file is not there")
    if file.expires_at <= timezone.now():
        raise PermissionDenied("the file's days are over")
    require_fresh_sign_in(signed_in_at)


def require_no_file_of_today(actor: User, kind: SealedFileKind) -> None:
    """Raise ValidationError where a person already asked today, in the provider's time zone."""
    today = today_of_provider()
    asked = SealedFile.objects.filter(person=actor, kind=kind, asked_on=today)
    if asked.exclude(state=SealedFileState.FAILED).exists():
        raise ValidationError(
            _("You already asked for your data today. You can ask again tomorrow."), code="today"
        )


def require_closer(actor: User, closing: Closing) -> None:
    """Raise PermissionDenied unless the closing is the actor's own, or they answer requests."""
    if closing.person_id == actor.pk and actor.is_active:
        return
    require_staff(actor, "compliance.change_privacyrequest")


def refuse_settled(request: PrivacyRequest) -> None:
    """Raise ValidationError for a request about data that somebody settled."""
    if not request.is_open:
        raise ValidationError(_("Somebody already answered this request."), code="settled")


def require_representative(actor: User, customer: Customer) -> Representative:
    """Return the actor as a representative of the company, locked; else PermissionDenied (L34).

    Whatever ends a representative changes this row, and waits for it.
    """
    representative = representative_of(actor, customer)
    if representative is None or not actor.is_active:
        raise PermissionDenied("not a representative of this company")
    locked = Representative.objects.select_for_update().get(pk=representative.pk)
    if not locked.is_in_force:
        raise PermissionDenied("no longer a representative of this company")
    return locked


def require_payer(actor: User, request: LogRequest) -> None:
    """Raise PermissionDenied unless the actor sees the request: a Super User, or who asked."""
    require_member(actor, request.customer)
    if not visible_log_requests(actor, request.customer).filter(pk=request.pk).exists():
        raise PermissionDenied("not a request that this person sees")


def require_requester(actor: User, request: LogRequest) -> None:
    """Raise PermissionDenied unless the actor made the request and still has both keys (L34)."""
    representative = require_representative(actor, request.customer)
    if request.representative_id != representative.pk:
        raise PermissionDenied("not the representative who asked")
    if not holds_the_second_key(request):
        raise PermissionDenied("no longer allowed to ask for these logs")


def refuse_without_keys(request: LogRequest) -> None:
    """Raise LogRefused unless the requester, on file as when they asked, has both keys (L34).

    Nobody else could get the logs: they are not released, and not paid by card.
    """
    if not Representative.objects.in_force().filter(pk=request.representative_id).exists():
        text = _("The requester is no longer a representative of the company.")
        raise LogRefused(text, code="no_permission")
    if not holds_the_second_key(request):
        text = _("The requester no longer has permission to ask for these logs.")
        raise LogRefused(text, code="no_permission")


def refuse_own_confirmation(actor: User, representative: Representative) -> None:
    """Raise RepresentativeRefused for a representative whom the actor proposed or is (L35)."""
    if actor.pk in (representative.proposed_by_id, representative.membership.user_id):
        raise RepresentativeRefused(
            _("You can't confirm yourself or your own proposal. Ask a colleague."), code="own"
        )
