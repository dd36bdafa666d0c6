"""Resellers: customers who resell the provider's services. Some topics are for them alone."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.models import Customer, Membership, User
from accounts.permissions import lock_customer, require_staff
from accounts.services.audit import record_event
from preferences.choices import ConsentSource
from preferences.models import Choice, Recipient, Reseller
from preferences.services.choices import record_consent


class ResellerRefused(ValidationError):
    """The customer is already marked as a reseller, or is not marked."""


@transaction.atomic
def mark_reseller(*, actor: User, customer: Customer) -> Reseller:
    """Mark a customer as a reseller: its people may subscribe to the topics for resellers.

    Raises PermissionDenied without `preferences.add_reseller`, ResellerRefused when it is marked.
    """
    require_staff(actor, "preferences.add_reseller")
    reseller = begin_reselling(lock_customer(customer))
    record_event(kind="reseller.marked", actor=actor, customer=customer)
    return reseller


@transaction.atomic
def unmark_reseller(*, actor: User, customer: Customer) -> None:
    """Remove the mark of a reseller; its people's subscriptions to topics for resellers end.

    Raises PermissionDenied without `preferences.delete_reseller`, ResellerRefused when it is not
    marked.
    """
    require_staff(actor, "preferences.delete_reseller")
    customer = lock_customer(customer)
    end_reselling(customer, actor)
    record_event(kind="reseller.unmarked", actor=actor, customer=customer)


def begin_reselling(customer: Customer) -> Reseller:
    """Mark a locked customer in the caller's transaction. Raises ResellerRefused."""
    reseller, created = Reseller.objects.get_or_create(customer=customer)
    if not created:
        raise ResellerRefused(
            _("%(company)s is already marked as a reseller.") % {"company": customer}
        )
    return reseller


def end_reselling(customer: Customer, actor: User) -> None:
    """Remove the mark of a locked customer, and each subscription that rested on it alone (L63).

    Whoever is in another reseller company keeps theirs. Raises ResellerRefused.
    """
    deleted, _rows = Reseller.objects.filter(customer=customer).delete()
    if not deleted:
        raise ResellerRefused(_("%(company)s is not marked as a reseller.") % {"company": customer})
    people = Membership.objects.filter(customer=customer).values("user")  # former ones too
    elsewhere = Membership.objects.present().filter(
        user=OuterRef("user"), customer__reseller__isnull=False
    )
    leaving = Recipient.objects.filter(~Exists(elsewhere), user__in=people)
    subscribed = Choice.objects.filter(
        recipient__in=leaving, topic__resellers_only=True, wants=True
    ).select_related("topic")
    keys = set(subscribed.values_list("recipient", flat=True))
    locked = Recipient.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=keys)
    recipients = {row.pk: row for row in locked.select_related("user").order_by("pk")}
    for choice in subscribed.order_by("recipient", "topic"):
        record_consent(
            actor=actor,
            recipient=recipients[choice.recipient_id],
            topic=choice.topic,
            wants=False,
            source=ConsentSource.PROGRAMME,
        )
