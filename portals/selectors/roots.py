"""The root of a customer's tree in a portal, and the right to open the portal there."""

from django.db.models import QuerySet

from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE, SubscriptionStatus
from portals.models import Privilege, Resource


def roots() -> QuerySet[Resource]:
    """The root of every subscription."""
    return Resource.objects.filter(resource_type__code=ROOT_TYPE).select_related(
        "subscription__customer", "resource_type__portal"
    )


def active_roots() -> QuerySet[Resource]:
    """The root of every subscription in use."""
    return roots().filter(subscription__status=SubscriptionStatus.ACTIVE)


def open_privileges() -> QuerySet[Privilege]:
    """The right to open a portal, of every portal."""
    return Privilege.objects.filter(
        code=OPEN_PRIVILEGE, resource_type__code=ROOT_TYPE
    ).select_related("portal", "resource_type")


def open_privilege_on(root: Resource) -> Privilege:
    """The right to open the portal this root is in."""
    return open_privileges().get(resource_type=root.resource_type_id)
