"""Beginning, suspending and ending a customer's use of a portal."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import AuditEvent
from portals.models import PersonGrant, Portal, Resource, Subscription
from portals.services.subscriptions import (
    SubscriptionRefused,
    set_subscription_status,
    subscribe_customer,
)


@pytest.fixture
def ticketing(db) -> Portal:
    return Portal.objects.get(slug="ticketing")


def _subscription(customer, slug: str) -> Subscription:
    return Subscription.objects.get(customer=customer, portal__slug=slug)


def test_subscribing_creates_the_root_and_registers_members(olive, cedar, frank, ticketing):
    subscription = subscribe_customer(actor=olive, customer=cedar, portal=ticketing)

    root = Resource.objects.get(subscription=subscription)
    assert (root.resource_type.code, root.external_id, root.name, root.parent) == (
        "subscription",
        "cedar",
        "Cedar Books",
        None,
    )
    assert PersonGrant.objects.filter(
        user=frank, content_object=root, permission__codename="ticketing.subscription.open"
    ).exists()
    kinds = AuditEvent.objects.filter(customer=cedar).order_by("-pk").values_list("kind", flat=True)
    assert list(kinds[:2]) == ["registration.made", "subscription.started"]


def test_a_portal_without_automatic_registration_registers_nobody(olive, cedar, frank):
    statistics = Portal.objects.get(slug="statistics")

    subscription = subscribe_customer(actor=olive, customer=cedar, portal=statistics)

    assert not PersonGrant.objects.filter(content_object__subscription=subscription).exists()


def test_a_customer_subscribes_once(olive, alder, ticketing):
    with pytest.raises(SubscriptionRefused, match="already subscribed"):
        subscribe_customer(actor=olive, customer=alder, portal=ticketing)


@pytest.mark.parametrize("who", ["alice", "bob", "dana"])
def test_only_operators_may(request, who, cedar, alder, ticketing):
    actor = request.getfixturevalue(who)

    with pytest.raises(PermissionDenied):
        subscribe_customer(actor=actor, customer=cedar, portal=ticketing)
    with pytest.raises(PermissionDenied):
        set_subscription_status(
            actor=actor, subscription=_subscription(alder, "ticketing"), status="ended"
        )


def test_suspending_stops_every_grant_and_deletes_none(olive, alder, alice, resource):
    domain = resource("domain", "alder.example")
    assert alice.has_perm("portals.domains.domain.view", domain)

    set_subscription_status(
        actor=olive, subscription=_subscription(alder, "domains"), status="suspended"
    )
    assert not alice.has_perm("portals.domains.domain.view", domain)

    set_subscription_status(
        actor=olive, subscription=_subscription(alder, "domains"), status="active"
    )
    assert alice.has_perm("portals.domains.domain.view", domain)


def test_ending_drops_grants_and_a_new_subscription_starts_empty(
    olive, alder, alice, bob, membership, resource, give
):
    queue = resource("queue", "alder-email")
    give(alice, membership(bob), "ticketing.queue.reply", queue)
    subscription = _subscription(alder, "ticketing")

    set_subscription_status(actor=olive, subscription=subscription, status="ended")
    event = AuditEvent.objects.filter(kind="subscription.status_changed").order_by("pk").last()
    assert len(event.data["grants"]) >= 4  # Bob's, and three registrations

    set_subscription_status(actor=olive, subscription=subscription, status="active")
    root = Resource.objects.get(subscription=subscription, parent=None)
    assert not bob.has_perm("portals.ticketing.queue.reply", queue)
    assert bob.has_perm("portals.ticketing.subscription.open", root)


@pytest.mark.parametrize("status", ["active", "gone", ""])
def test_an_unknown_or_unchanged_status_is_refused(olive, alder, status):
    with pytest.raises(SubscriptionRefused) as refused:
        set_subscription_status(
            actor=olive, subscription=_subscription(alder, "domains"), status=status
        )
    assert "status" in refused.value.message_dict
