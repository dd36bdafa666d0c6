"""Begin, suspend and end a customer's use of a portal; staff decide."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.choices import CustomerStatus, Language, RequestState
from accounts.models import Customer, User
from accounts.permissions import lock_customer, require_staff
from accounts.services.audit import record_event
from portals.choices import ROOT_TYPE, SubscriptionStatus
from portals.models import (
    OfferedGrant,
    PersonGrant,
    Portal,
    RequestedGrant,
    Resource,
    Subscription,
    TeamGrant,
)
from portals.selectors.losses import held_by_role, lost_access, people_with_grants_on
from portals.services.registrations import register_present_members


class SubscriptionRefused(ValidationError):
    """A change of a subscription that cannot be made; the message says why."""


@transaction.atomic
def subscribe_customer(*, actor: User, customer: Customer, portal: Portal) -> Subscription:
    """Begin a customer's use of a portal: the subscription and the root of its resources.

    Members get portal access where the portal registers people automatically. Raises
    PermissionDenied without `accounts.change_customer`; SubscriptionRefused where the customer is
    closed or was subscribed before.
    """
    require_staff(actor, "accounts.change_customer")
    customer = lock_customer(customer)
    if customer.status == CustomerStatus.CLOSED:
        raise SubscriptionRefused(_("This company is closed."))
    subscription = Subscription(customer=customer, portal=portal)
    try:
        with transaction.atomic():
            subscription.save(force_insert=True)
    except IntegrityError as error:
        raise SubscriptionRefused(
            {"portal": _("This company is already subscribed. Change its status instead.")}
        ) from error
    Resource.objects.create(
        subscription=subscription,
        resource_type=portal.resource_types.get(code=ROOT_TYPE),
        external_id=customer.slug,
        name=customer.name,
    )
    record_event(kind="subscription.started", actor=actor, customer=customer, portal=portal.labels)
    register_present_members(actor=actor, subscription=subscription)
    return subscription


@transaction.atomic
def set_subscription_status(
    *, actor: User, subscription: Subscription, status: str
) -> Subscription:
    """Suspend a subscription, end it with all its grants, or make it active again.

    Grants stay while it is suspended. After an end, it starts again with automatic registrations
    only. Raises PermissionDenied without `accounts.change_customer`; SubscriptionRefused for an
    unknown or unchanged status.
    """
    require_staff(actor, "accounts.change_customer")
    customer = lock_customer(subscription.customer)
    subscription = (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("portal", "customer")
        .get(pk=subscription.pk)
    )
    if status not in SubscriptionStatus.values:
        raise SubscriptionRefused({"status": _("Choose a status.")})
    former = subscription.status
    if status == former:
        raise SubscriptionRefused({"status": _("The subscription already has this status.")})
    subscription.status = status
    subscription.save(update_fields=["status"])
    if status == SubscriptionStatus.ENDED:
        changed = _drop_grants(subscription)
    else:
        changed = {"concerned": _people_with_access(subscription)}
    record_event(
        kind="subscription.status_changed",
        actor=actor,
        customer=customer,
        portal=subscription.portal.labels,
        status=_in_every_language(status),
        previous_status=_in_every_language(former),
        **changed,
    )
    if former == SubscriptionStatus.ENDED and status == SubscriptionStatus.ACTIVE:
        register_present_members(actor=actor, subscription=subscription)
    return subscription


def _in_every_language(status: str) -> dict[str, str]:
    """Return language → the label of a status, as audit events keep it."""
    labels = {}
    for language in Language.values:
        with override(language):
            labels[language] = str(SubscriptionStatus(status).label).lower()
    return labels


def _people_with_access(subscription: Subscription) -> set[int]:
    """Return the keys of the users who have access in a subscription, by a grant or their role."""
    types = list(subscription.portal.resource_types.values_list("pk", flat=True))
    resources = Resource.objects.filter(subscription=subscription).values("pk")
    return people_with_grants_on(resources, types) | held_by_role(subscription.customer, types)


def _drop_grants(subscription: Subscription) -> dict[str, Any]:
    """Delete all that was given, offered and requested in it, and return it as event data."""
    here = Q(resource__subscription=subscription)
    lost = lost_access(
        subscription.customer,
        of_grant=Q(content_object__subscription=subscription),
        of_offer=here,
    )
    lost["concerned"] |= _people_with_access(subscription)
    for rows in (PersonGrant.with_removed, TeamGrant.with_removed):
        rows.filter(content_object__subscription=subscription).delete()
    OfferedGrant.with_removed.filter(here).delete()
    RequestedGrant.with_removed.filter(here, request__state=RequestState.OPEN).delete()
    return lost
