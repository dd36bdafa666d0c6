"""Root resources of subscriptions, and the privilege `open` on them."""

from django.db.models import BigIntegerField, Q, QuerySet

from accounts.selectors.composed import ComposedQuery
from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE, SubscriptionStatus
from portals.models import Privilege, Resource

OPENING = f"{ROOT_TYPE}.{OPEN_PRIVILEGE}"  # the codename of the privilege to open a portal


def roots() -> QuerySet[Resource]:
    """Return the root of every subscription: triggers keep every other resource below one."""
    return Resource.objects.filter(parent=None).select_related(
        "subscription__customer", "resource_type__portal"
    )


def active_roots() -> QuerySet[Resource]:
    """Return the root of every active subscription."""
    return roots().filter(subscription__status=SubscriptionStatus.ACTIVE)


def roots_of(customer: int) -> list[Resource]:
    """Return the roots of the subscriptions of a customer (its key) that have not ended."""
    return _ROOTS.rows(customer=customer)


_ROOTS = ComposedQuery(
    lambda customer: (
        roots()
        .filter(subscription__customer=customer)
        .exclude(subscription__status=SubscriptionStatus.ENDED)
        .order_by("resource_type__portal__slug")
    ),
    customer=BigIntegerField(),
)


def open_privileges() -> QuerySet[Privilege]:
    """Return the privilege to open a portal, of every portal."""
    return Privilege.objects.filter(
        code=OPEN_PRIVILEGE, resource_type__code=ROOT_TYPE
    ).select_related("portal", "resource_type")


def opens_a_portal(privilege: str) -> Q:
    """Return the condition that a grant lets somebody into a portal; other types have an `open`.

    `privilege` is the path to its privilege.
    """
    return Q(**{f"{privilege}__codename": OPENING})


def open_privilege_on(root: Resource) -> Privilege:
    """Return the privilege to open the portal of this root."""
    return open_privileges().get(resource_type=root.resource_type_id)
