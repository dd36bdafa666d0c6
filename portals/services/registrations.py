"""Portal access (the privilege `open` on a subscription's root) that people get automatically."""

from accounts.models import Membership, User
from accounts.services.audit import record_event
from portals.models import PersonGrant, Resource, Subscription
from portals.selectors.roots import active_roots, open_privilege_on, roots


def register_new_member(*, actor: User, membership: Membership) -> None:
    """Register a new member for every subscribed portal that registers people automatically.

    Runs inside the transaction that began the membership.
    """
    for root in active_roots().filter(
        subscription__customer=membership.customer_id, subscription__portal__auto_register=True
    ):
        _register(actor=actor, membership=membership, root=root)


def register_present_members(*, actor: User, subscription: Subscription) -> None:
    """Register everybody in the customer, where the portal registers people automatically.

    Runs inside the transaction that began the subscription.
    """
    if not subscription.portal.auto_register:
        return
    root = roots().get(subscription=subscription)
    members = Membership.objects.present().filter(customer=subscription.customer_id)
    for membership in members.select_related("user", "customer").order_by("pk"):
        _register(actor=actor, membership=membership, root=root)


def _register(*, actor: User, membership: Membership, root: Resource) -> None:
    privilege = open_privilege_on(root)
    _grant, created = PersonGrant.objects.get_or_create(
        user=membership.user,
        permission_id=privilege.pk,
        content_object=root,
        defaults={"granted_by": actor},
    )
    if created:
        record_event(
            kind="registration.made",
            actor=actor,
            customer=membership.customer,
            person=membership.user,
            portal=root.resource_type.portal.labels,
        )
