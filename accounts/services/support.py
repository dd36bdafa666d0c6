"""Acts of the support desk: it gives people their sign-in back, and never has it itself."""

from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.models import Membership, User
from accounts.permissions import require_support
from accounts.services.audit import record_event
from accounts.services.sessions import end_sessions
from accounts.validators import clean_reason


class SupportRefused(ValidationError):
    """The act is not possible; the message says why."""


TICKET_LENGTH = 60


def _prepare(actor: User, person: User, ticket: str, reason: str) -> tuple[User, str, str]:
    """Lock the person, and check who acts on whom and why: each act begins with this (G1, G3)."""
    person = User.objects.select_for_update().get(pk=person.pk)
    require_support(actor, person)
    if not person.is_active:
        raise SupportRefused(_("This account is closed."))
    ticket = clean_reason("ticket", ticket, length=TICKET_LENGTH)
    return person, ticket, clean_reason("reason", reason)


def _record_and_notify(kind: str, actor: User, person: User, ticket: str, reason: str) -> None:
    """Record one event per customer and one of the provider; tell the person and Super Users."""
    details: dict[str, Any] = {"actor": actor, "person": person, "ticket": ticket, "reason": reason}
    record_event(kind=kind, **details)
    present = (
        Membership.objects.present()
        .filter(user=person)
        .select_related("customer__main_super_user__user")
        .order_by("customer_id")  # always in one order, because it locks each chain
    )
    readers = {person}
    for membership in present:
        record_event(kind=kind, customer=membership.customer, **details)
        if main := membership.customer.main_super_user:
            readers.add(main.user)
    for reader in readers:
        emails.send_support_receipt(kind=kind, reader=reader, **details)


@transaction.atomic
def send_reset_link(*, actor: User, person: User, ticket: str, reason: str) -> None:
    """Send the person a link to choose a new password; support never sees or sets it.

    Raises PermissionDenied unless the actor is support and the person is not staff; ValidationError
    naming the field.
    """
    person, ticket, reason = _prepare(actor, person, ticket, reason)
    key = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    emails.send_reset_link(person, key)
    _record_and_notify("support.reset_link_sent", actor, person, ticket, reason)


@transaction.atomic
def end_all_sessions(*, actor: User, person: User, ticket: str, reason: str) -> None:
    """End all sessions of a person, and their portals' tokens. Raises as send_reset_link."""
    person, ticket, reason = _prepare(actor, person, ticket, reason)
    end_sessions(person)
    signals.access_revoked.send(User, user=person)
    _record_and_notify("support.sessions_ended", actor, person, ticket, reason)
