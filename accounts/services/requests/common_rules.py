"""The lock, the checks and the event that all acts on a request share."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import RequestKind, RequestState
from accounts.models import AccessRequest, Membership, User
from accounts.models.requests import TEXT_LENGTH
from accounts.permissions import RequestRefused, lock_customer
from accounts.services.audit import record_event
from accounts.validators import validate_plain_lines


def clean_text(field: str, text: str, *, required: bool = False) -> str:
    """Return free text in plain lines, without spaces around it.

    Raises RequestRefused naming the field.
    """
    text = text.replace("\r\n", "\n").strip()
    try:
        if required and not text:
            raise ValidationError(_("Enter at least one sentence."))
        if len(text) > TEXT_LENGTH:
            raise ValidationError(
                _("Use fewer than %(length)s characters."), params={"length": TEXT_LENGTH}
            )
        validate_plain_lines(text)
    except ValidationError as error:
        raise RequestRefused({field: error.error_list}) from error
    return text


def belongs_elsewhere(membership: Membership) -> bool:
    """Return whether a person has a second customer: then no company decides on their address."""
    others = Membership.objects.present().filter(user=membership.user_id)
    return others.exclude(customer=membership.customer_id).exists()


def is_for_provider_alone(access_request: AccessRequest) -> bool:
    """Return whether only the provider may answer a request, passed on or not."""
    if access_request.kind == RequestKind.ADDRESS:
        return belongs_elsewhere(access_request.membership)
    return access_request.is_of_provider


def lock_request(access_request: AccessRequest) -> AccessRequest:
    """Lock the customer, then the request, and return the request as it is now."""
    lock_customer(access_request.customer)
    return (
        AccessRequest.objects.select_for_update(of=("self",))
        .select_related("membership__user", "membership__customer", "customer")
        .get(pk=access_request.pk)
    )


def require_open(access_request: AccessRequest) -> None:
    """Raise RequestRefused for a request that was answered or withdrawn meanwhile."""
    if access_request.state == RequestState.WITHDRAWN:
        raise RequestRefused(_("This request was withdrawn."), code="withdrawn")
    if not access_request.is_open:
        raise RequestRefused(
            _("%(person)s has already answered this request."),
            code="answered",
            params={"person": access_request.answered_by},
        )


def record(kind: str, access_request: AccessRequest, actor: User | None, **data: Any) -> None:
    """Record an event about a request; about a service, in the provider's chain too."""
    if "service" in access_request.wanted:
        data["service"] = access_request.wanted["service"]
        company: dict[str, Any] = {
            "company": str(access_request.customer),
            "customer_slug": access_request.customer.slug,
        }
        record_event(kind=kind, actor=actor, **_details(access_request), **data, **company)
    record_event(
        kind=kind,
        actor=actor,
        customer=access_request.customer,
        **_details(access_request),
        **data,
    )


def _details(access_request: AccessRequest) -> dict[str, Any]:
    details = {
        "person": access_request.membership.user,
        "request": str(access_request.kind),
        "request_id": str(access_request.uuid),
    }
    if access_request.kind == RequestKind.ACCESS and access_request.phrases:
        details["phrase"] = access_request.phrases  # of the others it would hold personal words
    return details


def withdraw(access_request: AccessRequest) -> None:
    """Mark a request as withdrawn, which is no answer."""
    access_request.state, access_request.answered_at = RequestState.WITHDRAWN, timezone.now()
    access_request.save(update_fields=["state", "answered_at"])
