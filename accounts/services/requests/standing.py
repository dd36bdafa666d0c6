"""What every act on a request begins and ends with: its lock, its state, its event."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.choices import RequestKind, RequestState
from accounts.models import Membership, Request, User
from accounts.models.requests import TEXT_LENGTH
from accounts.services.audit import record_event
from accounts.services.customers import lock_customer
from accounts.validators import validate_plain_lines


class RequestRefused(ValidationError):
    """The request cannot be made or answered so; the message says why."""


def clean_text(field: str, text: str, *, required: bool = False) -> str:
    """Free text, in plain lines. Raises RequestRefused naming the field."""
    text = text.replace("\r\n", "\n").strip()
    try:
        if required and not text:
            raise ValidationError(_("Please say it in a sentence."))
        if len(text) > TEXT_LENGTH:
            raise ValidationError(
                _("Please keep this under %(length)s characters."), params={"length": TEXT_LENGTH}
            )
        validate_plain_lines(text)
    except ValidationError as error:
        raise RequestRefused({field: error.error_list}) from error
    return text


def belongs_elsewhere(membership: Membership) -> bool:
    """Whether this person belongs to a second customer: then no firm decides on their address."""
    others = Membership.objects.present().filter(user=membership.user_id)
    return others.exclude(customer=membership.customer_id).exists()


def is_for_provider_alone(asked: Request) -> bool:
    """Whether no Super User may answer it, passed on or not."""
    if asked.kind == RequestKind.ADDRESS:
        return belongs_elsewhere(asked.membership)
    return asked.is_of_provider


def lock_request(asked: Request) -> Request:
    """The customer first, then the request, read again."""
    lock_customer(asked.customer)
    return (
        Request.objects.select_for_update(of=("self",))
        .select_related("membership__user", "membership__customer", "customer")
        .get(pk=asked.pk)
    )


def require_open(asked: Request) -> None:
    """Raise RequestRefused for what was answered or withdrawn meanwhile."""
    if asked.state == RequestState.WITHDRAWN:
        raise RequestRefused(_("This request was withdrawn."), code="withdrawn")
    if not asked.is_open:
        raise RequestRefused(
            _("%(person)s has already answered this request."),
            code="answered",
            params={"person": asked.answered_by},
        )


def record(kind: str, asked: Request, actor: User | None, **words: Any) -> None:
    """One event about a request; one about a service stands in the provider's chain too."""
    if "service" in asked.wanted:
        words["service"] = asked.wanted["service"]
        company: dict[str, Any] = {
            "company": str(asked.customer),
            "customer_slug": asked.customer.slug,
        }
        record_event(kind=kind, actor=actor, **_details(asked), **words, **company)
    record_event(kind=kind, actor=actor, customer=asked.customer, **_details(asked), **words)


def _details(asked: Request) -> dict[str, Any]:
    return {
        "person": asked.membership.user,
        "request": str(asked.kind),
        "request_id": str(asked.uuid),
    }


def withdraw(asked: Request) -> None:
    """Mark it as never answered."""
    asked.state, asked.answered_at = RequestState.WITHDRAWN, timezone.now()
    asked.save(update_fields=["state", "answered_at"])
